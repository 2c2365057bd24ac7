"""The tables `[schedules.NAME]` of the TOML file: the hours in which support is open, for example.

[schedules.support]
zone = "Europe/Berlin"
mon = ["09:00-12:30", "13:30-18:00"]      # several intervals a day; "00:00-24:00" is the whole day
tue = ["09:00-18:00"]
holidays = ["2026-12-25", "2026-12-26"]   # local dates; or holidays_file = "de.ics"

[[schedules.support.versions]]            # from a local date on; inherits from the version before
from = "2027-01-01"
sat = ["10:00-14:00"]
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.definitions.schedules import DAYS, OpenHours, Schedule, ScheduleVersion, check_closures
from models.definitions.zones import zone_of
from streams.config import holidays
from streams.config.paths import path_of
from streams.config.toml_values import check_keys
from streams.errors import SettingsError

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_INTERVAL: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
_VERSION_KEYS: Final = (*DAYS, "holidays", "holidays_file")
_KEYS: Final = ("zone", *_VERSION_KEYS, "versions")
#: How far ahead a schedule is checked for long closures, days.
_CHECKED_DAYS: Final = 800


def read(tables: object, horizon_days: int, path: Path | None) -> dict[str, Schedule]:
    """Return the schedules by name.

    Args:
        tables: the table `schedules`.
        horizon_days: event retention in days: how far back a schedule is checked.
        path: path of the TOML file. Files of holidays are relative to it.

    Raises:
        SettingsError: a key is unknown, or its value is invalid.
        MissingExtra: a file of holidays is named, and icalendar is not installed.
    """
    source = f"in {path}"
    if not isinstance(tables, dict):
        raise SettingsError("schedules", "expected a table for each schedule", source=source)
    return {
        name: _Reader(f"schedules.{name}", path).schedule(table, horizon_days)
        for name, table in tables.items()
    }


class _Reader:
    """Reads one schedule.

    Args:
        name: name of its table.
        path: path of the TOML file.
    """

    def __init__(self, name: str, path: Path | None) -> None:
        self._name = name
        self._folder = Path() if path is None else path.parent
        self._source = f"in {path}"

    def schedule(self, table: object, horizon_days: int) -> Schedule:
        """Return the schedule in a table."""
        if not _NAME.fullmatch(self._name.removeprefix("schedules.")):
            raise self._error("", "is not a valid name", "expected letters, digits, - and _")
        if not isinstance(table, dict):
            raise self._error(
                "", "expected a table", 'such as zone = "Europe/Berlin" and mon = ["09:00-18:00"]'
            )
        check_keys(self._name, table, _KEYS, self._source)
        zone = self._zone(table.get("zone"))
        versions = [self._version("", table, ScheduleVersion(date.min, ((),) * len(DAYS)))]
        tables = table.get("versions", [])
        if not isinstance(tables, list):
            raise self._error(".versions", "expected tables [[" + self._name + ".versions]]")
        for number, one in enumerate(tables, start=1):
            versions.append(self._later_version(f".versions[{number}]", one, versions[-1]))
        schedule = Schedule(zone.key, tuple(versions))
        today = datetime.now(UTC).astimezone(zone).date()
        try:
            check_closures(
                schedule, today - timedelta(days=horizon_days), today + timedelta(days=_CHECKED_DAYS)
            )
        except ValueError as error:
            raise self._error("", str(error)) from None
        return schedule

    def _zone(self, value: object) -> ZoneInfo:
        hint = 'expected the name of a time zone such as "Europe/Berlin"'
        if value is None:
            raise self._error(".zone", "is missing", hint)
        try:
            return zone_of(str(value))
        except ValueError:
            raise self._error(".zone", f"{value!r} is not a known time zone", hint) from None

    def _later_version(self, at: str, table: object, before: ScheduleVersion) -> ScheduleVersion:
        if not isinstance(table, dict):
            raise self._error(at, "expected a table")
        check_keys(f"{self._name}{at}", table, ("from", *_VERSION_KEYS), self._source)
        if "from" not in table:
            raise self._error(f"{at}.from", "is missing", 'expected a date such as "2027-01-01"')
        begins = self._date(f"{at}.from", table["from"])
        if begins <= before.begins:
            raise self._error(f"{at}.from", f"{begins} is not later than the version before")
        return self._version(at, table, ScheduleVersion(begins, before.week, before.holidays))

    def _version(self, at: str, table: Mapping[str, Any], inherited: ScheduleVersion) -> ScheduleVersion:
        """Return a version with the keys of a table, and otherwise as the inherited one."""
        week = tuple(
            self._intervals(f"{at}.{day}", table[day]) if day in table else before
            for day, before in zip(DAYS, inherited.week, strict=True)
        )
        if "holidays" in table and "holidays_file" in table:
            raise self._error(f"{at}.holidays", "excludes holidays_file; set one of them")
        closed = inherited.holidays
        if "holidays" in table:
            closed = self._holidays(f"{at}.holidays", table["holidays"])
        elif "holidays_file" in table:
            closed = self._holidays_file(f"{at}.holidays_file", table["holidays_file"])
        try:
            return ScheduleVersion(inherited.begins, week, closed)
        except ValueError as error:
            day, _, problem = str(error).partition(": ")
            raise self._error(f"{at}.{day}", problem) from None

    def _intervals(self, at: str, values: object) -> tuple[OpenHours, ...]:
        hint = 'expected intervals such as ["09:00-12:30", "13:30-18:00"]; the day ends at 24:00'
        if not isinstance(values, list):
            raise self._error(at, "is not a list", hint)
        found = []
        for value in values:
            match = _INTERVAL.fullmatch(value) if isinstance(value, str) else None
            if match is None:
                raise self._error(at, f"{value!r} is not valid", hint)
            begin_hour, begin_minute, end_hour, end_minute = (int(part) for part in match.groups(default="0"))
            end = 60 * end_hour + end_minute if match[3] else 24 * 60
            begin = 60 * begin_hour + begin_minute
            if end <= begin:
                over_midnight = "write two intervals for hours over midnight"
                raise self._error(at, f"{value!r} does not end after it begins", over_midnight)
            found.append(OpenHours(begin, end))
        return tuple(sorted(found))

    def _holidays(self, at: str, values: object) -> tuple[date, ...]:
        if not isinstance(values, list):
            raise self._error(at, "is not a list", 'expected dates such as ["2026-12-25"]')
        return tuple(sorted({self._date(at, value) for value in values}))

    def _holidays_file(self, at: str, value: object) -> tuple[date, ...]:
        if not isinstance(value, str):
            raise self._error(
                at, f"{value!r} is not valid", 'expected the path of an iCalendar file such as "de.ics"'
            )
        try:
            return holidays.read(self._folder / path_of(value))
        except ValueError as error:
            raise self._error(at, str(error)) from None

    def _date(self, at: str, value: object) -> date:
        """Return a date, written as text or as a date of TOML."""
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            if isinstance(value, str) and len(value) == len("2027-01-01"):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise self._error(at, f"{value!r} is not a date", 'expected a date such as "2027-01-01"')

    def _error(self, at: str, problem: str, hint: str = "") -> SettingsError:
        return SettingsError(f"{self._name}{at}", problem, source=self._source, hint=hint)
