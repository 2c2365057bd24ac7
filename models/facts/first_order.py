"""A customer's first order beyond the horizon, which is kept for good (docs/metrics.md, "First order").

It is the first of all order events that were ever known. So an order event that another content of its id
supersedes stays in the log as a `SupersededOrder`, if it is the first of these.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import asdict

from models.definitions.windows import NEVER_US
from models.facts.claims import PlacingClaim
from models.facts.control import KeptOrder, SupersededOrder
from models.facts.details import COUPON
from models.facts.fact import Fact
from models.facts.origins import kept_order_rank


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
        claim = fact.claim
        if isinstance(claim, KeptOrder):
            if claim.at < since or type(claim) is KeptOrder:
                kept = earlier(kept, claim, customer_id)
        elif fact.time < since and places_order(claim):
            kept = earlier(kept, kept_order_of(fact), customer_id)
    return None if kept is None else as_kept(kept)


def as_kept(order: KeptOrder) -> KeptOrder:
    """Return a superseded order as a kept one."""
    return KeptOrder(**asdict(order)) if type(order) is SupersededOrder else order


def with_superseded_orders(
    facts: Sequence[Fact], orders: Iterable[KeptOrder], customer_id: str
) -> Sequence[Fact]:
    """Return a fact log with the first of some superseded orders, unless the log has an earlier order.

    Args:
        facts: the fact log.
        orders: orders whose events were superseded.
        customer_id: id of the customer whose log it is.
    """
    first = known = kept_order(facts, NEVER_US, customer_id)
    for order in orders:
        first = earlier(first, order, customer_id)
    if first is None or first is known:
        return facts
    others = [fact for fact in facts if type(fact.claim) is not SupersededOrder]
    return [*others, Fact("", SupersededOrder(**asdict(first)))]


def places_order(claim: object) -> bool:
    """Return whether a claim can begin an order: an `order.placed`, or a line of an amount of 0 or more."""
    return isinstance(claim, PlacingClaim) and claim.amount >= 0


def kept_order_of(fact: Fact) -> KeptOrder:
    """Return the control fact that keeps the order that a fact places.

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
        coupon=COUPON in (fact.details or {}),
        referrer=claim.referrer is not None,
    )


def earlier(one: KeptOrder | None, other: KeptOrder, customer_id: str) -> KeptOrder:
    """Return the earlier of two kept orders in a customer's log."""
    if one is None or kept_order_rank(other, customer_id) < kept_order_rank(one, customer_id):
        return other
    return one
