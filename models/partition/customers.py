"""The customers of a partition at the partition's clock."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from models.customers.cache import CustomerCache
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_HOUR, NEVER_US, TIMELESS, US_PER_HOUR, between, horizon_start
from models.facts.claim_types import EVENT_TYPE_OF
from models.facts.claims import LinePlaced
from models.facts.conflicts import Conflicts, conflicting_ids, may_conflict, new_contents, without_superseded
from models.facts.control import KeptOrder
from models.facts.fact import Fact, decode_fact
from models.facts.fact_log import FactLog
from models.facts.first_order import kept_order
from models.facts.log_pages import LogEntry
from models.facts.origins import original_event_id, with_origin, with_origins
from models.identity.links import facts_since, without_erased
from models.outputs import EmitSchedule
from models.partition.cross_partition import CrossPartition
from models.partition.future_facts import FutureFacts
from models.partition.metadata import PartitionMetadata
from models.partition.updates import Updates


class PartitionCustomers:
    """The customers of a partition, and the aggregates of all of them.

    The facts of a customer are in the fact log. A fact ahead of the clock is a future fact. All other facts
    within the horizon are visible, and the aggregates hold their contributions.

    Args:
        definitions: the shop's definitions.
        fact_log: the fact logs of all customers.
        metadata: holds the clock.
        cross_partition: notifies other partitions of changed referrals.
        is_live: whether the aggregates are up to date, as the attribute.

    Attributes:
        conflicts: conflicting duplicates since they were last drained.
        definitions: the shop's definitions.
        horizon: oldest time within the horizon, microseconds since the epoch.
        is_live: whether the aggregates equal the contributions of all visible facts; False in bootstrap mode.
        on_superseded: receives a key, and its log before and after a content that supersedes another one.
        schedule: customers to check for outputs.
        updates: incremental updates of the aggregates.
    """

    def __init__(
        self,
        definitions: Definitions,
        fact_log: FactLog,
        metadata: PartitionMetadata,
        cross_partition: CrossPartition,
        cached: int | None,
        *,
        is_live: bool,
    ) -> None:
        self.is_live = is_live
        self.conflicts = Conflicts()
        self.on_superseded: Callable[[bytes, list[Fact], list[Fact]], None] = lambda *_: None
        self.schedule = EmitSchedule(fact_log.customers)
        self._fact_log = fact_log
        self.definitions = definitions
        self._metadata = metadata
        self._cross_partition = cross_partition
        self._with_details = any(segment.needs_details for segment in definitions.segments)
        self._cache = CustomerCache(self._visible_facts, cached, with_details=self._with_details)
        self._future_facts = FutureFacts()
        # Event hour of the oldest claim -> customers. An entry is ignored if the customer has an older claim
        # by then.
        self._expiries: dict[int, list[bytes]] = {}
        self.reset_aggregates()

    def reset_aggregates(self) -> None:
        """Replace the aggregates by empty ones at the clock."""
        self.updates = Updates(self.definitions, self._metadata.now)
        self.advance_horizon()

    def go_live(self) -> None:
        """End bootstrap mode: from now on, facts update the aggregates."""
        self.is_live = True

    def advance_horizon(self) -> None:
        """Set the horizon by the clock."""
        self.horizon = horizon_start(self._metadata.now, self.definitions.horizon_days)

    def in_horizon(self, time: int) -> bool:
        """Return whether a time (microseconds since the epoch) is within the horizon."""
        return time >= self.horizon

    # Lookups.

    def customer(self, key: bytes) -> Customer:
        """Return a customer for an update."""
        return self._cache.get(key)

    def peek(self, key: bytes) -> Customer:
        """Return a customer to read once, which leaves the cache unchanged."""
        return self._cache.peek(key)

    def decode(self, key: bytes) -> Customer:
        """Return a customer decoded anew, which later updates leave unchanged."""
        return Customer(key, CustomerFacts.of(key, self._visible_facts(key)))

    def facts(self, key: bytes) -> tuple[list[Fact], list[Fact]]:
        """Return the visible and the future facts of a customer, without control facts."""
        facts, future = self._visible_facts(key), self._future_facts.of(key)
        if CustomerFacts(facts).is_merged:
            facts, future = [with_origins(each, key.decode()) for each in (facts, future)]
        return [fact for fact in facts if fact.claim.time != TIMELESS], future

    def fact_log(self, key: bytes) -> list[Fact]:
        """Return the fact log of a customer."""
        return self._fact_log.read(key)

    def future_mentions(self, identity: str) -> list[bytes]:
        """Return the customers whose future facts mention another customer."""
        return self._future_facts.mentioning(identity)

    def _visible_facts(self, key: bytes) -> list[Fact]:
        return self._future_facts.visible(key, self._fact_log.read(key))

    # Changes of one customer.

    def process(self, key: bytes, fact: Fact, encoded: bytes) -> bool:
        """Process a fact within the horizon, in live mode.

        Returns:
            False if the fact is known already.
        """
        customer = self._cache.get(key)  # decoded before the fact is in the log
        known = self._fact_log.append(((key, fact.claim.id, encoded),))
        if known.duplicates:
            return False
        if known.differing:
            return not self.add_contents(key, [fact])
        if fact.claim.time > self._metadata.now:
            self._future_facts.add(key, fact)
        else:
            self._make_visible(key, customer, fact)
        return True

    def append(self, entries: Iterable[LogEntry]) -> int:
        """Append facts to their logs, in bootstrap mode, and return the number of those that are known."""
        known = self._fact_log.append(entries)
        differing: defaultdict[bytes, list[Fact]] = defaultdict(list)
        for key, _, encoded in known.differing:
            differing[key].append(decode_fact(encoded))
        return known.duplicates + sum(self.add_contents(*of_one) for of_one in differing.items())

    def add_contents(self, key: bytes, contents: Sequence[Fact]) -> int:
        """Add other contents of events that a customer's log has, as far as they count.

        Returns:
            The number of contents that the log has already.
        """
        facts = self._fact_log.read(key)
        facts = without_erased(facts, self._cross_partition.erased_in(facts))
        found = new_contents(facts, contents)
        for fact in found:
            self._count_conflict(fact)
        kept = without_superseded([*facts, *found], self._metadata.now, key.decode())
        if {id(fact) for fact in kept} != {id(fact) for fact in facts}:
            self.replace_log(key, kept)
            self.on_superseded(key, facts, kept)
        return len(contents) - len(found)

    def _count_conflict(self, fact: Fact) -> None:
        event_id = original_event_id(fact.claim.id) or fact.claim.id
        self.conflicts.add(EVENT_TYPE_OF[type(fact.claim)], event_id)

    def apply(self, customer: Customer, fact: Fact) -> None:
        """Apply a fact to the aggregates, and schedule its expiry."""
        if customer.facts.links is not None and customer.facts.is_merged:  # nearly none has links
            fact = with_origin(fact, customer.key.decode())
        self.schedule_expiry(customer, fact.claim.time)
        self.updates.apply(customer, fact)
        if isinstance(fact.claim, LinePlaced) and fact.claim in customer.lines_left_out(fact.entity):
            self._count_conflict(fact)

    def _make_visible(self, key: bytes, customer: Customer, fact: Fact) -> None:
        self.apply(customer, fact)
        self.schedule.mark_dirty(key)
        if customer.facts.links is not None:
            self._cross_partition.notify_of(customer, fact)

    def add_identity(self, key: bytes, fact: Fact, identity: str) -> None:
        """Add an identity to a customer, in live mode, with the control fact that states it."""
        customer = self._cache.get(key)  # decoded before the fact is in the log
        is_merged = customer.facts.is_merged
        self.append_control_fact(key, fact)
        if is_merged:
            self.updates.add_identity(customer, identity)
            self.schedule.mark_dirty(key)
            self._cross_partition.notify_referrers(customer)
        else:  # the claims get their origins
            self.replace_log(key, self._fact_log.read(key))

    def append_control_fact(self, key: bytes, fact: Fact) -> None:
        """Append a control fact to a customer's fact log."""
        self._fact_log.append_control_fact(key, fact)

    def rewrite_log(self, key: bytes, facts: list[Fact]) -> None:
        """Replace the fact log of a customer. The caller applies what changes by that."""
        self._fact_log.rewrite(key, facts)

    def apply_kept_order(self, customer: Customer, kept: KeptOrder) -> None:
        """Apply that a customer's first order lies beyond the horizon."""
        self.updates.keep_order(customer, kept)
        if customer.facts.event_count:
            self.schedule.mark_dirty(customer.key)

    def apply_kept_attributes(self, customer: Customer) -> None:
        """Apply the attributes that a customer's fact log keeps from beyond the horizon."""
        self.updates.keep_attributes(customer, self._fact_log.read(customer.key))

    def replace_log(self, key: bytes, facts: list[Fact]) -> None:
        """Replace the fact log of a customer, and in live mode its contributions."""
        if self.is_live:
            self.updates.expire(self._cache.get(key), NEVER_US)
            self.schedule.mark_dirty(key)
        self._future_facts.remove(key)
        self._cache.remove(key)
        self._fact_log.rewrite(key, facts)
        if self.is_live and facts:
            self.restore(key)
            self._cross_partition.notify_referrers(self.customer(key))

    def schedule_expiry(self, customer: Customer, time: int) -> None:
        """Schedule a customer's expiry for when a time (microseconds since the epoch) leaves the horizon."""
        at = time // US_PER_HOUR
        if at < customer.facts.earliest_hour:
            customer.facts.earliest_hour = at
            self._expiries.setdefault(at, []).append(customer.key)

    # Restore.

    def restore_variants_if_short(self) -> None:
        """Count other experiments and variants by name, if some of the smallest are no longer in use.

        This visits all customers. It happens only if there are names beyond the limit, and one within it has
        left the horizon or was taken back.
        """
        if self.updates.customers.reset_variants_if_short():
            for key in self._fact_log.customers():
                self.updates.customers.restore_variants(self._cache.peek(key))

    def restore(self, key: bytes) -> Customer | None:
        """Apply all facts of a customer from the fact log.

        Returns:
            None if no fact of the customer is visible.
        """
        facts = self._fact_log.read(key)
        if may_conflict(facts):
            facts = self._without_superseded(key, facts)
        if self._metadata.latest > self._metadata.now:
            facts = self._future_facts.buffer(key, facts, self._metadata.now)
        by_entity = CustomerFacts(facts, with_details=self._with_details)
        unwanted = by_entity.kept_order is not None and not self.definitions.keep_first_order
        if unwanted or by_entity.earliest_hour * US_PER_HOUR < self.horizon:
            facts = self._facts_since(key, facts)
            self._fact_log.rewrite(key, [*facts, *self._future_facts.of(key)])
            by_entity = CustomerFacts(facts, with_details=self._with_details)
        if by_entity.links is not None or key in self._future_facts:
            erased = self._cross_partition.erased_in(self._fact_log.read(key))
            if erased:
                self._remove_references(key, erased)
                facts = without_erased(facts, erased)
                by_entity = CustomerFacts(facts, with_details=self._with_details)
        if by_entity.earliest_hour == NEVER_HOUR:
            return None
        return self._add_restored(key, facts, by_entity)

    def _without_superseded(self, key: bytes, facts: list[Fact]) -> list[Fact]:
        """Drop the facts that others of their event supersede since the clock has advanced."""
        kept = without_superseded(facts, self._metadata.now, key.decode())
        if kept != facts:
            self._fact_log.rewrite(key, kept)
            self.on_superseded(key, facts, kept)
        self._future_facts.record_conflicts(key, conflicting_ids(kept))
        return kept

    def _add_restored(self, key: bytes, facts: list[Fact], by_entity: CustomerFacts) -> Customer:
        if by_entity.is_merged:
            by_entity = CustomerFacts.of(key, facts, with_details=self._with_details)
        customer = Customer(key, by_entity)
        self.updates.restore(customer)
        self._cache.pack_exposures(customer)
        self._expiries.setdefault(by_entity.earliest_hour, []).append(key)
        if by_entity.links is not None:
            self._cross_partition.add_mentions(key, facts)
        return customer

    def _remove_references(self, key: bytes, erased: set[str]) -> None:
        self._fact_log.rewrite(key, without_erased(self._fact_log.read(key), erased))
        self._future_facts.remove_references(key, erased)

    # Time.

    def follow_clock(self, before: int) -> None:
        """Apply all that changes because the clock has advanced, in live mode.

        Args:
            before: the clock before, microseconds since the epoch.
        """
        now = self._metadata.now
        # Timers first: they retract contributions as of `before`, which later updates would replace.
        for due in self.updates.advance_to(now):
            self.updates.on_timer(self._cache.get(due.key), due, before)
        for key in self._future_facts.pop_due_customers(now):
            customer = self._cache.get(key)
            visible = self._future_facts.pop_due(key, now)
            if self._future_facts.any_conflicting(key, visible):
                self.replace_log(key, self._fact_log.read(key))
                continue
            for fact in visible:
                self._make_visible(key, customer, fact)
        self._expire()

    def _expire(self) -> None:
        """Retract all claims that have left the horizon."""
        before = self.horizon
        self.advance_horizon()
        for at in between(self._expiries, before // US_PER_HOUR, self.horizon // US_PER_HOUR):
            for key in self._expiries.pop(at):
                customer = self._cache.get(key)
                if customer.facts.earliest_hour == at:
                    self._expire_customer(key, customer)

    def _facts_since(self, key: bytes, facts: list[Fact]) -> list[Fact]:
        return facts_since(facts, self.horizon, key.decode(), self.definitions)

    def _expire_customer(self, key: bytes, customer: Customer) -> None:
        facts = self._facts_since(key, self._fact_log.read(key))
        kept = kept_order(facts, self.horizon, key.decode())
        self.updates.keep_attributes(customer, facts)
        self.updates.expire(customer, self.horizon)
        if kept is not None and kept != customer.facts.kept_order:
            self.apply_kept_order(customer, kept)
        self.schedule.mark_dirty(key)
        self._fact_log.rewrite(key, facts)
        self._cross_partition.notify_referrers(customer)
        if customer.facts.earliest_hour != NEVER_HOUR:
            self._expiries.setdefault(customer.facts.earliest_hour, []).append(key)
        elif key not in self._fact_log.rows:
            self._cache.remove(key)
