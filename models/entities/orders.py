"""An order, as its claims and refunds make it, and what it adds to the sums.

docs/metrics.md, "Order", "Refunds" and "Deliveries".
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from models.aggregation.aggregates import Aggregates
from models.definitions.windows import US_PER_HOUR
from models.entities.exposures import LATE_DELIVERY, Exposure
from models.entities.refunds import Refunded
from models.facts.claims import Amended, Cancelled, Delivered, OrderClaim, Placed

if TYPE_CHECKING:
    from array import array


class Order(Struct, frozen=True, gc=False):
    """A known order.

    Attributes:
        time: when it was placed, microseconds.
        id: of the event that placed it.
        hour: event hour of `time`.
        amount: its total in minor units of `currency`.
        refunds: completed refunds.
        refunded: their sum.
        qualifying: neither cancelled nor fully refunded.
        promised: when it was to be delivered.
        delivered: when it was delivered first.
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
        """What is left of the amount, minor units."""
        return max(0, self.amount - self.refunded)


def derive(claims: Sequence[OrderClaim], refunded: Refunded) -> Order | None:
    """Give the order that claims of one `order_id` make; None while nothing known has placed it."""
    placed: Placed | None = None
    amended: Amended | None = None
    cancelled = False
    delivered: int | None = None
    for claim in claims:
        kind = type(claim)
        if kind is Placed:
            if placed is None or (claim.time, claim.id) < (placed.time, placed.id):
                placed = claim  # type: ignore[assignment]
        elif kind is Amended:
            if amended is None or (claim.time, claim.id) > (amended.time, amended.id):
                amended = claim  # type: ignore[assignment]
        elif kind is Delivered:
            if delivered is None or claim.time < delivered:
                delivered = claim.time
        elif kind is Cancelled:
            cancelled = True
    if placed is None:
        return None
    amount = placed.amount if amended is None else amended.amount
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


def is_overdue(order: Order, now: int) -> bool:
    """Whether somebody waits for the order longer than was promised."""
    return (
        order.promised is not None and order.promised < now and order.delivered is None and order.qualifying
    )


def exposures(order: Order, now: int) -> tuple[Exposure, ...]:
    """Give the late delivery that the order was to its customer, if it was: at the time promised."""
    promised, delivered = order.promised, order.delivered
    if promised is None:
        return ()
    late = is_overdue(order, now) if delivered is None else delivered > promised
    return ((LATE_DELIVERY, promised // US_PER_HOUR),) if late else ()


def overdue_at(order: Order | None, now: int) -> int | None:
    """Give when the order will be overdue, unless it is or cannot be."""
    if order is None or order.promised is None or order.delivered is not None or not order.qualifying:
        return None
    return order.promised + 1 if order.promised >= now else None


class _Money:
    """The series of one currency."""

    def __init__(self, aggregates: Aggregates, currency: str) -> None:
        self.amount = aggregates.total("amount", currency)
        self.taken = aggregates.total("taken", currency)
        self.referred = aggregates.total("referred_net", currency)


class OrderAggregator:
    """What orders add to a partition's sums, whoever placed them."""

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
        """Add what an order adds at `now`, or take it back."""
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
