"""Orders: derived from claims and refunds, and applied to the aggregates.

docs/metrics.md, "Order", "Refunds" and "Deliveries".
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from models.aggregation.aggregates import Aggregates
from models.definitions.windows import US_PER_HOUR
from models.entities.exposures import LATE_DELIVERY, Exposure
from models.entities.opposites import in_force
from models.entities.order_lines import placed_by_lines
from models.entities.refunds import Refunded
from models.facts.claims import (
    Amended,
    Cancelled,
    Delivered,
    LinePlaced,
    OrderClaim,
    OrderRestored,
    Placed,
    Shipped,
    rank,
)
from models.facts.control import KeptOrder

if TYPE_CHECKING:
    from array import array


class QualifyingOrder(NamedTuple):
    """An entry of a customer's order history. Entries sort by time and event id.

    Attributes:
        time: time at which the order was placed, microseconds.
        id: id of the event that placed it.
        hour: event hour of `time`.
        channel: channel of the order.
        currency: ISO 4217 code.
        net: amount less refunds, minor units.
    """

    time: int
    id: str
    hour: int
    channel: str
    currency: str
    net: int


class OrderHistory(list[QualifyingOrder]):
    """A customer's qualifying orders within the horizon, sorted.

    Attributes:
        kept: the customer's first order, if it lies beyond the horizon; then no order of the list is the
            first one. None if the first of the list is the customer's first order.
    """

    __slots__ = ("kept",)

    def __init__(self, orders: Iterable[QualifyingOrder] = (), kept: KeptOrder | None = None) -> None:
        super().__init__(orders)
        self.kept = kept


class Order(Struct, frozen=True, gc=False):
    """An order that was placed.

    Attributes:
        time: time at which the order was placed, microseconds.
        id: id of the event that placed it.
        hour: event hour of `time`.
        amount: total in minor units of `currency`.
        refunds: number of completed refunds.
        refunded: sum of the completed refunds, minor units.
        currency: ISO 4217 code.
        channel: channel of the order.
        cancelled: whether a cancellation holds.
        qualifying: whether it is neither cancelled nor fully refunded.
        referrer: id of the customer who referred it. None without one.
        promised: promised time of delivery, microseconds. None without a promise.
        delivered: time of the first delivery, microseconds. None before it.
    """

    time: int
    id: str
    hour: int
    amount: int
    refunds: int
    refunded: int
    currency: str
    channel: str
    cancelled: bool
    qualifying: bool
    referrer: str | None
    promised: int | None
    delivered: int | None

    @property
    def net(self) -> int:
        """Amount less refunds, at least 0, minor units."""
        return max(0, self.amount - self.refunded)


def derive(claims: Sequence[OrderClaim], refunded: Refunded) -> Order | None:
    """Return the order that the claims of one `order_id` make, or None if none of them placed it.

    The earliest `Placed` claim counts, or without one the lines, and the latest `Amended` claim. It is
    cancelled if a cancellation holds (`models.entities.opposites`).
    """
    placed: Placed | None = None
    delivered: int | None = None
    others: list[OrderClaim] = []
    for claim in claims:
        kind = type(claim)
        if kind is Placed:
            if placed is None or (claim.time, claim.id) < (placed.time, placed.id):
                placed = claim  # type: ignore[assignment]
        elif kind is Delivered:
            if delivered is None or claim.time < delivered:
                delivered = claim.time
        elif kind is not Shipped:
            others.append(claim)
    if placed is None and (placed := _placed_by_lines(others)) is None:
        return None
    amount, cancelled = _changed(placed.amount, others) if others else (placed.amount, False)
    refunds, paid = refunded
    return Order(
        placed.time,
        placed.id,
        placed.time // US_PER_HOUR,
        amount,
        refunds,
        paid,
        placed.currency,
        placed.channel,
        cancelled,
        not cancelled and not (paid and paid >= amount),
        placed.referrer,
        placed.promised,
        delivered,
    )


def _changed(amount: int, claims: Sequence[OrderClaim]) -> tuple[int, bool]:
    """Return the amount of an order after its amendments, and whether it is cancelled."""
    amended: Amended | None = None
    cancelled = restored = False
    for claim in claims:
        kind = type(claim)
        if kind is Cancelled:
            cancelled = True
        elif kind is OrderRestored:
            restored = True
        elif kind is Amended and (amended is None or (claim.time, claim.id) > (amended.time, amended.id)):
            amended = claim  # type: ignore[assignment]
    if cancelled and restored:
        cancelled = cancellation(claims) is not None
    return amount if amended is None else amended.amount, cancelled


def cancellation(claims: Iterable[OrderClaim]) -> Cancelled | None:
    """Return the claim by which an order is cancelled. None if it is not, or is restored."""
    return in_force(claims, Cancelled, OrderRestored)


def placing(claims: Iterable[OrderClaim]) -> Placed | None:
    """Return the claim that places an order, or what its lines make. None if it was not placed."""
    found = [claim for claim in claims if isinstance(claim, Placed)]
    if found:
        return min(found, key=rank)
    return _placed_by_lines(claims)


def _placed_by_lines(claims: Iterable[OrderClaim]) -> Placed | None:
    return placed_by_lines([claim for claim in claims if isinstance(claim, LinePlaced)])


def carts_named(claims: Sequence[OrderClaim]) -> set[tuple[str, int]]:
    """Return the carts that the claims of an order name, each with the time of the claim, microseconds.

    Each `order.placed` names one. Without any, the order that its lines make may name one.
    """
    found = [claim for claim in claims if isinstance(claim, Placed)]
    if not found and (by_lines := _placed_by_lines(claims)) is not None:
        found = [by_lines]
    return {(claim.cart, claim.time) for claim in found if claim.cart is not None}


def qualifying_order(order: Order) -> QualifyingOrder:
    """Return the entry of a qualifying order in its customer's order history."""
    return QualifyingOrder(order.time, order.id, order.hour, order.channel, order.currency, order.net)


def is_overdue(order: Order, now: int) -> bool:
    """Return whether a qualifying order is not delivered though its promised time has passed."""
    return (
        order.promised is not None and order.promised < now and order.delivered is None and order.qualifying
    )


def exposures(order: Order, now: int) -> tuple[Exposure, ...]:
    """Return the late delivery as an exposure, at the promised time. Empty if the order is on time."""
    promised, delivered = order.promised, order.delivered
    if promised is None:
        return ()
    late = is_overdue(order, now) if delivered is None else delivered > promised
    return ((LATE_DELIVERY, promised // US_PER_HOUR),) if late else ()


def overdue_at(order: Order | None, now: int) -> int | None:
    """Return the time at which the order becomes overdue. None if it already is, or cannot become so."""
    if order is None or order.promised is None or order.delivered is not None or not order.qualifying:
        return None
    return order.promised + 1 if order.promised >= now else None


class _Money:
    """The series of money of one currency."""

    def __init__(self, aggregates: Aggregates, currency: str) -> None:
        self.amount = aggregates.total("amount", currency)
        self.taken = aggregates.total("taken", currency)
        self.referred = aggregates.total("referred_net", currency)


class OrderAggregator:
    """Applies orders to a partition's aggregates, and retracts them."""

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates
        self._placed = aggregates.count("placed")
        self._refunded = aggregates.count("refunded_any")
        self._full = aggregates.count("refunded_full")
        self._referred = aggregates.count("referred")
        self._promised = aggregates.count("delivered_promised")
        self._punctual = aggregates.count("delivered_on_time")
        self._delivery = aggregates.duration("delivery")
        self._overdue = aggregates.gauge("overdue")
        self._money: dict[str, _Money] = {}

    def add(self, order: Order, now: int, sign: int) -> None:
        """Apply an order as of `now` (`sign` 1), or retract it (-1)."""
        cells = self._aggregates.counts.cells_of_weight(sign)
        if not order.cancelled:
            self._add_value(order, cells, sign)
        delivered = order.delivered
        if delivered is not None:
            self._aggregates.add_duration(self._delivery, delivered, delivered - order.time, sign)
            if order.promised is not None:
                cells.append(self._promised + delivered // US_PER_HOUR)
                if delivered <= order.promised:
                    cells.append(self._punctual + delivered // US_PER_HOUR)
        elif is_overdue(order, now):
            self._aggregates.gauges[self._overdue] += sign

    def _add_value(self, order: Order, cells: "array[int]", sign: int) -> None:
        money = self._money.get(order.currency)
        if money is None:
            money = self._money[order.currency] = _Money(self._aggregates, order.currency)
        at = order.hour
        cells.append(self._placed + at)
        self._aggregates.add_total(money.amount + at, sign * order.amount)
        if order.refunds:
            cells.append(self._refunded + at)
            self._aggregates.add_total(money.taken + at, sign * min(order.refunded, order.amount))
            if not order.qualifying:
                cells.append(self._full + at)
        if order.referrer is not None and order.qualifying:
            cells.append(self._referred + at)
            self._aggregates.add_total(money.referred + at, sign * order.net)
