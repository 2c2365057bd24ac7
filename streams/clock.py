"""What time it is: the wall's, or the events' own."""

import time
from typing import Protocol


def wall_us() -> int:
    """The wall clock, in microseconds since the epoch."""
    return time.time_ns() // 1000


class Clock(Protocol):
    """Says at which `now` all partitions are evaluated, in microseconds since the epoch.

    A fact from later than its partition's last `now` waits for the next one: it would be counted in some
    numbers of that instant, and not in others.
    """

    def now(self, latest: int, /) -> int:
        """What to evaluate at, when `latest` is the largest event time of all partitions."""


class WallClock:
    """`now` is the wall clock (never before what was said already: `Partition` and `Rollup` see to that)."""

    def now(self, _latest: int, /) -> int:
        """The present."""
        return wall_us()


class EventClock:
    """`now` is the latest event time of any valid event: no wall clock is read."""

    def now(self, latest: int, /) -> int:
        """The latest event time."""
        return latest


def clock(mode: str) -> Clock:
    """The clock of a mode: `wall` or `event`."""
    return EventClock() if mode == "event" else WallClock()
