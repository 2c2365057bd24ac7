"""The links between the customers of one partition and those of others, and the messages about them.

The partition of the canonical id keeps the facts of a customer. This module holds the redirected identities
with their canonical ids, the erased identities, and the customers that mention other customers. It sends the
messages that follow from them.

A referrer is notified of each order that names it, and again when the order changes. The messages carry a
sequence number, since those about one customer may arrive by different ways after the customer was
redirected.

`models.partition.control_facts` applies the messages that arrive.
"""

from collections.abc import Iterable
from typing import NamedTuple

from models.customers.customer import Customer
from models.facts.claims import Completed, PlacingClaim, Reversed
from models.facts.control import Referred, SentReferral
from models.facts.fact import Fact
from models.facts.fact_log import FactLog
from models.facts.origins import reassigned
from models.identity.erased_ids import ErasedIds
from models.identity.links import OrderReferral, linked_customers, links_of, without_referrer
from models.identity.merge_registry import MERGE_KEY, REDIRECT_KEY, MergeRegistry
from models.identity.messages import Message
from models.partition.metadata import PartitionMetadata


class CrossPartition:
    """Redirects, erased ids, mentions and outgoing messages of a partition.

    Args:
        fact_log: the partition's rows, which also hold redirects, erased ids and merges.
        metadata: holds the sequence number of messages.

    Attributes:
        erased: the erased identities.
        must_filter: whether any identity was redirected or erased, so that facts must pass `filter`.
    """

    def __init__(self, fact_log: FactLog, metadata: PartitionMetadata) -> None:
        self._fact_log = fact_log
        self._metadata = metadata
        self._rows = fact_log.rows
        self._messages: list[Message] = []
        self._erased_count = 0
        self._registry: MergeRegistry | None = None
        prefix = len(REDIRECT_KEY)
        self._redirects = {
            key[prefix:]: to.decode() for key, to in self._rows.items() if key.startswith(REDIRECT_KEY)
        }
        # Mentioned id -> keys of the customers whose fact logs mention it.
        self._mentions: dict[str, set[bytes]] = {}
        self.erased = ErasedIds(self._rows, fact_log.dirty)
        self.must_filter = bool(self._redirects) or self.erased.holds_any

    @property
    def registry(self) -> MergeRegistry:
        """The merge registry, loaded at its first use. Only the first partition uses it."""
        if self._registry is None:
            self._registry = MergeRegistry(self._rows, self._fact_log.dirty, self.erased)
        return self._registry

    @property
    def has_registry(self) -> bool:
        """Whether this partition has any merges."""
        return self._registry is not None or any(key.startswith(MERGE_KEY) for key in self._rows)

    # Facts of events.

    def filter(self, key: bytes, fact: Fact) -> Fact | None:
        """Return the fact to process instead of a fact that arrived.

        A fact of a redirected identity is forwarded to the canonical id. A fact of an erased identity is
        dropped. An erased referrer is removed from an order.

        Returns:
            None if this partition does not process the fact.
        """
        to = self._redirects.get(key)
        if to is not None:
            self.send(to, reassigned(fact, key.decode(), to))
            return None
        if not self.erased.holds_any:
            return fact
        if key.decode() in self.erased:
            self._erased_count += 1
            return None
        claim = fact.claim
        if isinstance(claim, PlacingClaim) and claim.referrer and claim.referrer in self.erased:
            return without_referrer(fact)
        return fact

    def drain_erased_count(self) -> int:
        """Return the number of facts of erased customers dropped since the last call."""
        count, self._erased_count = self._erased_count, 0
        return count

    # Redirects.

    def canonical_id_of(self, key: bytes) -> str | None:
        """Return the canonical id that an identity is redirected to; None without a redirect."""
        return self._redirects.get(key)

    def set_redirect(self, key: bytes, to: str) -> None:
        """Redirect the facts of an identity to a canonical id."""
        self._redirects[key] = to
        self._rows[REDIRECT_KEY + key] = to.encode()
        self._fact_log.dirty[REDIRECT_KEY + key] = None
        self.must_filter = True

    def remove_redirect(self, key: bytes) -> None:
        """Remove the redirect of an identity, if it has one."""
        if self._redirects.pop(key, None) is not None:
            del self._rows[REDIRECT_KEY + key]
            self._fact_log.dirty[REDIRECT_KEY + key] = None

    def erase(self, identity: str) -> set[bytes]:
        """Record that an identity is erased, and return the customers that mention it."""
        self.erased.add(identity)
        self.must_filter = True
        self.remove_redirect(identity.encode())
        return self._mentions.pop(identity, set())

    # Mentions.

    def erased_in(self, facts: Iterable[Fact]) -> set[str]:
        """Return the erased customers that a fact log mentions."""
        if not self.erased.holds_any:
            return set()
        return {identity for identity in linked_customers(facts) if identity in self.erased}

    def add_mentions(self, key: bytes, facts: Iterable[Fact]) -> None:
        """Record the customers that a customer's fact log mentions."""
        for identity in linked_customers(facts):
            self.add_mention(key, identity)

    def add_mention(self, key: bytes, identity: str) -> None:
        """Record that a customer's fact log mentions another customer."""
        self._mentions.setdefault(identity, set()).add(key)

    def customers_with_links(self) -> list[bytes]:
        """Return the keys of the customers that mention others, sorted."""
        return sorted({key for keys in self._mentions.values() for key in keys})

    # Messages.

    def send(self, to: str | None, fact: Fact) -> None:
        """Queue a message.

        Args:
            to: customer id, whose partition receives the fact; None for all partitions.
            fact: the fact to send.
        """
        self._messages.append(Message(to, fact))

    def send_all(self, messages: Iterable[Message]) -> None:
        """Queue messages in their order."""
        self._messages += messages

    def drain_messages(self) -> list[Message]:
        """Remove and return the queued messages."""
        messages, self._messages = self._messages, []
        return messages

    def notify_of(self, customer: Customer, fact: Fact) -> None:
        """Notify the referrers of the orders that a newly visible fact is about."""
        claim = fact.claim
        order_ids: set[str] = {fact.entity}
        if isinstance(claim, PlacingClaim) and claim.referrer:
            self.add_mention(customer.key, claim.referrer)
        elif isinstance(claim, Completed | Reversed):
            order_ids = {each.order for each in customer.facts.refunds.get(fact.entity, ())}
        self.notify_referrers(customer, order_ids)

    def has_pending(self, customer: Customer, *, resend: bool) -> bool:
        """Return whether `notify_referrers` would send any message."""
        if customer.facts.links is None:
            return False
        return any(
            each.sent != each.current or (resend and each.current) for each in _referral_changes(customer)
        )

    def notify_referrers(
        self, customer: Customer, order_ids: set[str] | None = None, *, resend: bool = False
    ) -> None:
        """Send the referrers of a customer's orders the changes since the last message.

        Args:
            customer: buyer.
            order_ids: orders to compare; None for all orders.
            resend: send unchanged referrals too.
        """
        for order_id, sent, current in _referral_changes(customer, order_ids):
            if sent is not None and (current is None or current.referrer != sent.referrer):
                self._notify(customer, order_id, sent, active=False)
            if current is not None and (current != sent or resend):
                self._notify(customer, order_id, current, active=True)

    def withdraw_referrals(self, identity: str, facts: Iterable[Fact]) -> None:
        """Notify the referrers of an identity's orders that these are no longer referrals.

        Args:
            identity: buyer, whose facts move to another partition.
            facts: the identity's fact log.
        """
        for order_id, sent in links_of(facts).sent_referrals.items():
            self._send_referral(identity, order_id, sent, active=False)

    def _notify(self, customer: Customer, order_id: str, referral: OrderReferral, *, active: bool) -> None:
        self._send_referral(customer.key.decode(), order_id, referral, active=active)
        sent = SentReferral(referrer=referral.referrer, at=referral.placed_at, active=active)
        customer.facts.ensure_links().add(order_id, sent)
        self._fact_log.append_control_fact(customer.key, Fact(order_id, sent))

    def _send_referral(self, buyer: str, order_id: str, referral: OrderReferral, *, active: bool) -> None:
        self._metadata.sequence += 1
        claim = Referred(by=buyer, at=referral.placed_at, sequence=self._metadata.sequence, active=active)
        self.send(referral.referrer, Fact(order_id, claim))

    def move_log(self, identity: str, facts: Iterable[Fact], to: str) -> None:
        """Send the fact log of an identity to the partition of its canonical id."""
        self.withdraw_referrals(identity, facts)
        for fact in facts:
            if type(fact.claim) is not SentReferral:
                self.send(to, reassigned(fact, identity, to))


class _ReferralChange(NamedTuple):
    """The referral of an order as it was sent, and as it is now; None for no referral."""

    order_id: str
    sent: OrderReferral | None
    current: OrderReferral | None


def _referral_changes(customer: Customer, order_ids: set[str] | None = None) -> list[_ReferralChange]:
    """Return the referrals of a customer's orders that name a referrer, of all orders or of these."""
    links = customer.facts.links
    if links is None:
        return []
    # The event that named the referrer may be superseded by another content since.
    named = links.orders_with_referrer | links.sent_referrals.keys()
    chosen = named if order_ids is None else named & order_ids
    changes = []
    for order_id in sorted(chosen):
        order = customer.order(order_id)
        current = None
        if order is not None and order.qualifying and order.referrer:
            current = OrderReferral(order.referrer, order.time)
        changes.append(_ReferralChange(order_id, links.sent_referrals.get(order_id), current))
    return changes
