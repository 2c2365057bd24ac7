"""Calendar months in a time zone (docs/metrics.md, "Cohorts")."""

from bisect import bisect_right
from datetime import date, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from models.definitions.windows import US_PER_SECOND

#: No event counts before its first month (docs/metrics.md, "Clock"), and none after its last one.
_FIRST_YEAR: Final = 1990
_LAST_YEAR: Final = 2200


class PeriodDefinitions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The calendar of the shop (TOML table `[periods]`).

    Attributes:
        zone: IANA name of the time zone of months.

    Raises:
        ValueError: On construction, if the zone is unknown. The message starts with its name.
    """

    zone: str = "UTC"

    def __post_init__(self) -> None:
        """Check the zone."""
        try:
            months_of(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"zone: {self.zone!r} is not a time zone such as 'Europe/Berlin'") from None


class Months:
    """The calendar months of a zone, by number: 12 x year + month, counted from 0 for January of year 0.

    Args:
        zone: IANA name of the zone.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: the zone is unknown.

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

    def start(self, month: int) -> int:
        """Return the first instant of a month, microseconds since the epoch."""
        return self._starts[month - 12 * _FIRST_YEAR]

    def start_of_day(self, day: date) -> int:
        """Return the first instant of a local date, microseconds since the epoch.

        Where midnight does not exist, it is the first instant that does. Where it exists twice, it is the
        first one.
        """
        return int(datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp()) * US_PER_SECOND


@cache
def months_of(zone: str) -> Months:
    """Return the months of a zone, from a cache: the table takes some 10 ms."""
    return Months(zone)


def month_name(month: int) -> str:
    """Return a month by its number as text.

    >>> month_name(12 * 2026 + 4)
    '2026-05'
    """
    return f"{month // 12:04}-{month % 12 + 1:02}"
