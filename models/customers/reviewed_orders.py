"""The delivered orders of customers that a review is about (docs/metrics.md, "Further metrics").

An order is counted in the event hour that ends its 30 days after the delivery, so that the customer of every
counted order had the full time to write a review.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from models.aggregation.aggregates import Aggregates
from models.customers.customer import Customer
from models.definitions.windows import US_PER_HOUR
from models.entities.orders import Order
from models.facts.claims import Removed, ReviewClaim, rank

#: Time after the delivery in which a review counts.
REVIEW_HOURS: Final = 720
REVIEW_US: Final = REVIEW_HOURS * US_PER_HOUR


class OrderReview(NamedTuple):
    """What a review states about an order.

    Attributes:
        order_id: id of the order.
        submitted: time of the first version, microseconds since the epoch.
    """

    order_id: str
    submitted: int


def order_review(
    claims: Sequence[ReviewClaim], orders_named: Mapping[tuple[int, str], str]
) -> OrderReview | None:
    """Return the order of a review. None if the review was removed, or names no order.

    Args:
        claims: the claims of one review.
        orders_named: time and id of a version -> the order that it names.
    """
    if any(isinstance(claim, Removed) for claim in claims):
        return None
    naming = [claim for claim in claims if (claim.time, claim.id) in orders_named]
    if not naming:
        return None
    latest = max(naming, key=rank)
    return OrderReview(orders_named[latest.time, latest.id], min(claim.time for claim in claims))


class ReviewedOrderAggregator:
    """Applies delivered orders, and whether they have a review, to a partition's aggregates.

    Args:
        aggregates: the partition's aggregates.
    """

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates
        self._delivered = aggregates.count("review_delivered")
        self._reviewed = aggregates.count("review_reviewed")

    def add_order(self, customer: Customer, order_id: str, order: Order | None, sign: int) -> None:
        """Apply an order of a customer whose reviews are applied (`sign` 1), or retract it (-1)."""
        delivered = _counted_delivery(order)
        if delivered is None:
            return
        self._add(self._delivered, delivered, sign)
        if _has_review(delivered, order_id, _reviews(customer)):
            self._add(self._reviewed, delivered, sign)

    def replace_order(self, customer: Customer, order_id: str, old: Order | None, new: Order | None) -> None:
        """Retract an order as it was, and apply it as it is. None: there is no order."""
        if _counted_delivery(old) != _counted_delivery(new):
            self.add_order(customer, order_id, old, -1)
            self.add_order(customer, order_id, new, 1)

    def replace_review(self, customer: Customer, review_id: str, claims: Sequence[ReviewClaim]) -> None:
        """Replace a review of a customer. Call it before the customer's claims about the review change."""
        named = customer.facts.review_orders
        old = order_review(customer.facts.reviews.get(review_id, ()), named)
        new = order_review(claims, named)
        if old == new:
            return
        others = list(_reviews(customer, without=review_id))
        for order_id in {review.order_id for review in (old, new) if review is not None}:
            delivered = _counted_delivery(customer.order(order_id))
            if delivered is not None:
                before, after = (_has_review(delivered, order_id, [*others, review]) for review in (old, new))
                if before != after:
                    self._add(self._reviewed, delivered, 1 if after else -1)

    def _add(self, series: int, delivered: int, sign: int) -> None:
        cells = self._aggregates.counts.cells_of_weight(sign)
        cells.append(series + delivered // US_PER_HOUR + REVIEW_HOURS)


def _counted_delivery(order: Order | None) -> int | None:
    """Return the time of the delivery of an order that counts, microseconds. None for any other one."""
    return order.delivered if order is not None and order.qualifying else None


def _reviews(customer: Customer, without: str | None = None) -> Iterable[OrderReview | None]:
    named = customer.facts.review_orders
    if not named:
        return ()
    reviews = customer.facts.reviews
    return (order_review(claims, named) for review_id, claims in reviews.items() if review_id != without)


def _has_review(delivered: int, order_id: str, reviews: Iterable[OrderReview | None]) -> bool:
    return any(
        review is not None and review.order_id == order_id and review.submitted <= delivered + REVIEW_US
        for review in reviews
    )
