"""The queue of tickets and the agents who work it off: response times follow from load and staff.

A manager staffs each shift for the work that lately came in, with some slack. A scenario takes agents away;
it does not touch the queue.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from streams.simulator.engine import World
from streams.simulator.seasons import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from streams.simulator.support import Ticket

_SHIFT = 8 * HOUR
#: Of the day's average, by shift from midnight, UTC: few work at night.
_SHIFT_STAFF: Final = (0.5, 1.2, 1.3)
_HANDLING_MEDIAN = 9 * MINUTE
_HANDLING_SIGMA = 0.6
_HANDLING_MEAN = _HANDLING_MEDIAN * 1.2
#: Share of their time that agents are meant to spend on tickets.
_UTILISATION = 0.55
_LOAD_MEMORY_SHIFTS = 42


class SupportDesk:
    """Tickets wait by rank, then by when they came; each free agent takes the first.

    `touch(ticket)` is called when an agent is done with a ticket, and says whether that took their time.
    """

    def __init__(
        self, world: World, touch: Callable[["Ticket"], bool], expected_touches_a_day: float
    ) -> None:
        self._world = world
        self._touch = touch
        self._queue: list[tuple[int, int, Ticket]] = []
        self._arrived = 0
        self._touches = 0
        self._load = expected_touches_a_day * _SHIFT / DAY
        self._busy = 0
        self._agents = 1
        self._rush: float | None = None
        self._begin_shift()

    @property
    def waiting(self) -> int:
        """How many tickets nobody deals with."""
        return len(self._queue)

    def put(self, rank: int, ticket: "Ticket") -> None:
        """Queue a ticket, the smaller `rank` before the larger."""
        self._arrived += 1
        self._touches += 1
        heappush(self._queue, (rank, self._arrived, ticket))
        self._assign()

    def staff_for_rush(self, touches_a_second: float) -> None:
        """Bring in as many as a rush needs, all of them quick: short answers in a chat."""
        self._rush = touches_a_second
        self._agents = self._needed()
        self._assign()

    def _begin_shift(self) -> None:
        if self._arrived and self._world.causes.hiring:
            self._load += (self._touches - self._load) / _LOAD_MEMORY_SHIFTS
        self._touches = 0
        self._agents = self._needed()
        self._world.after(_SHIFT - self._world.now % _SHIFT, self._begin_shift)
        self._assign()

    def _needed(self) -> int:
        """Agents at work this shift: a fraction of one is there some days and not on others."""
        if self._rush is not None:
            needed = self._rush * self._handling_mean / _UTILISATION
        else:
            share = _SHIFT_STAFF[int(self._world.now % DAY // _SHIFT) % len(_SHIFT_STAFF)]
            needed = max(self._load * _HANDLING_MEAN / _SHIFT / _UTILISATION, 1.0) * share
        return int(needed * self._world.causes.staff + self._world.random.random())

    @property
    def _handling_median(self) -> float:
        return _HANDLING_MEDIAN if self._rush is None else 25.0

    @property
    def _handling_mean(self) -> float:
        return self._handling_median * _HANDLING_MEAN / _HANDLING_MEDIAN

    def _assign(self) -> None:
        while self._queue and self._busy < self._agents:
            _, _, ticket = heappop(self._queue)
            self._busy += 1
            handling = self._world.lognormal(self._handling_median, _HANDLING_SIGMA)
            self._world.after(handling, self._done, ticket)

    def _done(self, ticket: "Ticket") -> None:
        self._busy -= 1
        self._touch(ticket)
        self._assign()
