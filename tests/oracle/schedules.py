"""When support is open, and for how long, read naively from docs/metrics.md, "Schedules".

A schedule is looked at day by day: each local date has its intervals, and each wall time its instant.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.values import EPOCH, MINUTE

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
#: Dates at which a search gives up: no schedule of a test is closed for so long.
LAST = date(2200, 1, 1)


class Always:
    """The clock without a schedule: "B(a, b) is b - a"."""

    def is_open(self, _time: int) -> bool:
        """Return True."""
        return True

    def elapsed(self, start: int, end: int) -> int:
        """Return the time in [start, end), microseconds."""
        return max(0, end - start)

    def due(self, start: int, target: int) -> int:
        """Return the instant `target` microseconds after `start`."""
        return start + target


class Schedule:
    """A schedule in the form of its table in the configuration file. Times are in microseconds.

    Attributes:
        zone: the time zone of all wall times and dates.
        versions: (first local date, weekday -> intervals, holidays), the earliest first.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.zone = ZoneInfo(table["zone"])
        self.versions = versions_of(table)
        self._hours: dict[date, list[tuple[int, int]]] = {}

    def is_open(self, time: int) -> bool:
        """Return whether it is open at an instant. "Intervals are half-open." """
        return any(begin <= time < end for begin, end in self._around(time))

    def elapsed(self, start: int, end: int) -> int:
        """Return B(start, end), "the elapsed time in [a, b) in which it is open"."""
        return sum(close - begin for begin, close in self.between(start, end))

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of [start, end) in which it is open."""
        day, last = self._date(start) - DAY, self._date(end) + DAY
        while day <= last:
            for begin, close in self.hours(day):
                if max(begin, start) < min(close, end):
                    yield max(begin, start), min(close, end)
            day += DAY

    def due(self, start: int, target: int) -> int:
        """Return "the first instant t with B(start, t) >= target"."""
        if target <= 0:
            return start
        for begin, end in self._from(start):
            if end - begin >= target:
                return begin + target
            target -= end - begin
        raise AssertionError("the schedule stays closed")

    def _from(self, start: int) -> Iterator[tuple[int, int]]:
        """Yield the open intervals from an instant on."""
        day = self._date(start) - DAY
        while day < LAST:
            for begin, end in self.hours(day):
                if end > start:
                    yield max(begin, start), end
            day += DAY

    def _around(self, time: int) -> list[tuple[int, int]]:
        """Return the intervals of the local date of an instant, and of the dates beside it."""
        day = self._date(time)
        return [interval for each in (day - DAY, day, day + DAY) for interval in self.hours(each)]

    def _date(self, time: int) -> date:
        return wall_time(self.zone, time).date()

    def hours(self, day: date) -> list[tuple[int, int]]:
        """Return the open intervals of a local date, each [begin, end)."""
        if day not in self._hours:
            _, week, holidays = [version for version in self.versions if version[0] <= day][-1]
            texts = [] if day in holidays else week[WEEKDAYS[day.weekday()]]
            spans = [[self._instant(day, wall) for wall in text.split("-")] for text in texts]
            self._hours[day] = sorted((begin, end) for begin, end in spans if begin < end)
        return self._hours[day]

    def _instant(self, day: date, wall: str) -> int:
        """Return the instant of a wall time such as `09:00`; `24:00` is the midnight that ends the day."""
        hours, minutes = map(int, wall.split(":"))
        midnight = datetime.combine(day, time.min)
        return instant(self.zone, midnight + timedelta(hours=hours, minutes=minutes))


def versions_of(table: Mapping[str, Any]) -> list[tuple[date, dict[str, list[str]], set[date]]]:
    """Return the versions of a schedule.

    "From a local date on; inherits from the version before; `holidays` replaces; no zone of its own."
    """
    week: dict[str, list[str]] = {name: [] for name in WEEKDAYS}
    holidays: set[date] = set()
    versions = []
    for version in [table, *sorted(table.get("versions", ()), key=lambda version: str(version["from"]))]:
        week = {name: list(version.get(name, week[name])) for name in WEEKDAYS}
        if "holidays" in version:
            holidays = {date.fromisoformat(str(day)) for day in version["holidays"]}
        versions.append((date.fromisoformat(str(version.get("from", date.min))), week, holidays))
    return versions


@cache
def instant(zone: ZoneInfo, wall: datetime) -> int:
    """Return the instant of a wall time, microseconds since the epoch.

    "A begin or end at a local time that does not exist moves to the first instant that does; one that exists
    twice is the first."
    """
    offsets = [(wall.replace(tzinfo=UTC) + day).astimezone(zone).utcoffset() for day in (-DAY, DAY)]
    guesses = sorted((wall.replace(tzinfo=UTC) - offset - EPOCH) // MICROSECOND for offset in offsets)
    moment = guesses[0]
    for guess in guesses:
        if wall_time(zone, guess) == wall:
            return guess
    while wall_time(zone, moment) < wall:
        moment += MINUTE
    return moment


def wall_time(zone: ZoneInfo, time: int) -> datetime:
    """Return the wall time of an instant."""
    return (EPOCH + timedelta(microseconds=time)).astimezone(zone).replace(tzinfo=None)
