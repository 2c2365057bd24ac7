"""The hours in which support is open, as a shop configures them (docs/metrics.md, "Support hours").

A schedule is plain data in local time. `models.schedules.timetable` compiles it to instants.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from msgspec import Struct

#: Keys of the days of the week in the configuration, in the order of `date.weekday`.
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_PER_DAY: Final = 24 * 60
#: Days in a row for which a schedule may not be closed.
LONGEST_CLOSURE_DAYS: Final = 60


class OpenHours(NamedTuple):
    """An interval [begin, end) of one local day, in minutes of the day. The whole day is (0, 1440)."""

    begin: int
    end: int


class ScheduleVersion(Struct, frozen=True, forbid_unknown_fields=True):
    """The hours that hold from a local date on, until the next version begins.

    Attributes:
        begins: first local date. `date.min` in the first version.
        week: intervals of each day of the week, Monday first.
        holidays: local dates on which the schedule is closed.

    Raises:
        ValueError: On construction, if intervals are invalid. The message starts with the key of the day.
    """

    begins: date
    week: tuple[tuple[OpenHours, ...], ...]
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        """Check the intervals of each day."""
        for day, intervals in zip(DAYS, self.week, strict=True):
            _check_day(day, intervals)


class Schedule(Struct, frozen=True, forbid_unknown_fields=True):
    """The hours in which support is open.

    Attributes:
        zone: name of the time zone, such as `Europe/Berlin`.
        versions: at least one version. The first one holds at any time before the second.

    Raises:
        ValueError: On construction, if the versions are not in the order of their dates.
    """

    zone: str
    versions: tuple[ScheduleVersion, ...]

    def __post_init__(self) -> None:
        """Check the order of the versions."""
        begins = [version.begins for version in self.versions]
        if begins != sorted(set(begins)) or begins[:1] != [date.min]:
            raise ValueError("versions: the dates in `from` must rise from one version to the next")

    def open_hours(self, first: date, last: date) -> Iterator[tuple[date, tuple[OpenHours, ...]]]:
        """Yield the dates from `first` to `last` on which the schedule opens, each with its intervals."""
        begins = [version.begins.toordinal() for version in self.versions]
        holidays = [{day.toordinal() for day in version.holidays} for version in self.versions]
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            number = bisect_right(begins, ordinal) - 1
            # 1 January of year 1, the date with the ordinal 1, was a Monday.
            intervals = self.versions[number].week[(ordinal - 1) % 7]
            if intervals and ordinal not in holidays[number]:
                yield date.fromordinal(ordinal), intervals


def check_closures(schedule: Schedule, first: date, last: date) -> None:
    """Check that a schedule is never closed for `LONGEST_CLOSURE_DAYS` in a row.

    Days are those of the local clocks: a change to or from daylight-saving time makes no closure longer.

    Args:
        schedule: the schedule.
        first: first local date to check.
        last: last local date to check.

    Raises:
        ValueError: The schedule is closed for so long between the two dates.
    """
    closed_since = first.toordinal() * MINUTES_PER_DAY
    for day, intervals in schedule.open_hours(first, last):
        midnight = day.toordinal() * MINUTES_PER_DAY
        _check_closure(closed_since, midnight + intervals[0].begin)
        closed_since = midnight + intervals[-1].end
    _check_closure(closed_since, (last.toordinal() + 1) * MINUTES_PER_DAY)


def _check_closure(since: int, until: int) -> None:
    if until - since >= LONGEST_CLOSURE_DAYS * MINUTES_PER_DAY:
        begin = date.fromordinal(since // MINUTES_PER_DAY)
        raise ValueError(f"is closed for {LONGEST_CLOSURE_DAYS} days in a row or more, from {begin} on")


def _check_day(day: str, intervals: tuple[OpenHours, ...]) -> None:
    for begin, end in intervals:
        if not 0 <= begin < end <= MINUTES_PER_DAY:
            raise ValueError(f"{day}: {_shown(begin, end)} does not end after it begins")
    for (begin, end), (next_begin, next_end) in pairwise(intervals):
        if next_begin < end:
            raise ValueError(f"{day}: {_shown(begin, end)} and {_shown(next_begin, next_end)} overlap")


def _shown(begin: int, end: int) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (begin, end))
