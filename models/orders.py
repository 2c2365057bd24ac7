"""An order, as its claims and refunds make it, and what it adds to the sums by the hour it was placed.

docs/metrics.md, "Order" and "Refunds".
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from models.aggregates import Aggregates
from models.claims import Amended, Cancelled, Completed, OrderClaim, Placed, RefundClaim
from models.windows import US_PER_HOUR

#: What has been refunded of an order: how many refunds, and their sum in minor units.
Refunded = tuple[int, int]
NOTHING: Refunded = (0, 0)


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

    @property
    def net(self) -> int:
        """What is left of the amount, minor units."""
        return max(0, self.amount - self.refunded)


def derive(claims: Sequence[OrderClaim], refunded: Refunded) -> Order | None:
    """Give the order that claims of one `order_id` make; None while nothing known has placed it."""
    placed: Placed | None = None
    amended: Amended | None = None
    cancelled = False
    for claim in claims:
        kind = type(claim)
        if kind is Placed:
            if placed is None or (claim.time, claim.id) < (placed.time, placed.id):
                placed = claim  # type: ignore[assignment]
        elif kind is Amended:
            if amended is None or (claim.time, claim.id) > (amended.time, amended.id):
                amended = claim  # type: ignore[assignment]
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
    )


def completed(claims: Iterable[RefundClaim]) -> Completed | None:
    """Give the completion of a refund that counts: the earliest."""
    found = [claim for claim in claims if isinstance(claim, Completed)]
    return min(found, key=lambda claim: (claim.time, claim.id)) if found else None


def refunded_of(refunds: Iterable[Sequence[RefundClaim]]) -> dict[str, Refunded]:
    """Give what refunds, each a set of claims, have paid back: order id -> number and sum."""
    result: dict[str, Refunded] = {}
    for claims in refunds:
        winner = completed(claims)
        if winner is not None:
            number, paid = result.get(winner.order, NOTHING)
            result[winner.order] = (number + 1, paid + winner.amount)
    return result


class OrderPoints:
    """What orders add to a partition's sums, whoever placed them."""

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates
        self._placed = aggregates.count("placed")
        self._refunded = aggregates.count("refunded_any")
        self._full = aggregates.count("refunded_full")
        self._referred = aggregates.count("referred")
        self._money: dict[tuple[str, str], int] = {}

    def add(self, order: Order) -> None:
        """Add an order's points."""
        if not order.cancelled:
            self._add(order, 1)

    def remove(self, order: Order) -> None:
        """Take an order's points back."""
        if not order.cancelled:
            self._add(order, -1)

    def _add(self, order: Order, sign: int) -> None:
        counts = self._aggregates.counts
        cells = counts.plus if sign > 0 else counts.minus
        at = order.hour
        cells.append(self._placed + at)
        self._sum("amount", order, sign * order.amount)
        if order.refunds:
            cells.append(self._refunded + at)
            self._sum("taken", order, sign * min(order.refunded, order.amount))
            if not order.qualifying:
                cells.append(self._full + at)
        if order.referrer is not None and order.qualifying:
            cells.append(self._referred + at)
            self._sum("referred_net", order, sign * order.net)

    def _sum(self, kind: str, order: Order, weight: int) -> None:
        series = self._money.get((kind, order.currency))
        if series is None:
            series = self._money[kind, order.currency] = self._aggregates.total(kind, order.currency)
        self._aggregates.add_total(series + order.hour, weight)
