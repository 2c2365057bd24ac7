"""The origin of an event: the identity that the event names, joined to the event's id.

Two merged identities may have numbered their events alike. The log of a merged customer therefore has the
events of other identities under ids with their origin, and the events of the canonical id under their own
ids. So no id changes when a customer gets its first alias.

Once a merged customer is decoded, every claim has its origin, and claims of equal time and id are ordered by
identity (docs/metrics.md, "Definitions"). A customer that was never merged has no origins.
"""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from models.facts.control import ControlFact, KeptAttributes, KeptOrder
from models.facts.fact import Fact

#: Separates the id of an event from its origin. It is smaller than any other character, so that ids compare
#: as if their origins were a field of their own.
_SEPARATOR: Final = "\0"


def reassigned(fact: Fact, identity: str, to: str) -> Fact:
    """Return a fact of one identity's log as it is stored in the log of the canonical id `to`."""
    claim = fact.claim
    if isinstance(claim, KeptOrder | KeptAttributes):
        return replace(fact, claim=replace(claim, event=_moved(claim.event, identity, to)))
    if isinstance(claim, ControlFact):
        return fact
    return replace(fact, claim=replace(claim, id=_moved(claim.id, identity, to)))


def with_origin(fact: Fact, identity: str) -> Fact:
    """Return a fact of the log of `identity` under an id with its origin. A control fact is unchanged."""
    if isinstance(fact.claim, ControlFact):
        return fact
    return replace(fact, claim=replace(fact.claim, id=id_with_origin(fact.claim.id, identity)))


def with_origins(facts: Iterable[Fact], identity: str) -> list[Fact]:
    """Return the facts of the log of `identity`, each as `with_origin` does."""
    return [with_origin(fact, identity) for fact in facts]


def kept_order_rank(kept: KeptOrder, identity: str) -> tuple[int, str, str, bool, bool]:
    """Return the key by which the first of the orders beyond the horizon is found in the log of `identity`.

    It is the time, the event id and the origin. Of several contents with these, the smallest is kept.
    """
    return kept.at, id_with_origin(kept.event, identity), kept.channel, kept.coupon, kept.referrer


def without_own_origin(event_id: str, identity: str) -> str:
    """Return an event id as the log of `identity` has it: without the origin, if that is the identity."""
    return event_id.removesuffix(_SEPARATOR + identity)


def has_origin(event_id: str) -> bool:
    """Return whether an event id of a log has the origin of another identity than the log's."""
    return _SEPARATOR in event_id


def original_event_id(event_id: str | None) -> str | None:
    """Return the event's original id, without an origin; None for None."""
    return None if event_id is None else event_id.partition(_SEPARATOR)[0]


def id_with_origin(event_id: str, identity: str) -> str:
    """Return an id of the log of `identity` with its origin."""
    return event_id if _SEPARATOR in event_id else event_id + _SEPARATOR + identity


def _moved(event_id: str, identity: str, to: str) -> str:
    return without_own_origin(id_with_origin(event_id, identity), to)
