"""Calendar periods in a time zone, as instants: weeks, months, quarters and years.

docs/metrics.md, "Closed periods".
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from models.definitions.definitions import Definitions
from models.definitions.periods import WEEKDAYS
from models.schedules.local_time import instant

#: No event counts before 1990 in UTC (docs/metrics.md, "Clock and windows"), and none after the last year.
_FIRST_YEAR: Final = 1989
_LAST_YEAR: Final = 2199
#: Number of months of a period, of the kinds that are made of months.
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_MONTHS_PER_YEAR: Final = 12
_WEEK: Final = timedelta(days=7)


class Period(NamedTuple):
    """One calendar period.

    Attributes:
        kind: `week`, `month`, `quarter` or `year`.
        number: number of the period in its `Calendar`. The period before has the number before.
        label: name, such as `2026-10-26` (a week, by its first date), `2026-10`, `2026-Q4` or `2026`.
        begin: first instant, microseconds since the epoch.
        end: first instant after the period, microseconds since the epoch.
    """

    kind: str
    number: int
    label: str
    begin: int
    end: int


class Calendar:
    """The periods of one kind in a time zone, by number.

    The boundaries of all periods are computed once, so that the period of an instant is one binary search.

    Args:
        kind: `week`, `month`, `quarter` or `year`.
        zone: IANA name of the zone.
        week_starts: day on which a week starts.

    Attributes:
        kind: `week`, `month`, `quarter` or `year`.
        begins: first instant of each period, microseconds since the epoch, by number.

    Example:
        >>> months = Calendar("month", "Europe/Berlin")
        >>> months.label(months.number(1_767_222_000_000_000))  # 31 December 2025, 23:00 UTC
        '2026-01'
    """

    def __init__(self, kind: str, zone: str, week_starts: str = "monday") -> None:
        self.kind: Final = kind
        self._first_week = _first_day_of_weeks(week_starts)
        found = ZoneInfo(zone)
        last = date(_LAST_YEAR + 1, 1, 1)
        dates = _until(last, self._first_date)
        self.begins: Final = [instant(found, datetime(day.year, day.month, day.day)) for day in dates]  # noqa: DTZ001 - a local time

    def number(self, time: int) -> int:
        """Return the number of the period of a time, microseconds since the epoch.

        After the last period, which no event reaches, it is the last one.
        """
        return bisect_right(self.begins, time, 0, len(self.begins) - 1) - 1

    def period(self, number: int) -> Period:
        """Return a period by its number."""
        return Period(self.kind, number, self.label(number), self.begins[number], self.begins[number + 1])

    def label(self, number: int) -> str:
        """Return the label of a period by its number."""
        first = self._first_date(number)
        if self.kind == "week":
            return first.isoformat()
        if self.kind == "month":
            return f"{first.year:04}-{first.month:02}"
        if self.kind == "quarter":
            return f"{first.year:04}-Q{(first.month + 2) // 3}"
        return f"{first.year:04}"

    def find(self, label: str) -> Period | None:
        """Return the period with a label. None without one."""
        at = _date_in(label)
        if at is None:
            return None
        first = self._first_date(0)
        if self.kind == "week":
            number = (at - first).days // _WEEK.days
        else:
            months = _MONTHS_PER_YEAR * (at.year - first.year) + at.month - first.month
            number = months // _MONTHS[self.kind]
        known = 0 <= number < len(self.begins) - 1
        return self.period(number) if known and self.label(number) == label else None

    def _first_date(self, number: int) -> date:
        if self.kind == "week":
            return self._first_week + number * _WEEK
        months = number * _MONTHS[self.kind]
        return date(_FIRST_YEAR + months // _MONTHS_PER_YEAR, months % _MONTHS_PER_YEAR + 1, 1)


@cache
def calendar(kind: str, zone: str, week_starts: str = "monday") -> Calendar:
    """Return the periods of a kind, which all partitions of a process share."""
    return Calendar(kind, zone, week_starts)


def calendars(definitions: Definitions) -> list[Calendar]:
    """Return the calendar of each configured kind of periods. Empty unless kinds are configured."""
    periods = definitions.periods
    return [calendar(kind, periods.zone, periods.week_starts) for kind in periods.kinds]


def _first_day_of_weeks(week_starts: str) -> date:
    """Return the last day up to the first of all dates on which a week starts."""
    first = date(_FIRST_YEAR, 1, 1)
    return first - timedelta(days=(first.weekday() - WEEKDAYS.index(week_starts)) % 7)


def _until(last: date, first_date: Callable[[int], date]) -> Iterator[date]:
    """Yield the first dates of all periods, up to the first one that is not before `last`."""
    number = 0
    while (day := first_date(number)) < last:
        yield day
        number += 1
    yield day


def _date_in(label: str) -> date | None:
    """Return a date in the period that a label of any kind names. None for any other text."""
    year, _, rest = label.partition("-")
    try:
        if rest.startswith("Q"):
            return date(int(year), 3 * int(rest[1:]) - 2, 1)
        return date.fromisoformat(label + "-01-01"[len(rest) + bool(rest) :])
    except (ValueError, OverflowError):
        return None
