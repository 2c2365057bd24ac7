"""Calendar months in a time zone, as instants (docs/metrics.md, "Cohorts")."""

from bisect import bisect_right
from datetime import date, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from models.schedules.local_time import instant

#: No event counts before its first month (docs/metrics.md, "Clock and windows"), and none after its last one.
_FIRST_YEAR: Final = 1990
_LAST_YEAR: Final = 2199


class Months:
    """The calendar months of a zone, by number: 12 x year + month, counted from 0 for January of year 0.

    Args:
        zone: IANA name of the zone.

    Example:
        >>> months = Months("Europe/Berlin")
        >>> month_name(months.of(1_767_222_000_000_000))  # 31 December 2025, 23:00 UTC
        '2026-01'
    """

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        years = range(_FIRST_YEAR, _LAST_YEAR + 1)
        self._starts = [self.start_of_day(date(year, month, 1)) for year in years for month in range(1, 13)]

    def of(self, time: int) -> int:
        """Return the month of a time in microseconds since the epoch."""
        return 12 * _FIRST_YEAR + bisect_right(self._starts, time) - 1

    def start_of_day(self, day: date) -> int:
        """Return the first instant of a local date, microseconds since the epoch."""
        return instant(self._zone, datetime(day.year, day.month, day.day))  # noqa: DTZ001 - a local time


@cache
def months_of(zone: str) -> Months:
    """Return the months of a zone, which all partitions of a process share: the table takes some 10 ms."""
    return Months(zone)


def month_name(month: int) -> str:
    """Return a month by its number as text.

    >>> month_name(12 * 2026 + 4)
    '2026-05'
    """
    return f"{month // 12:04}-{month % 12 + 1:02}"
