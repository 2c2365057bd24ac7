"""Carts, failed payments and missing stock, and what they add to the sums (docs/metrics.md, "Carts")."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from models.aggregation.aggregates import Aggregates, methods_of
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_HOUR
from models.facts.claims import CheckoutStarted, PaymentFailed, StockMissed

#: A cart without an order this long after its last activity is abandoned; an order later than that recovers
#: it.
ABANDONED_AFTER_US: Final = US_PER_HOUR


class Cart(Struct, frozen=True, gc=False):
    """A cart that somebody was about to pay for. Times in microseconds.

    Attributes:
        started: its first `checkout.started`.
        active: its last.
        ordered: the earliest `order.placed` that names it.
    """

    started: int
    active: int
    ordered: int | None


def derive(claims: Sequence[CheckoutStarted], orders: Sequence[int]) -> Cart | None:
    """Give the cart that claims of one `cart_id` make, and the times of the orders that name it."""
    if not claims:
        return None
    ordered = min(orders) if orders else None
    if len(claims) == 1:
        time = claims[0].time
        return Cart(time, time, ordered)
    times = [claim.time for claim in claims]
    return Cart(min(times), max(times), ordered)


def abandoned_at(cart: Cart | None, now: int) -> int | None:
    """Give when the cart will be abandoned, unless it has been or cannot be."""
    if cart is None or cart.ordered is not None or cart.active + ABANDONED_AFTER_US <= now:
        return None
    return cart.active + ABANDONED_AFTER_US


class CartAggregator:
    """What carts, failed payments and missing stock add to a partition's sums."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._converted = aggregates.count("carts_converted")
        self._recovered = aggregates.count("carts_recovered")
        self._abandoned = aggregates.count("carts_abandoned")
        self._time = aggregates.duration("checkout")
        self._failures = {
            name: aggregates.count("payment_failures", name) for name in methods_of(definitions)
        }
        self._stockouts = aggregates.count("stockouts")

    def add(self, cart: Cart, now: int, sign: int) -> None:
        """Add what a cart adds at `now`, or take it back."""
        cells = self._aggregates.counts.cells_of_weight(sign)
        at = cart.active // US_PER_HOUR
        if cart.ordered is not None:
            cells.append(self._converted + at)
            if cart.ordered >= cart.active + ABANDONED_AFTER_US:
                cells.append(self._recovered + at)
            self._aggregates.add_duration(self._time, cart.ordered, cart.ordered - cart.started, sign)
        elif cart.active + ABANDONED_AFTER_US <= now:
            cells.append(self._abandoned + at)

    def add_failure(self, claim: PaymentFailed, sign: int) -> None:
        """Add a failed payment, or take it back."""
        series = self._failures.get(claim.method)
        if series is None:  # which the configuration no longer names
            series = self._failures["other"]
        self._aggregates.counts.cells_of_weight(sign).append(series + claim.time // US_PER_HOUR)

    def add_stockout(self, claim: StockMissed, sign: int) -> None:
        """Add a product that was wanted and missing, or take it back."""
        self._aggregates.counts.cells_of_weight(sign).append(self._stockouts + claim.time // US_PER_HOUR)
