"""When each customer of a partition is checked for new outputs."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from models.definitions.windows import US_PER_DAY, US_PER_HOUR


class _Timer(NamedTuple):
    """An event-time timer.

    Attributes:
        due: microseconds since the epoch.
        key: key of the customer's row.
    """

    due: int
    key: bytes


class EmitSchedule:
    """Customers to check: the changed ones, those with a due timer, and all of them once a day (UTC).

    Because of the daily sweep, only a change that is due on the same day needs a timer.
    A sweep also runs after each start: other definitions may require other outputs than those emitted before.

    Args:
        all_keys: returns the keys of all customers of the partition.
    """

    def __init__(self, all_keys: Callable[[], Iterable[bytes]]) -> None:
        self._all_keys = all_keys
        self._dirty: set[bytes] = set()
        self._queue: deque[bytes] = deque()
        self._timers: list[_Timer] = []
        self._due: dict[bytes, int] = {}
        self._sweep: Iterator[bytes] = iter(())
        self._sweep_pending = False
        self._day = -1

    def mark_dirty(self, key: bytes) -> None:
        """Queue a changed customer. Before the first sweep this does nothing: the sweep checks everyone."""
        if self._day >= 0 and key not in self._dirty:
            self._dirty.add(key)
            self._queue.append(key)

    def schedule(self, key: bytes, due: int | None) -> None:
        """Replace a customer's timer; without one if the next sweep is sure to come earlier.

        Args:
            key: key of the customer's row.
            due: due time, microseconds since the epoch; None to remove the timer.
        """
        if due is None or due >= (self._day + 1) * US_PER_DAY + US_PER_HOUR:
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            self._due[key] = due
            heappush(self._timers, _Timer(due, key))

    def next_due(self, now: int, limit: int) -> list[bytes]:
        """Return the next customers to check: changed ones first, then fired timers, then the sweep.

        Args:
            now: the partition's clock, microseconds since the epoch.
            limit: maximum number of customers.

        Returns:
            Keys without repetition. Fewer than `limit` means that no other customer is due.
        """
        if now // US_PER_DAY > self._day:
            self._day = now // US_PER_DAY
            self._sweep_pending = True
        chosen: dict[bytes, None] = {}
        for source in (self._changed(), self._fired(now), self._swept()):
            while len(chosen) < limit and (key := next(source, None)) is not None:
                chosen[key] = None
        return list(chosen)

    def _changed(self) -> Iterator[bytes]:
        while self._queue:
            key = self._queue.popleft()
            self._dirty.discard(key)
            yield key

    def _fired(self, now: int) -> Iterator[bytes]:
        while self._timers and self._timers[0].due <= now:
            timer = heappop(self._timers)
            if self._due.get(timer.key) == timer.due:  # otherwise a later call replaced it
                del self._due[timer.key]
                yield timer.key

    def _swept(self) -> Iterator[bytes]:
        """Yield the customers of the running sweep, then of the pending one."""
        yield from self._sweep
        if self._sweep_pending:
            self._sweep_pending = False
            self._sweep = iter(list(self._all_keys()))
            yield from self._sweep
