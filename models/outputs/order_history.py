"""Changes of a customer's set of qualifying orders, in the order of event time.

A fact changes an order from its own time on: a refund of May leaves the order as it was in April.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from models.customers.customer import Customer
from models.definitions.windows import US_PER_HOUR
from models.entities import orders
from models.entities.opposites import runs
from models.entities.order_lines import total
from models.entities.orders import QualifyingOrder
from models.facts.claim_types import EVENT_TYPE_OF
from models.facts.claims import (
    Amended,
    Cancelled,
    Completed,
    LinePlaced,
    OrderClaim,
    OrderRestored,
    Placed,
    RefundClaim,
    Reversed,
)


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


class RefundChange(NamedTuple):
    """A change of the sum that an order's refunds give back.

    Attributes:
        time: event time, microseconds since the epoch.
        id: id of the event that caused it.
        cause: type of that event.
        amount: change of the sum, minor units; negative if a refund was reversed.
    """

    time: int
    id: str
    cause: str
    amount: int


Change = Amended | Cancelled | OrderRestored | LinePlaced | RefundChange

_BY_TIME_AND_EVENT: Final = attrgetter("time", "event")
_BY_TIME_AND_ID: Final = attrgetter("time", "id")


def order_changes(customer: Customer) -> list[OrderChange]:
    """Return every change of a customer's qualifying orders, sorted by time and event id."""
    refunds = _refunds_by_order(customer)
    changes: list[OrderChange] = []
    for order_id, claims in customer.facts.orders.items():
        payments = refunds.get(order_id, ())
        placed = _only_placed(claims)
        if placed is not None and not payments:  # nearly all orders
            changes.append(_placing(placed, Placed, _version(placed, placed.amount)))
        else:
            changes += _changes_of(claims, payments)
    changes.sort(key=_BY_TIME_AND_EVENT)
    return changes


def _refunds_by_order(customer: Customer) -> dict[str, list[RefundChange]]:
    by_order: dict[str, list[RefundChange]] = {}
    for claims in customer.facts.refunds.values():
        for order_id, change in _refund_changes(claims):
            by_order.setdefault(order_id, []).append(change)
    return by_order


def _refund_changes(claims: Iterable[RefundClaim]) -> Iterator[tuple[str, RefundChange]]:
    """Yield the changes of orders by the payments and reversals of a refund, each with the order's id."""
    paid: Completed | None = None
    for claim in runs(claims, Completed, Reversed):
        if isinstance(claim, Completed):
            paid = claim
            yield claim.order, _refund_change(claim, claim.amount)
        elif paid is not None:
            yield paid.order, _refund_change(claim, -paid.amount)


def _refund_change(claim: Completed | Reversed, amount: int) -> RefundChange:
    return RefundChange(claim.time, claim.id, EVENT_TYPE_OF[type(claim)], amount)


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


def _changes_of(claims: Sequence[OrderClaim], payments: Iterable[RefundChange]) -> list[OrderChange]:
    """Return the changes of one order. Facts from before it was placed count from its placing on."""
    placed = orders.placing(claims)
    if placed is None:
        return []
    by_lines = not any(isinstance(claim, Placed) for claim in claims)
    known: list[Change] = [
        claim for claim in claims if isinstance(claim, Amended | Cancelled | OrderRestored)
    ]
    if by_lines:
        known += [claim for claim in claims if isinstance(claim, LinePlaced)]
    facts = sorted([*known, *payments], key=_BY_TIME_AND_ID)
    replay = _OrderReplay(placed)
    for fact in facts:
        if fact.time <= placed.time:
            replay.apply(fact)
    version = replay.version()
    kind = LinePlaced if by_lines else Placed
    changes = [] if version is None else [_placing(placed, kind, version)]
    for fact in facts:
        if fact.time > placed.time:
            replay.apply(fact)
            before, version = version, replay.version()
            if version != before:
                changes.append(OrderChange(fact.time, fact.id, _cause(fact), before, version))
    return changes


def _cause(fact: Change) -> str:
    return fact.cause if isinstance(fact, RefundChange) else EVENT_TYPE_OF[type(fact)]


class _OrderReplay:
    """One order, while its facts are applied in the order of event time."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed
        self._amended: int | None = None
        self._lines: list[LinePlaced] = []
        self._refunded = 0
        self._cancelled = False

    def apply(self, fact: Change) -> None:
        """Apply the next fact by time and id."""
        if isinstance(fact, Amended):
            self._amended = fact.amount
        elif isinstance(fact, RefundChange):
            self._refunded += fact.amount
        elif isinstance(fact, LinePlaced):
            self._lines.append(fact)
        else:
            self._cancelled = isinstance(fact, Cancelled)

    def _amount(self) -> int:
        if self._amended is not None:
            return self._amended
        return total(self._lines, self._placed.currency) if self._lines else self._placed.amount

    def version(self) -> QualifyingOrder | None:
        """Return the order after the facts applied so far; None if it does not qualify."""
        amount = self._amount()
        if self._cancelled or (self._refunded and self._refunded >= amount):
            return None
        return _version(self._placed, max(0, amount - self._refunded))


def _version(placed: Placed, net: int) -> QualifyingOrder:
    hour = placed.time // US_PER_HOUR
    return QualifyingOrder(placed.time, placed.id, hour, placed.channel, placed.currency, net)


def _placing(placed: Placed, kind: type[Placed | LinePlaced], version: QualifyingOrder) -> OrderChange:
    return OrderChange(placed.time, placed.id, EVENT_TYPE_OF[kind], None, version)
