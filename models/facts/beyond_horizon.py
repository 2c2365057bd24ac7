"""The events that are kept in part beyond the horizon: placed orders and attributes of customers.

docs/metrics.md, "First order" and "Segments".
"""

from models.facts.attributes import attributes_of
from models.facts.claims import CustomerUpdated
from models.facts.fact import Fact
from models.facts.first_order import kept_order_of, places_order


def may_be_kept(claim: object) -> bool:
    """Return whether a part of a claim's event may be kept beyond the horizon."""
    return places_order(claim) or type(claim) is CustomerUpdated


def kept_beyond_horizon(fact: Fact, *, keep_first_order: bool) -> Fact | None:
    """Return the control fact that keeps a part of an event beyond the horizon; None if none is kept.

    Args:
        fact: the event's fact.
        keep_first_order: whether the first order of a customer is kept.
    """
    if type(fact.claim) is CustomerUpdated:
        return Fact("", attributes_of(fact))
    if keep_first_order and places_order(fact.claim):
        return Fact("", kept_order_of(fact))
    return None
