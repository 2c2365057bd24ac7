"""A customer's first order beyond the horizon, which is kept for good (docs/metrics.md, "First order")."""

from collections.abc import Iterable

from models.facts.claims import PlacingClaim
from models.facts.control import KeptOrder
from models.facts.details import DETAIL_FIELDS
from models.facts.fact import Fact
from models.facts.origins import kept_order_rank

_COUPON = DETAIL_FIELDS.index("coupon")


def kept_order(facts: Iterable[Fact], since: int, customer_id: str) -> KeptOrder | None:
    """Return the first order of a fact log that was placed before `since`; None without one.

    Lines of an amount of 0 or more count as `order.placed` events do, also of an order that has such an
    event: it may be known no longer.

    Args:
        facts: the fact log, with the order that was kept before.
        since: microseconds since the epoch.
        customer_id: id of the customer whose log it is.
    """
    kept = None
    for fact in facts:
        if type(fact.claim) is KeptOrder:
            kept = earlier(kept, fact.claim, customer_id)
        elif fact.time < since and places_order(fact.claim):
            kept = earlier(kept, kept_order_of(fact), customer_id)
    return kept


def places_order(claim: object) -> bool:
    """Return whether a claim can begin an order: an `order.placed`, or a line of an amount of 0 or more."""
    return isinstance(claim, PlacingClaim) and claim.amount >= 0


def kept_order_of(fact: Fact) -> KeptOrder:
    """Return what is kept of the order that a fact places.

    Raises:
        TypeError: the fact places no order.
    """
    claim = fact.claim
    if not isinstance(claim, PlacingClaim):
        raise TypeError(f"{type(claim).__name__} places no order")
    return KeptOrder(
        at=claim.time,
        event=claim.id,
        channel=claim.channel,
        coupon=_COUPON in (fact.details or {}),
        referrer=claim.referrer is not None,
    )


def earlier(one: KeptOrder | None, other: KeptOrder, customer_id: str) -> KeptOrder:
    """Return the earlier of two kept orders in a customer's log."""
    if one is None or kept_order_rank(other, customer_id) < kept_order_rank(one, customer_id):
        return other
    return one
