"""Apply the control facts that arrive from other partitions (docs/metrics.md, "Merged and erased")."""

from collections.abc import Sequence

from models.facts.control import (
    AliasAdded,
    Erase,
    IdentityErased,
    KeptAttributes,
    KeptOrder,
    Merge,
    Redirected,
    Referred,
    StoredControlFact,
    SupersededAttributes,
    SupersededOrder,
)
from models.facts.fact import Fact
from models.facts.first_order import as_kept, with_superseded_orders
from models.facts.origins import reassigned
from models.identity.links import linked_customers, without_erased
from models.partition.cross_partition import CrossPartition
from models.partition.customers import PartitionCustomers
from models.partition.kept_facts import KeptFacts


class ControlFacts:
    """Applies control facts to the customers of a partition.

    Args:
        customers: the partition's customers.
        cross_partition: redirects, erased ids and outgoing messages of the partition.
    """

    def __init__(self, customers: PartitionCustomers, cross_partition: CrossPartition) -> None:
        self._customers = customers
        self._kept = KeptFacts(customers)
        self._cross_partition = cross_partition

    def process(self, key: bytes, fact: Fact) -> None:
        """Apply a control fact.

        Args:
            key: key of the customer that it is addressed to.
            fact: the control fact.
        """
        claim = fact.claim
        cross_partition = self._cross_partition
        if isinstance(claim, StoredControlFact):
            self._store(key, fact, claim)
        elif type(claim) is Redirected:
            self._redirect(key, claim.to)
        elif type(claim) is IdentityErased:
            self._erase(claim.identity)
        elif type(claim) is Merge:
            cross_partition.send_all(cross_partition.registry.merge(claim))
        elif type(claim) is Erase:
            cross_partition.send_all(cross_partition.registry.erase(claim.customer))

    def resend_all(self) -> None:
        """Send all redirects and referrals again, to partitions that have lost their state."""
        cross_partition, customers = self._cross_partition, self._customers
        if cross_partition.has_registry:
            cross_partition.send_all(cross_partition.registry.all_redirects())
        if customers.is_live:
            for key in cross_partition.customers_with_links():
                cross_partition.notify_referrers(customers.customer(key), resend=True)

    def _store(self, key: bytes, fact: Fact, claim: StoredControlFact) -> None:
        """Apply a control fact that the customer's fact log keeps."""
        erased = self._cross_partition.erased
        to = self._cross_partition.canonical_id_of(key)
        if to is not None:
            self._cross_partition.send(to, reassigned(fact, key.decode(), to))
        elif key.decode() in erased:
            return
        elif type(claim) is AliasAdded:
            self._add_alias(key, fact, claim)
        elif type(claim) is SupersededOrder and self._customers.in_horizon(claim.at):
            facts = self._customers.fact_log(key)
            self._keep_superseded(key, with_superseded_orders(facts, [claim], key.decode()))
        elif isinstance(claim, KeptOrder):
            self._kept.keep_order(key, as_kept(claim))
        elif type(claim) is SupersededAttributes and self._customers.in_horizon(claim.at):
            facts = self._customers.fact_log(key)
            self._keep_superseded(key, facts if fact in facts else [*facts, fact])
        elif isinstance(claim, KeptAttributes):
            self._kept.keep_attributes(key, claim)
        elif type(claim) is Referred and claim.by not in erased and self._customers.in_horizon(claim.at):
            self._add_referral(key, fact, claim)

    def _keep_superseded(self, key: bytes, facts: Sequence[Fact]) -> None:
        """Store a customer's fact log with what another content of its event id supersedes."""
        customers = self._customers
        known = customers.fact_log(key)
        if list(facts) != known:
            if not known:
                customers.append_control_fact(key, facts[0])
            customers.replace_log(key, list(facts))

    def _add_alias(self, key: bytes, fact: Fact, claim: AliasAdded) -> None:
        customers = self._customers
        if not customers.is_live:
            customers.append_control_fact(key, fact)
            return
        links = customers.customer(key).facts.links
        if links is None or claim.identity not in links.identities:
            customers.add_identity(key, fact, claim.identity)

    def _add_referral(self, key: bytes, fact: Fact, claim: Referred) -> None:
        customers = self._customers
        if not customers.is_live:
            customers.append_control_fact(key, fact)
            return
        customer = customers.customer(key)
        links = customer.facts.links
        known = None if links is None else links.referrals.get((claim.by, fact.entity))
        if known is None or known.sequence < claim.sequence:
            customers.append_control_fact(key, fact)
            customers.schedule_expiry(customer, claim.at)
            customers.updates.add_referral(customer, fact.entity, claim)
            customers.schedule.mark_dirty(key)
            self._cross_partition.add_mention(key, claim.by)

    def _redirect(self, key: bytes, to: str) -> None:
        """Redirect an identity to its canonical id, and move its fact log there."""
        identity, cross_partition = key.decode(), self._cross_partition
        if identity in cross_partition.erased:
            return
        if to == identity:
            cross_partition.remove_redirect(key)
            return
        # Send the alias even if the redirect is known: the partition of the canonical id may have lost its
        # state.
        cross_partition.send(to, Fact("", AliasAdded(identity=identity)))
        if cross_partition.canonical_id_of(key) == to:
            return
        cross_partition.set_redirect(key, to)
        facts = self._customers.fact_log(key)
        if facts:
            self._customers.replace_log(key, [])
            cross_partition.move_log(identity, facts, to)

    def _erase(self, identity: str) -> None:
        """Erase an identity's fact log, and the references to it in other fact logs."""
        customers, key = self._customers, identity.encode()
        mentioning = self._cross_partition.erase(identity)
        if customers.fact_log(key):
            customers.replace_log(key, [])
        for other in {*mentioning, *customers.future_mentions(identity)}:
            facts = customers.fact_log(other)
            if identity in linked_customers(facts):  # the mention may have expired since
                customers.replace_log(other, without_erased(facts, {identity}))
