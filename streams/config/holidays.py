"""Holidays in an iCalendar file (RFC 5545), as calendars of public holidays are published.

A holiday is an event of one or several whole days. Events may recur, such as every year on 25 December.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from streams.errors import missing_extra

#: An event of icalendar, whose properties have no common type.
_Event = Any

#: Holidays are read within these years: an event may recur for ever.
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
_DAY: Final = timedelta(days=1)


def read(path: Path) -> tuple[date, ...]:
    """Return the dates of the holidays in an iCalendar file, ascending.

    Args:
        path: path of the file.

    Raises:
        ValueError: the file cannot be read, is not iCalendar, or has an event without a date.
        MissingExtra: icalendar is not installed.
    """
    try:
        from icalendar import Calendar  # noqa: PLC0415 - an extra that few need
    except ImportError:
        raise missing_extra("a file of holidays", "icalendar", "holidays") from None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    try:
        calendars = Calendar.from_ical(content, multiple=True)
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"{path} is not an iCalendar file: {error}") from None
    if not calendars:
        raise ValueError(f"{path} is not an iCalendar file: it contains no VCALENDAR")
    found = {day for event in events for day in _dates(event, path)}
    return tuple(sorted(day for day in found if FIRST_YEAR <= day.year <= LAST_YEAR))


def _dates(event: _Event, path: Path) -> Iterator[date]:
    """Yield the dates of one event, with all its recurrences."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    begin = _date(event, "DTSTART", path)
    if begin is None:
        raise ValueError(f"{path}: the event {_name(event)} has no DTSTART")
    end = _date(event, "DTEND", path)
    length = event["DURATION"].dt if "DURATION" in event else _DAY if end is None else end - begin
    days = max(1, length // _DAY)
    for first in _recurrences(event, begin, path):
        for number in range(days):
            yield first + number * _DAY


def _date(event: _Event, name: str, path: Path) -> date | None:
    """Return a date of an event. None if the event does not have it."""
    if name not in event:
        return None
    value = event[name].dt
    if type(value) is not date:
        raise ValueError(f"{path}: the event {_name(event)} is not one of whole days ({name} has a time)")
    return value


def _recurrences(event: _Event, begin: date, path: Path) -> Iterator[date]:
    """Yield the first dates of an event's recurrences."""
    if not {"RRULE", "RDATE"} & set(event):
        yield begin
        return
    from dateutil import rrule  # noqa: PLC0415 - a dependency of icalendar

    rules = rrule.rruleset()
    start = _midnight(begin)
    rules.rdate(start)
    try:
        for rule in _listed(event.get("RRULE")):
            text = rule.to_ical().decode()
            rules.rrule(cast("rrule.rrule", rrule.rrulestr(text, dtstart=start, ignoretz=True)))
    except ValueError as error:
        raise ValueError(f"{path}: the event {_name(event)} recurs by an invalid rule: {error}") from None
    for day in _days(event.get("RDATE")):
        rules.rdate(_midnight(day))
    for day in _days(event.get("EXDATE")):
        rules.exdate(_midnight(day))
    for moment in rules.between(start, datetime(LAST_YEAR + 1, 1, 1), inc=True):  # noqa: DTZ001
        yield moment.date()


def _days(values: _Event) -> Iterator[date]:
    """Yield the dates of a property such as EXDATE, which an event may have several times."""
    for value in _listed(values):
        for one in value.dts:
            yield one.dt.date() if isinstance(one.dt, datetime) else one.dt


def _listed(values: _Event) -> list[Any]:
    if values is None:
        return []
    return values if isinstance(values, list) else [values]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a local date


def _name(event: _Event) -> str:
    return repr(str(event.get("SUMMARY") or event.get("UID") or "without a name"))
