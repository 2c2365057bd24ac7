"""The queue of tickets and the agents who handle it: response times follow from load and staff.

Each shift is staffed for the recent load, with some slack. A scenario changes the number of agents, not the
queue. A rush is staffed at any hour.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from streams.simulator.engine import World
from streams.simulator.seasons import DAY, MINUTE
from streams.simulator.shifts import SHIFT, Shifts

if TYPE_CHECKING:
    from streams.simulator.support import Ticket

_HANDLING_MEDIAN = 9 * MINUTE
_HANDLING_SIGMA = 0.6
_HANDLING_MEAN = _HANDLING_MEDIAN * 1.2
#: Planned share of the agents' time spent on tickets.
_UTILISATION = 0.55
_LOAD_MEMORY_SHIFTS = 42


class SupportDesk:
    """A queue of tickets by rank, then by arrival, and the agents who take the first one.

    Args:
        world: clock and random generator.
        shifts: when agents work, and how many of them.
        handle: called when an agent has handled a ticket; returns False if there was nothing to do.
        expected_handlings_a_day: handled tickets a day for which the first shift is staffed.
    """

    def __init__(
        self,
        world: World,
        shifts: Shifts,
        handle: Callable[["Ticket"], bool],
        expected_handlings_a_day: float,
    ) -> None:
        self._world = world
        self._shifts = shifts
        self._handle = handle
        self._queue: list[tuple[int, int, Ticket]] = []
        self._arrived = 0
        self._handlings = 0
        self._load = expected_handlings_a_day * SHIFT / DAY
        self._shift_began = world.now
        self._busy = 0
        self._agents = 1
        self._rush: float | None = None
        self._begin_shift()

    @property
    def waiting(self) -> int:
        """Number of tickets without an agent."""
        return len(self._queue)

    def put(self, rank: int, ticket: "Ticket") -> None:
        """Add a ticket to the queue; a smaller `rank` comes first."""
        self._arrived += 1
        self._handlings += 1
        heappush(self._queue, (rank, self._arrived, ticket))
        self._assign()

    def move(self, rank: int, ticket: "Ticket") -> None:
        """Change the rank of a waiting ticket. A ticket that does not wait stays where it is."""
        self._queue = [(rank if each is ticket else old, arrived, each) for old, arrived, each in self._queue]
        heapify(self._queue)

    def staff_for_rush(self, handlings_a_second: float) -> None:
        """Staff the desk for a rush, in which tickets take less time.

        Args:
            handlings_a_second: handled tickets a second.
        """
        self._rush = handlings_a_second
        self._agents = self._needed()
        self._assign()

    def _begin_shift(self) -> None:
        if self._arrived and self._world.conditions.hiring:
            before = self._load * (self._world.now - self._shift_began) / SHIFT
            self._load += (self._handlings - before) / _LOAD_MEMORY_SHIFTS
        self._handlings = 0
        self._shift_began = self._world.now
        self._agents = self._needed()
        self._world.after(self._shifts.length(self._world.now), self._begin_shift)
        self._assign()

    def _needed(self) -> int:
        """Return the number of agents of this shift. A fraction is rounded at random."""
        if self._rush is not None:
            needed = self._rush * self._handling_mean / _UTILISATION
        else:
            share = self._shifts.staff(self._world.now)
            needed = max(self._load * _HANDLING_MEAN / SHIFT / _UTILISATION, 1.0) * share
        return int(needed * self._world.conditions.staff + self._world.random.random())

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
        self._handle(ticket)
        self._assign()
