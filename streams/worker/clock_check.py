"""Compare this machine's wall clock with Kafka's.

A worker whose clock is behind would reject the events of the present as future ones. One whose clock is ahead
would move `now`, which never goes back, for the whole group: promises would be breached that are not due.
Kafka's clock is the one that all workers share: it stamps the records of topics with `LogAppendTime`.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from streams.clock import wall_us
from streams.errors import ClockWrong

log = logging.getLogger(__name__)

#: A clock that also counts the time in which the machine is suspended, where the system has one.
_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class ClockCheck:
    """Whether the wall clock of this machine can be trusted.

    Between two comparisons with Kafka, the clock is compared with the time since the machine's start, so that
    a jump is noticed before a record is judged by it.

    Args:
        tolerance: difference from Kafka's clock that is accepted, seconds; 0 turns the check off.
    """

    def __init__(self, tolerance: float) -> None:
        self._tolerance = int(tolerance * 1_000_000)
        self._booted: int | None = None  # by the wall clock, at the last comparison

    @property
    def trusted(self) -> bool:
        """Whether the clock has been compared with Kafka's, and has not jumped since."""
        if not self._tolerance:
            return True
        return self._booted is not None and abs(_booted_at() - self._booted) <= self._tolerance

    async def compare(self, stamp: Callable[[], Awaitable[int | None]]) -> None:
        """Compare the clock with Kafka's.

        Args:
            stamp: makes Kafka stamp a record, and returns the time, microseconds since the epoch; None if the
                topic has the time of its producers. The clock is trusted then, unless it jumps.

        Raises:
            ClockWrong: the clocks differ by more than the tolerance.
            KafkaError: Kafka does not answer.
        """
        if not self._tolerance:
            return
        if self._booted is not None and not self.trusted:
            jump = _booted_at() - self._booted
            log.warning(
                "the clock of this machine has jumped %s by %s; comparing it with Kafka's",
                "ahead" if jump > 0 else "back",
                timedelta(seconds=round(abs(jump) / 1_000_000)),
            )
        booted, before = _booted_at(), wall_us()
        stamped = await stamp()
        after = wall_us()
        if abs(_booted_at() - booted) > self._tolerance:
            return  # the clock has jumped meanwhile: the next comparison decides
        if stamped is not None:
            self._require_between(before, stamped, after)
        self._booted = booted

    def _require_between(self, before: int, stamped: int, after: int) -> None:
        if before - stamped > self._tolerance:
            raise ClockWrong(timedelta(microseconds=before - stamped), "ahead of")
        if stamped - after > self._tolerance:
            raise ClockWrong(timedelta(microseconds=stamped - after), "behind")


def _booted_at() -> int:
    """Return the start of the machine by its wall clock, microseconds since the epoch."""
    return wall_us() - time.clock_gettime_ns(_SINCE_BOOT) // 1000
