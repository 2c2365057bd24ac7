"""Event-time timers of a partition's entities."""

from heapq import heappop, heappush
from typing import Final, NamedTuple

#: Subjects of timers. Timers of one customer fire in this order.
ORDER, TICKET, CART, CUSTOMER = range(4)


class DueEntity(NamedTuple):
    """An entity whose contribution to the aggregates changes because time has passed.

    Attributes:
        key: key of the customer's row.
        kind: `ORDER`, `TICKET`, `CART` or `CUSTOMER`.
        entity: id of the order, ticket or cart; empty for the customer.
    """

    key: bytes
    kind: int
    entity: str


class _Timer(NamedTuple):
    due: int
    entity: DueEntity


class Timers:
    """The timers of a partition, by due time.

    A timer is never removed before it fires. It may fire for an entity that has changed since, and that
    entity's contribution is then computed again without effect.
    """

    def __init__(self) -> None:
        self._heap: Final[list[_Timer]] = []

    def schedule(self, key: bytes, kind: int, entity: str, due: int | None) -> None:
        """Set a timer.

        Args:
            key: key of the customer's row.
            kind: `ORDER`, `TICKET` or `CART`.
            entity: id of the order, ticket or cart.
            due: due time, microseconds since the epoch; None to set no timer.
        """
        if due is not None:
            heappush(self._heap, _Timer(due, DueEntity(key, kind, entity)))

    def pop_due(self, now: int) -> set[DueEntity]:
        """Remove the timers due at `now` (microseconds since the epoch); return their entities."""
        due = set()
        while self._heap and self._heap[0].due <= now:
            due.add(heappop(self._heap).entity)
        return due
