"""The compiled form of a schedule: its open intervals as instants, with the open time before each.

Every question costs one or two binary searches, whatever the number of days between two instants.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.schedules import Schedule
from models.definitions.windows import NEVER_US, US_PER_DAY, US_PER_MINUTE, US_PER_SECOND
from models.schedules.local_time import instant

#: A table holds these years at most, from the epoch on. Before and after them a schedule is closed.
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2099
#: Due times and durations that are kept: each event of a ticket asks for the same ones again.
_KEPT_ANSWERS: Final = 8_192
_DAY: Final = timedelta(days=1)
#: Years before and after an instant that a table holds too: the horizon, and the due times of most targets.
_YEARS_BEFORE: Final = 3
_YEARS_AFTER: Final = 4
#: Due time of a target that no schedule reaches, microseconds since the epoch: 1 January 2100.
UNREACHED_US: Final = int(datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()) * US_PER_SECOND


class _Table(NamedTuple):
    """The open intervals of some years, as parallel lists. Times are in microseconds.

    Attributes:
        since: first instant that the table holds.
        until: first instant that it no longer holds.
        begins: begin of each interval. The first interval is empty and begins before any instant.
        opened: open time between `since` and the start of each interval.
        lengths: length of each interval.
        total: open time between `since` and `until`.
    """

    since: int
    until: int
    begins: list[int]
    opened: list[int]
    lengths: list[int]
    total: int


class Timetable:
    """Return when a schedule is open, for how long, and when a target is due.

    The intervals of some years are compiled at a time, as questions need them. A compiled table is never
    changed, only replaced by one that holds more years.

    Example:
        >>> from models.definitions.schedules import OpenHours, Schedule, ScheduleVersion
        >>> week = tuple((OpenHours(9 * 60, 17 * 60),) if day < 5 else () for day in range(7))
        >>> hours = Timetable(Schedule("Europe/Berlin", (ScheduleVersion(date.min, week),)))
        >>> friday = 1_767_369_600_000_000  # 2 January 2026, 17:00 in Berlin
        >>> hours.is_open(friday - 1), hours.is_open(friday)
        (True, False)
        >>> (hours.due(friday, 3600_000_000) - friday) // 3600_000_000  # to Monday at 10
        65

    Args:
        schedule: the schedule.

    Attributes:
        due: return the first instant by which the schedule has been open for a duration since a begin.
        elapsed: return how long the schedule is open in [begin, end), microseconds.
    """

    __slots__ = ("_schedule", "_table", "_years", "_zone", "due", "elapsed")

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._zone = ZoneInfo(schedule.zone)
        self._years: tuple[int, int] | None = None
        self._table = _Table(0, 0, [], [], [], 0)
        self.due = lru_cache(_KEPT_ANSWERS)(self._due)
        self.elapsed = lru_cache(_KEPT_ANSWERS)(self._elapsed)

    def is_open(self, time: int) -> bool:
        """Return whether the schedule is open at a time, microseconds since the epoch."""
        _, _, begins, _, lengths, _ = self._covering(time, time)
        at = bisect_right(begins, time) - 1
        return time - begins[at] < lengths[at]

    def _elapsed(self, begin: int, end: int) -> int:
        """Return how long the schedule is open in [begin, end), microseconds; 0 if `end` is not later.

        Args:
            begin: microseconds since the epoch.
            end: microseconds since the epoch.
        """
        if end <= begin:
            return 0
        table = self._table
        if begin < table[0] or end >= table[1]:
            table = self._covering(begin, end)
        _, _, begins, opened, lengths, _ = table
        first = bisect_right(begins, begin) - 1
        last = bisect_right(begins, end, first) - 1
        until = opened[last] + min(end - begins[last], lengths[last])
        return until - opened[first] - min(begin - begins[first], lengths[first])

    def _due(self, begin: int, duration: int) -> int:
        """Return the first instant by which the schedule has been open for a duration, microseconds.

        Args:
            begin: begin of the duration, microseconds since the epoch.
            duration: microseconds. Without a duration, `begin` is the result.

        Returns:
            `UNREACHED_US` if the schedule is not open for so long by then.
        """
        if duration <= 0:
            return begin
        table = self._table
        if not table[0] <= begin < table[1]:
            table = self._covering(begin, begin)
        while True:
            _, until, begins, opened, lengths, total = table
            at = bisect_right(begins, begin) - 1
            reached = opened[at] + min(begin - begins[at], lengths[at]) + duration
            if reached <= total:
                at = bisect_left(opened, reached, at + 1) - 1
                return begins[at] + reached - opened[at]
            if until == NEVER_US:
                return UNREACHED_US
            table = self._covering(begin, min(2 * until - begin, UNREACHED_US))

    def next_opening(self, time: int) -> int | None:
        """Return the next instant, after a time, at which the schedule opens. None if it never does.

        Args:
            time: microseconds since the epoch.
        """
        table = self._covering(time, time)
        while (at := bisect_right(table.begins, time)) == len(table.begins):
            if table.until == NEVER_US:
                return None
            table = self._covering(time, min(2 * table.until - time, UNREACHED_US))
        return table.begins[at]

    def _covering(self, first: int, last: int) -> _Table:
        """Return the table, replaced by a longer one if it does not hold both instants."""
        if not (self._table.since <= first and last < self._table.until):
            begin, end = _year(first) - _YEARS_BEFORE, _year(last) + _YEARS_AFTER
            if self._years is not None:
                known_begin, known_end = self._years
                begin, end = min(begin, known_begin), max(end, known_end)
            self._years = max(begin, _FIRST_YEAR), min(end, _LAST_YEAR)
            self._table = _compiled(self._schedule, self._zone, *self._years)
        return self._table


@lru_cache(maxsize=64)
def timetable(schedule: Schedule) -> Timetable:
    """Return the timetable of a schedule, which all partitions of a process share."""
    return Timetable(schedule)


def hours_by_priority(definitions: Definitions) -> list[Timetable | None]:
    """Return the timetable of each priority, in the order of `PRIORITIES`. None: its targets run always."""
    names = [definitions.sla_policies[priority].schedule for priority in PRIORITIES]
    return [None if name is None else timetable(definitions.schedules[name]) for name in names]


def _year(time: int) -> int:
    """Return the year of a time, microseconds since the epoch, within those that a table may hold."""
    if time >= UNREACHED_US:
        return _LAST_YEAR
    if time < 0:
        return _FIRST_YEAR
    return datetime.fromtimestamp(time // US_PER_SECOND, UTC).year


def _compiled(schedule: Schedule, zone: ZoneInfo, first_year: int, last_year: int) -> _Table:
    """Return the table of the years from `first_year` to `last_year`, in local time."""
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    begins, opened, lengths, total = [-NEVER_US], [0], [0], 0
    for begin, end in _merged(_intervals(schedule, zone, first, last)):
        begins.append(begin)
        opened.append(total)
        lengths.append(end - begin)
        total += end - begin
    since = -NEVER_US if first_year == _FIRST_YEAR else _midnight(zone, first)
    until = NEVER_US if last_year == _LAST_YEAR else _midnight(zone, last + _DAY)
    return _Table(since, until, begins, opened, lengths, total)


def _intervals(schedule: Schedule, zone: ZoneInfo, first: date, last: date) -> Iterator[tuple[int, int]]:
    """Yield the open intervals of local dates as instants. Some are empty, and some adjoin the next."""
    for day, intervals in schedule.open_hours(first, last):
        midnight, next_midnight = _midnight(zone, day), _midnight(zone, day + _DAY)
        for begin, end in intervals:
            if next_midnight - midnight == US_PER_DAY:
                yield midnight + begin * US_PER_MINUTE, midnight + end * US_PER_MINUTE
            else:
                yield _at(zone, day, begin), _at(zone, day, end)


def _merged(intervals: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield ascending intervals without the empty ones, and adjoining ones as one."""
    begin = end = -NEVER_US
    for next_begin, next_end in intervals:
        if next_begin > end:
            if begin < end:
                yield begin, end
            begin = next_begin
        end = max(end, next_end)
    if begin < end:
        yield begin, end


def _midnight(zone: ZoneInfo, day: date) -> int:
    return instant(zone, datetime(day.year, day.month, day.day))  # noqa: DTZ001 - a local time


def _at(zone: ZoneInfo, day: date, minute: int) -> int:
    """Return the instant of a minute of a local day, which may be the end of the day (1440)."""
    return instant(zone, datetime(day.year, day.month, day.day) + timedelta(minutes=minute))  # noqa: DTZ001
