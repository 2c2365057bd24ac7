"""Carts, failed payments and missing stock, applied to the aggregates (docs/metrics.md, "Carts")."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from models.aggregation.aggregates import Aggregates, methods_of
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_HOUR
from models.facts.claims import CheckoutStarted, PaymentFailed, StockMissed

#: A cart without an order this long after its last activity is abandoned, microseconds. A later order
#: recovers it.
ABANDONED_AFTER_US: Final = US_PER_HOUR


class Cart(Struct, frozen=True, gc=False):
    """A cart whose checkout was started. Times are in microseconds.

    Attributes:
        started: time of the first `checkout.started`.
        active: time of the last `checkout.started`.
        ordered: time of the earliest `order.placed` that names the cart. None without one.
    """

    started: int
    active: int
    ordered: int | None


def derive(claims: Sequence[CheckoutStarted], orders: Sequence[int]) -> Cart | None:
    """Return the cart that the claims of one `cart_id` make, or None without claims.

    Args:
        claims: the claims.
        orders: times of the orders that name the cart, microseconds.
    """
    if not claims:
        return None
    ordered = min(orders) if orders else None
    if len(claims) == 1:
        time = claims[0].time
        return Cart(time, time, ordered)
    times = [claim.time for claim in claims]
    return Cart(min(times), max(times), ordered)


def abandoned_at(cart: Cart | None, now: int) -> int | None:
    """Return the time at which the cart becomes abandoned. None if it already is, or cannot become so."""
    if cart is None or cart.ordered is not None or cart.active + ABANDONED_AFTER_US <= now:
        return None
    return cart.active + ABANDONED_AFTER_US


class CartAggregator:
    """Applies carts, failed payments and missing stock to a partition's aggregates, and retracts them."""

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
        """Apply a cart as of `now` (`sign` 1), or retract it (-1)."""
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
        """Apply a failed payment (`sign` 1), or retract it (-1)."""
        series = self._failures.get(claim.method)
        if series is None:  # the configuration no longer names the method
            series = self._failures["other"]
        self._aggregates.counts.cells_of_weight(sign).append(series + claim.time // US_PER_HOUR)

    def add_stockout(self, claim: StockMissed, sign: int) -> None:
        """Apply a product that was out of stock (`sign` 1), or retract it (-1)."""
        self._aggregates.counts.cells_of_weight(sign).append(self._stockouts + claim.time // US_PER_HOUR)
