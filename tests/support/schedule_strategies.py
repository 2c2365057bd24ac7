"""Hypothesis strategies for schedules of support, and for instants at which their clocks differ."""

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle.schedules import WEEKDAYS, Schedule, versions_of
from tests.support.strategies import DAY, HOUR, MINUTE, SECOND

Table = dict[str, Any]

#: Zone -> instants of 2026 at which its clocks change, or one at which they do not.
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),  # by half an hour
    "America/Havana": ("2026-03-08T05:00Z", "2026-11-01T05:00Z"),  # at midnight
    "Africa/Casablanca": ("2026-02-15T02:00Z", "2026-03-22T02:00Z"),  # back first, then forward
    "Asia/Kolkata": ("2026-03-28T18:30Z",),
    "Asia/Kathmandu": ("2026-06-30T18:15Z",),
    "UTC": ("2026-12-31T00:00Z",),
}
#: Intervals of one day: at lunch, at midnight, and in, before and after the hour that clocks skip or repeat.
INTERVALS = (
    [],
    ["00:00-24:00"],
    ["09:00-12:30", "13:30-18:00"],
    ["09:00-18:00"],
    ["00:00-02:00", "22:00-24:00"],
    ["00:00-00:30", "23:30-24:00"],
    ["01:30-02:30", "02:30-04:00"],
    ["02:15-02:45"],
    ["00:00-01:00", "01:00-03:00", "20:15-20:16"],
)
WEEKEND_OPEN = {day: ["09:00-12:30", "13:30-18:00"] for day in WEEKDAYS}


def changes_of(zone: str) -> list[int]:
    """Return the instants in `CHANGES`, microseconds since the epoch."""
    return [int(datetime.fromisoformat(text).timestamp()) * SECOND for text in CHANGES[zone]]


def days_beside(zone: str) -> st.SearchStrategy[date]:
    """Return a strategy for the local dates on and beside the days on which the clocks of a zone change."""
    dates = [datetime.fromisoformat(text).date() for text in CHANGES[zone]]
    return st.builds(lambda day, more: day + timedelta(days=more), st.sampled_from(dates), st.integers(-2, 3))


def _intervals() -> st.SearchStrategy[list[str]]:
    quarters = st.lists(st.integers(0, 96), min_size=2, max_size=4, unique=True)

    def paired(ends: list[int]) -> list[str]:
        walls = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in sorted(ends)]
        return [f"{begin}-{end}" for begin, end in zip(walls[::2], walls[1::2], strict=False)]

    return st.one_of(st.sampled_from(INTERVALS), st.sampled_from(INTERVALS), quarters.map(paired))


def _weeks(fewest: int) -> st.SearchStrategy[Table]:
    days = {day: _intervals() for day in WEEKDAYS}
    return st.fixed_dictionaries({}, optional=days).filter(lambda week: len(week) >= fewest)


@st.composite
def schedules(draw: st.DrawFn, zone: str | None = None) -> Table:
    """Draw a schedule in the form of the configuration file: with holidays, and versions from a date on."""
    zone = zone or draw(st.sampled_from(list(CHANGES)))
    days = days_beside(zone)
    holidays = st.lists(days.map(str), max_size=3, unique=True)
    table = {"zone": zone} | draw(st.one_of(st.just(WEEKEND_OPEN), _weeks(2)))
    table |= draw(st.fixed_dictionaries({}, optional={"holidays": holidays}))
    version = st.builds(dict.__or__, _weeks(0), st.fixed_dictionaries({}, optional={"holidays": holidays}))
    begins = draw(st.lists(days.map(str), max_size=2, unique=True))
    if begins:
        table["versions"] = [{"from": begin} | draw(version) for begin in sorted(begins)]
    # A schedule that stays closed is an error of the configuration.
    for _, week, _ in versions_of(table):
        if not any(week.values()):
            return {"zone": zone} | WEEKEND_OPEN
    return table


JITTERS = (0, 0, 0, 1, -1, SECOND, -SECOND, 30 * MINUTE, -30 * MINUTE, HOUR, -HOUR)


def instants(table: Table) -> st.SearchStrategy[int]:
    """Return a strategy for instants at and beside openings, closings and changes of the clocks."""
    schedule, changes = Schedule(table), changes_of(table["zone"])
    days = [datetime.fromisoformat(text).date() for text in CHANGES[table["zone"]]]
    near = [day + timedelta(days=more) for day in days for more in (-2, -1, 0, 1, 2)]
    ends = [end for day in near for interval in schedule.hours(day) for end in interval]
    ends += [change + more for change in changes for more in (0, 0, -DAY, DAY)]
    return st.builds(int.__add__, st.sampled_from(ends), st.sampled_from(JITTERS))
