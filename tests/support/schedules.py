"""Schedules for tests, written as in the configuration."""

from datetime import UTC, date, datetime, timedelta

from models.definitions.schedules import DAYS, OpenHours, Schedule, ScheduleVersion
from models.schedules.timetable import Timetable, timetable

#: Days of the week from Monday to Friday.
WEEKDAYS = DAYS[:5]


def version(begins: date = date.min, holidays: tuple[date, ...] = (), **days: str) -> ScheduleVersion:
    """Return a version; the hours of a day are written `09:00-12:30 13:30-18:00`."""
    week = tuple(tuple(_interval(text) for text in sorted(days.get(day, "").split())) for day in DAYS)
    return ScheduleVersion(begins, week, holidays)


def weekdays(hours: str = "09:00-17:00", zone: str = "Europe/Berlin", **fields: tuple[date, ...]) -> Schedule:
    """Return a schedule with the same hours from Monday to Friday."""
    return Schedule(zone, (version(**dict.fromkeys(WEEKDAYS, hours), **fields),))  # type: ignore[arg-type]


def daily(hours: str, zone: str = "Europe/Berlin") -> Timetable:
    """Return the timetable of a schedule with the same hours every day."""
    return timetable(Schedule(zone, (version(**dict.fromkeys(DAYS, hours)),)))


def at(text: str) -> int:
    """Return a time in UTC, such as `2026-06-10T10:00`, in microseconds since the epoch."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _interval(text: str) -> OpenHours:
    begin, end = (60 * int(clock[:2]) + int(clock[3:]) for clock in text.split("-"))
    return OpenHours(begin, end)
