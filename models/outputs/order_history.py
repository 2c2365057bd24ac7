"""Changes of a customer's set of qualifying orders, in the order of event time.

A fact changes an order from its own time on: a refund of May leaves the order as it was in April.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from models.customers.customer import Customer
from models.definitions.windows import US_PER_HOUR
from models.entities import refunds
from models.entities.orders import QualifyingOrder
from models.facts.claim_types import EVENT_TYPE_OF
from models.facts.claims import Amended, Cancelled, Completed, OrderClaim, Placed


class OrderChange(NamedTuple):
    """A change of the set of qualifying orders.

    Attributes:
        time: event time of the change, microseconds since the epoch.
        event: id of the event that caused it.
        cause: type of that event.
        before: the order before the change; None if it did not qualify.
        after: the order from then on; None if it no longer qualifies.
    """

    time: int
    event: str
    cause: str
    before: QualifyingOrder | None
    after: QualifyingOrder | None


Change = Amended | Cancelled | Completed

_BY_TIME_AND_EVENT: Final = attrgetter("time", "event")
_BY_TIME_AND_ID: Final = attrgetter("time", "id")


def order_changes(customer: Customer) -> list[OrderChange]:
    """Return every change of a customer's qualifying orders, sorted by time and event id."""
    refunded = _refunds_by_order(customer)
    changes: list[OrderChange] = []
    for order_id, claims in customer.facts.orders.items():
        payments = refunded.get(order_id, ())
        placed = _only_placed(claims)
        if placed is not None and not payments:  # nearly all orders
            changes.append(_placing(placed, _version(placed, placed.amount)))
        else:
            changes += _changes_of(claims, payments)
    changes.sort(key=_BY_TIME_AND_EVENT)
    return changes


def _refunds_by_order(customer: Customer) -> dict[str, list[Completed]]:
    by_order: dict[str, list[Completed]] = {}
    for claims in customer.facts.refunds.values():
        winner = refunds.completed(claims)
        if winner is not None:
            by_order.setdefault(winner.order, []).append(winner)
    return by_order


def _only_placed(claims: Iterable[OrderClaim]) -> Placed | None:
    """Return the claim that placed an order, if no other claim competes with it or changes the order."""
    found: Placed | None = None
    for claim in claims:
        kind = type(claim)
        if kind is Amended or kind is Cancelled or (kind is Placed and found is not None):
            return None
        if kind is Placed:
            found = claim  # type: ignore[assignment]
    return found


def _changes_of(claims: Sequence[OrderClaim], payments: Iterable[Completed]) -> list[OrderChange]:
    """Return the changes of one order. Facts from before it was placed count from its placing on."""
    placed = min((claim for claim in claims if isinstance(claim, Placed)), key=_BY_TIME_AND_ID, default=None)
    if placed is None:
        return []
    facts: list[Change] = [claim for claim in claims if isinstance(claim, Amended | Cancelled)]
    facts = sorted([*facts, *payments], key=_BY_TIME_AND_ID)
    replay = _OrderReplay(placed)
    for fact in facts:
        if fact.time <= placed.time:
            replay.apply(fact)
    version = replay.version()
    changes = [] if version is None else [_placing(placed, version)]
    for fact in facts:
        if fact.time > placed.time:
            replay.apply(fact)
            before, version = version, replay.version()
            if version != before:
                changes.append(OrderChange(fact.time, fact.id, EVENT_TYPE_OF[type(fact)], before, version))
    return changes


class _OrderReplay:
    """One order, while its facts are applied in the order of event time."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed
        self._amount = placed.amount
        self._refunded = 0
        self._cancelled = False

    def apply(self, fact: Change) -> None:
        """Apply the next fact by time and id."""
        if isinstance(fact, Amended):
            self._amount = fact.amount
        elif isinstance(fact, Completed):
            self._refunded += fact.amount
        else:
            self._cancelled = True

    def version(self) -> QualifyingOrder | None:
        """Return the order after the facts applied so far; None if it does not qualify."""
        if self._cancelled or (self._refunded and self._refunded >= self._amount):
            return None
        return _version(self._placed, max(0, self._amount - self._refunded))


def _version(placed: Placed, net: int) -> QualifyingOrder:
    hour = placed.time // US_PER_HOUR
    return QualifyingOrder(placed.time, placed.id, hour, placed.channel, placed.currency, net)


def _placing(placed: Placed, version: QualifyingOrder) -> OrderChange:
    return OrderChange(placed.time, placed.id, EVENT_TYPE_OF[Placed], None, version)
