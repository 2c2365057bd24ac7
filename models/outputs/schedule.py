"""Who of a partition's customers is to be looked at, to say what has become of them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

from models.definitions.windows import US_PER_DAY, US_PER_HOUR


class EmitSchedule:
    """Customers that have changed, those whom time has changed, and all of them once a day (UTC).

    So only what is due on the same day needs a timer. After a start, too, all are looked at: what has been
    said is known by their rows, and what is to be said may be otherwise by other definitions.

    Args:
        everybody: gives the keys of all customers.
    """

    def __init__(self, everybody: Callable[[], Iterable[bytes]]) -> None:
        self._everybody = everybody
        self._touched: set[bytes] = set()
        self._queue: deque[bytes] = deque()
        self._timers: list[tuple[int, bytes]] = []
        self._until: dict[bytes, int] = {}
        self._round: Iterator[bytes] = iter(())
        self._round_due = False
        self._day = -1

    def touch(self, key: bytes) -> None:
        """A customer has changed. Nothing has to be kept of it before the first round begins."""
        if self._day >= 0 and key not in self._touched:
            self._touched.add(key)
            self._queue.append(key)

    def remind(self, key: bytes, until: int | None) -> None:
        """A customer is to be looked at, at an instant, if that is before the next round can have come by."""
        if until is None or until >= (self._day + 1) * US_PER_DAY + US_PER_HOUR:
            self._until.pop(key, None)
        elif self._until.get(key) != until:
            self._until[key] = until
            heappush(self._timers, (until, key))

    def next(self, now: int, limit: int) -> list[bytes]:
        """Give who is to be looked at now (microseconds): `limit` of them at most, those that changed first.

        Fewer than `limit` are all.
        """
        if now // US_PER_DAY > self._day:
            self._day = now // US_PER_DAY
            self._round_due = True
        chosen: dict[bytes, None] = {}
        while self._queue and len(chosen) < limit:
            key = self._queue.popleft()
            self._touched.discard(key)
            chosen[key] = None
        while self._timers and self._timers[0][0] <= now and len(chosen) < limit:
            until, key = heappop(self._timers)
            if self._until.get(key) == until:
                del self._until[key]
                chosen[key] = None
        while len(chosen) < limit and (turn := self._next_in_round()) is not None:
            chosen[turn] = None
        return list(chosen)

    def _next_in_round(self) -> bytes | None:
        """Give whose turn it is; the day's round begins when the one that is under way has ended."""
        key = next(self._round, None)
        if key is None and self._round_due:
            self._round_due = False
            self._round = iter(list(self._everybody()))
            key = next(self._round, None)
        return key
