"""The instants that all partitions are evaluated at: the wall clock, or the events' own time."""

import time
from typing import Protocol


def wall_us() -> int:
    """Return the wall clock time, microseconds since the epoch."""
    return time.time_ns() // 1000


class Clock(Protocol):
    """Source of the `now` that all partitions are evaluated at, microseconds since the epoch.

    A fact with a time after its partition's last `now` waits for the next one. Otherwise some numbers of that
    instant would include it, and others would not.
    """

    def now(self, stream_time: int, /) -> int:
        """Return the next instant to evaluate at.

        Args:
            stream_time: largest event time of all partitions, microseconds since the epoch.
        """


class WallClock:
    """`now` is the wall clock. `Partition` and `RollupCollector` keep it from going back."""

    def now(self, _stream_time: int, /) -> int:
        """Return the wall clock time."""
        return wall_us()


class EventClock:
    """`now` is the largest time of all valid events. No wall clock is read."""

    def now(self, stream_time: int, /) -> int:
        """Return the largest event time."""
        return stream_time


def clock(mode: str) -> Clock:
    """Return the clock of a mode: `wall` or `event`."""
    return EventClock() if mode == "event" else WallClock()
