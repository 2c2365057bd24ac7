"""The instants that all partitions are evaluated at: the wall clock, or the events' own time."""

import time
from datetime import UTC, datetime
from typing import Final, Protocol

_NO_TIMESTAMP: Final = -1


def wall_us() -> int:
    """Return the wall clock time, microseconds since the epoch."""
    return time.time_ns() // 1000


def time_of_record(milliseconds: int) -> datetime | None:
    """Return the time of a record's timestamp, in UTC; None if it has none, or one of no calendar year.

    Args:
        milliseconds: timestamp as Kafka returns it, which a producer may set to any number.
    """
    try:
        return None if milliseconds == _NO_TIMESTAMP else datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


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
