"""The links between customers in a fact log: merged identities, and orders that name a referrer.

Other partitions learn of links by control facts (`models.facts.control.ControlFact`), which they store in the
fact log of the customer concerned. Hardly any customer has links.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from models.definitions.definitions import Definitions
from models.definitions.segments import customer_attributes
from models.definitions.windows import NEVER_US
from models.facts.attributes import kept_attributes
from models.facts.claims import PlacingClaim
from models.facts.control import (
    AliasAdded,
    KeptAttributes,
    KeptOrder,
    Referred,
    SentReferral,
    StoredControlFact,
    SupersededOrder,
)
from models.facts.fact import Fact
from models.facts.first_order import kept_order

#: Replaces the referrer of an order after the referrer was erased. No customer has this id.
ERASED_REFERRER = ""


class OrderReferral(NamedTuple):
    """An order that names a referrer.

    Attributes:
        referrer: id that the order names, as in the event.
        placed_at: time of the order, microseconds since the epoch.
    """

    referrer: str
    placed_at: int


class CustomerLinks:
    """One customer's links to other customers.

    Attributes:
        identities: the customer's other ids, which merges have made one with the canonical id.
        orders_with_referrer: ids of the customer's orders of which a claim names a referrer.
        referrals: (buyer, order id) -> latest message about an order that names this customer as the
            referrer.
        sent_referrals: order id -> the referral that the referrer was last sent, while it is active.
        superseded_order: the first order event within the horizon that another content supersedes.
    """

    __slots__ = ("identities", "orders_with_referrer", "referrals", "sent_referrals", "superseded_order")

    def __init__(self) -> None:
        self.identities: set[str] = set()
        self.referrals: dict[tuple[str, str], Referred] = {}
        self.orders_with_referrer: set[str] = set()
        self.sent_referrals: dict[str, OrderReferral] = {}
        self.superseded_order: SupersededOrder | None = None

    def add(self, entity: str, claim: StoredControlFact) -> None:
        """Apply a control fact of the customer's fact log, in the order of the log."""
        if type(claim) is Referred:
            known = self.referrals.get((claim.by, entity))
            if known is None or known.sequence < claim.sequence:
                self.referrals[claim.by, entity] = claim
        elif type(claim) is SentReferral:
            if claim.active:
                self.sent_referrals[entity] = OrderReferral(claim.referrer, claim.at)
            else:
                self.sent_referrals.pop(entity, None)
        elif type(claim) is AliasAdded:
            self.identities.add(claim.identity)
        elif type(claim) is SupersededOrder:
            self.superseded_order = claim

    @property
    def earliest(self) -> int:
        """The time of the oldest order that a control fact is about, microseconds; `NEVER_US` without one."""
        oldest = NEVER_US if self.superseded_order is None else self.superseded_order.at
        return min([oldest, *(each.at for each in self.referrals.values())])

    @property
    def referral_times(self) -> Iterator[int]:
        """The times of the orders that the customer has referred, microseconds since the epoch."""
        return (each.at for each in self.referrals.values() if each.active)

    def expire(self, since: int) -> None:
        """Remove the links about orders from before a time (microseconds since the epoch)."""
        self.referrals = {key: each for key, each in self.referrals.items() if each.at >= since}
        self.sent_referrals = {
            order: each for order, each in self.sent_referrals.items() if each.placed_at >= since
        }
        if self.superseded_order is not None and self.superseded_order.at < since:
            self.superseded_order = None

    def control_facts(self) -> Iterator[Fact]:
        """Yield the control facts that restore these links, except `orders_with_referrer`."""
        for identity in self.identities:
            yield Fact("", AliasAdded(identity=identity))
        for (_, order), referred in self.referrals.items():
            yield Fact(order, referred)
        for order, sent in self.sent_referrals.items():
            yield Fact(order, SentReferral(referrer=sent.referrer, at=sent.placed_at, active=True))
        if self.superseded_order is not None:
            yield Fact("", self.superseded_order)


def links_of(facts: Iterable[Fact]) -> CustomerLinks:
    """Return the links that the control facts of a fact log make, without `orders_with_referrer`."""
    links = CustomerLinks()
    for fact in facts:
        claim = fact.claim
        if (
            isinstance(claim, StoredControlFact)
            and type(claim) is not KeptOrder
            and not isinstance(claim, KeptAttributes)
        ):
            links.add(fact.entity, claim)
    return links


def facts_since(facts: Sequence[Fact], since: int, customer_id: str, definitions: Definitions) -> list[Fact]:
    """Return a fact log without facts about times before `since`, and without superseded control facts.

    Args:
        facts: the fact log.
        since: microseconds since the epoch.
        customer_id: id of the customer.
        definitions: whether to keep the first of the orders before `since`, and which attributes.
    """
    kept = kept_order(facts, since, customer_id) if definitions.keep_first_order else None
    events = [fact for fact in facts if fact.time >= since]
    links = links_of(facts)
    links.expire(since)
    attributes = kept_attributes(facts, since, customer_id, customer_attributes(definitions.segments))
    return [*events, *links.control_facts(), *attributes, *([] if kept is None else [Fact("", kept)])]


def linked_customers(facts: Iterable[Fact]) -> set[str]:
    """Return the ids of the referrers, and of the buyers that name this customer, in a fact log."""
    found = set()
    for fact in facts:
        claim = fact.claim
        if isinstance(claim, PlacingClaim) and claim.referrer:
            found.add(claim.referrer)
        elif type(claim) is Referred:
            found.add(claim.by)
    return found


def without_erased(facts: Iterable[Fact], erased: set[str]) -> list[Fact]:
    """Return the fact log without references to erased customers.

    Orders that an erased customer referred stay referred, by `ERASED_REFERRER`
    (docs/metrics.md, "Merged and erased").
    """
    found = []
    for fact in facts:
        claim = fact.claim
        if isinstance(claim, PlacingClaim) and claim.referrer in erased:
            found.append(without_referrer(fact))
        elif not (
            (type(claim) is Referred and claim.by in erased)
            or (type(claim) is SentReferral and claim.referrer in erased)
        ):
            found.append(fact)
    return found


def without_referrer(fact: Fact) -> Fact:
    """Return the fact of a placed order with its referrer replaced by `ERASED_REFERRER`."""
    return replace(fact, claim=replace(fact.claim, referrer=ERASED_REFERRER))
