"""A customer's first order beyond the horizon, which is kept for good (docs/metrics.md, "First order")."""

from collections.abc import Iterable

from models.facts.claims import LinePlaced, Placed
from models.facts.control import KeptOrder
from models.facts.details import DETAIL_FIELDS
from models.facts.fact import Fact

_COUPON = DETAIL_FIELDS.index("coupon")


def kept_order(facts: Iterable[Fact], since: int) -> KeptOrder | None:
    """Return the first order of a fact log that was placed before `since`; None without one.

    An order is placed by its first `order.placed` event, or without any by its first line.

    Args:
        facts: the fact log, with the order that was kept before.
        since: microseconds since the epoch.
    """
    kept = None
    placed, lines, unexpired = [], [], set()
    for fact in facts:
        claim = fact.claim
        if type(claim) is KeptOrder:
            kept = earlier(kept, claim)
        elif type(claim) is Placed:
            placed.append(fact)
            unexpired.add(fact.entity)
        elif type(claim) is LinePlaced and claim.amount >= 0:
            lines.append(fact)
    for fact in [*placed, *[line for line in lines if line.entity not in unexpired]]:
        if fact.time < since:
            kept = earlier(kept, kept_order_of(fact))
    return kept


def kept_order_of(fact: Fact) -> KeptOrder:
    """Return what is kept of the order that a fact places.

    Raises:
        TypeError: the fact places no order.
    """
    claim = fact.claim
    if not isinstance(claim, Placed | LinePlaced):
        raise TypeError(f"{type(claim).__name__} places no order")
    return KeptOrder(
        at=claim.time,
        event=claim.id,
        channel=claim.channel,
        coupon=_COUPON in (fact.details or {}),
        referrer=claim.referrer is not None,
    )


def earlier(one: KeptOrder | None, other: KeptOrder) -> KeptOrder:
    """Return the earlier of two kept orders."""
    return other if one is None or other.rank < one.rank else one
