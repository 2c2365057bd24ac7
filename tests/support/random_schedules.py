"""Random schedules of support, and instants at which their clocks differ."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.oracle.schedules import WEEKDAYS, Schedule
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
BUSINESS_HOURS = {day: ["09:00-12:30", "13:30-18:00"] for day in WEEKDAYS[:5]}
JITTERS = (0, 0, 0, 1, -1, SECOND, -SECOND, 30 * MINUTE, -30 * MINUTE, HOUR, -HOUR)


def random_change(rng: random.Random, table: Table) -> int:
    """Return an instant at which the clocks of a schedule's zone change, microseconds since the epoch."""
    return int(datetime.fromisoformat(rng.choice(CHANGES[table["zone"]])).timestamp()) * SECOND


def random_schedule(rng: random.Random) -> Table:
    """Return a schedule in the form of the configuration file: with holidays, and versions from a date on."""
    zone = rng.choice(list(CHANGES))
    table = {
        "zone": zone,
        **rng.choice([BUSINESS_HOURS, _week(rng, 4), _week(rng, 7)]),
        **_holidays(rng, zone),
    }
    if not any(table.get(day) for day in WEEKDAYS):
        table |= BUSINESS_HOURS  # a schedule that stays closed is an error of the configuration
    begins = sorted({_date(rng, zone) for _ in range(rng.choice([0, 0, 1, 2]))})
    if begins:
        versions = [_week(rng, rng.choice([0, 1, 3])) | {"wed": ["08:00-20:00"]} for _ in begins]
        table["versions"] = [
            {"from": begin, **week, **_holidays(rng, zone)}
            for begin, week in zip(begins, versions, strict=True)
        ]
    return table


def _week(rng: random.Random, days: int) -> Table:
    return {day: _intervals(rng) for day in rng.sample(WEEKDAYS, days)}


def _intervals(rng: random.Random) -> list[str]:
    if rng.random() < 0.7:
        return rng.choice(INTERVALS)
    ends = sorted(rng.sample(range(97), rng.choice([2, 4])))
    walls = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in ends]
    return [f"{begin}-{end}" for begin, end in zip(walls[::2], walls[1::2], strict=True)]


def _holidays(rng: random.Random, zone: str) -> Table:
    if rng.random() < 0.5:
        return {}
    return {"holidays": sorted({_date(rng, zone) for _ in range(rng.randint(0, 3))})}


def _date(rng: random.Random, zone: str) -> str:
    """Return a date on or beside a day on which the clocks change, as text."""
    change = datetime.fromisoformat(rng.choice(CHANGES[zone]))
    return str(change.date() + timedelta(days=rng.randint(-2, 3)))


def openings_beside(schedule: Schedule, time: int) -> Iterator[int]:
    """Yield openings and closings within two days of an instant, and midnights beside it."""
    yield from (time, time - DAY, time + DAY)
    for interval in schedule.between(time - 2 * DAY, time + 2 * DAY):
        yield from interval


def random_instant(rng: random.Random, table: Table) -> int:
    """Return an instant at or beside an opening, a closing, or a change of the clocks."""
    beside = list(openings_beside(Schedule(table), random_change(rng, table)))
    return rng.choice(beside) + rng.choice(JITTERS)
