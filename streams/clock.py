"""What time it is: the wall's, or the events' own."""

import time
from typing import Protocol


def wall_us() -> int:
    """The wall clock, in microseconds since the epoch."""
    return time.time_ns() // 1000


class Clock(Protocol):
    """Says which facts are known yet, and at which `now` the numbers are evaluated.

    Everything in microseconds since the epoch.
    """

    def known_at(self, partition_now: int, latest: int, /) -> int:
        """Facts up to this instant are known; later ones wait."""

    def now(self, latest: int, /) -> int:
        """What to evaluate at, when `latest` is the largest event time of all partitions."""


class WallClock:
    """`now` is the wall clock (never before what was said already: `Partition` and `Rollup` see to that)."""

    def known_at(self, partition_now: int, _latest: int, /) -> int:
        """Facts up to the present are known; the clock of who sent the last tick may be a little ahead."""
        return max(partition_now, wall_us())

    def now(self, _latest: int, /) -> int:
        """The present."""
        return wall_us()


class EventClock:
    """`now` is the latest event time of any valid event: no wall clock is read."""

    def known_at(self, partition_now: int, latest: int, /) -> int:
        """Every valid event is known at once: it is never later than the latest."""
        return max(partition_now, latest)

    def now(self, latest: int, /) -> int:
        """The latest event time."""
        return latest


def clock(mode: str) -> Clock:
    """The clock of a mode: `wall` or `event`."""
    return EventClock() if mode == "event" else WallClock()
