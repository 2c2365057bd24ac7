"""One partition of the customers as a state machine: facts in; aggregates, outputs and messages out.

The state is a set of rows: the fact logs of the customers (`models.facts.log_pages`) and the partition's
metadata. Everything else is derived from the rows.

A partition restored from rows is in bootstrap mode: `process` only appends facts to the fact logs, which is
fast. `build_aggregates` applies all rows once. The partition is live from then on: each fact changes the
aggregates by its difference, and they always equal the sum over all rows at the clock.
"""

from collections.abc import Iterable, Iterator

from models.aggregation.aggregates import PartialAggregate
from models.customers.customer import Customer
from models.definitions.definitions import Definitions
from models.definitions.windows import TIMELESS
from models.facts.beyond_horizon import kept_beyond_horizon, may_be_kept
from models.facts.conflicts import Conflicts
from models.facts.fact import Fact, encode_fact
from models.facts.fact_log import FactLog
from models.identity.messages import Message
from models.outputs import Output
from models.partition.build import build
from models.partition.control_facts import ControlFacts
from models.partition.cross_partition import CrossPartition
from models.partition.customers import PartitionCustomers
from models.partition.metadata import STATE_VERSION, PartitionMetadata
from models.partition.outputs import PartitionOutputs
from models.partition.published import PublishedValues
from models.partition.restatements import restatements
from models.partition.store import PartitionStore

__all__ = ["Addressed", "Partition"]

#: Key of a customer, a fact, and the fact as `encode_fact` returns it. A router that forwards facts has it
#: encoded.
Addressed = tuple[bytes, Fact, bytes]


class Partition:
    r"""The customers of one partition.

    Example:
        >>> from models.definitions.definitions import Definitions
        >>> from models.facts.claims import Placed
        >>> from models.facts.fact import Fact
        >>> from models.metrics.catalogue import compute
        >>> hour = 3_600_000_000  # microseconds
        >>> partition = Partition(Definitions(), {})
        >>> partition.advance(500_000 * hour)
        >>> order = Placed(499_999 * hour, "event-1", 2_500, "USD", "web")
        >>> partition.process_one("ada", Fact("order-1", order))
        True
        >>> partition.process_one("ada", Fact("order-1", order))  # a duplicate
        False
        >>> samples = compute([partition.evaluate(partition.now)], Definitions(), partition.now)
        >>> [s.value for s in samples if s.metric == "retention_orders" and s.labels["window"] == "30d"]
        [1]
        >>> [output.type for key in partition.due_for_output(10) for output in partition.emit(key)]
        ['retention.customer', 'retention.transition', 'retention.transition']
        >>> sorted(partition.take_changes())  # rows for the changelog: the customer and the metadata
        [b'ada', b'\xff\xff']

    Args:
        definitions: the shop's definitions.
        rows: key -> value as in the changelog, used and changed in place. With rows, or after `load`,
            `resume` must be called before anything else.
        cached: half the number of customers that stay decoded; None for that of a worker's partitions.
    """

    def __init__(self, definitions: Definitions, rows: dict[bytes, bytes], cached: int | None = None) -> None:
        self._definitions, self._cached = definitions, cached
        self._fact_log = FactLog(rows)
        self._store = PartitionStore(self._fact_log)
        self._start(self._store.metadata, is_live=True)

    def _start(self, metadata: PartitionMetadata, *, is_live: bool) -> None:
        metadata.version = STATE_VERSION
        fact_log, definitions = self._fact_log, self._definitions
        self._metadata = metadata
        self._cross_partition = CrossPartition(fact_log, metadata)
        self._customers = PartitionCustomers(
            definitions, fact_log, metadata, self._cross_partition, self._cached, is_live=is_live
        )
        self._control_facts = ControlFacts(self._customers, self._cross_partition)
        self._outputs = PartitionOutputs(definitions, fact_log, self._customers, metadata)
        self._restatements = restatements(definitions, fact_log, self._customers, metadata)

    @property
    def is_live(self) -> bool:
        """Whether the aggregates are up to date. False in bootstrap mode."""
        return self._customers.is_live

    @property
    def now(self) -> int:
        """The clock of the partition, microseconds since the epoch. It never decreases."""
        return self._metadata.now

    @property
    def stream_time(self) -> int:
        """The largest event time of all events but `customer.*` ones, microseconds since the epoch."""
        return self._metadata.stream_time

    @stream_time.setter
    def stream_time(self, time: int) -> None:
        self._metadata.stream_time = time

    @property
    def metadata(self) -> PartitionMetadata:
        """The state apart from the customers. What it records of the topics is used by its owner."""
        return self._metadata

    @property
    def published(self) -> PublishedValues:
        """In the first partition, the values of some series on the last days."""
        return PublishedValues(self._fact_log)

    @property
    def cross_partition(self) -> CrossPartition:
        """The links between the partition's customers and those of other partitions."""
        return self._cross_partition

    # Processing.

    def process(self, facts: Iterable[Addressed]) -> int:
        """Process facts; in bootstrap mode, only append them to the fact logs.

        Of facts older than the horizon, a customer's first order and latest attributes are kept. Facts ahead
        of the clock take effect when `advance` reaches their event times. They may come in any order.

        If facts of one event differ, `models.facts.conflicts` decides which one counts. The others are
        conflicting duplicates, which `drain_conflicts` returns.

        Returns:
            Number of facts that are known already.
        """
        if self._restatements is None:
            return self._process_all(facts)
        return self._restatements.process(facts, self._process_all)

    def _process_all(self, facts: Iterable[Addressed]) -> int:
        if not self._customers.is_live:
            return self._append(facts)
        return sum([not self._process(key, fact, encoded) for key, fact, encoded in facts])

    def process_one(self, customer_id: str, fact: Fact) -> bool:
        """Process one fact of a customer, as `process`.

        Returns:
            False if it is known already.
        """
        return not self.process([(customer_id.encode(), fact, encode_fact(fact))])

    def _append(self, facts: Iterable[Addressed]) -> int:
        cross_partition, append = self._cross_partition, self._customers.append
        observe, stream_time = self._metadata.observe, self._metadata.stream_time
        horizon, known = self._customers.horizon, 0
        entries: list[tuple[bytes, str, bytes]] = []
        for key, fact, encoded in facts:
            claim = fact.claim
            time = claim.time
            if time > stream_time:
                stream_time = observe(claim)
            if time < horizon:
                if time == TIMELESS or may_be_kept(claim):
                    known += append(entries)  # first, as the control fact may be about their customers
                    entries = []
                    self._process_timeless(key, fact)
            elif not cross_partition.must_filter:
                entries.append((key, claim.id, encoded))
            elif (filtered := cross_partition.filter(key, fact)) is not None:
                entries.append((key, claim.id, encoded if filtered is fact else encode_fact(filtered)))
        return known + append(entries)

    def _process(self, key: bytes, fact: Fact, encoded: bytes) -> bool:
        customers, cross_partition = self._customers, self._cross_partition
        time = fact.claim.time
        if time > self._metadata.stream_time:
            self._metadata.observe(fact.claim)
        if time < customers.horizon:
            self._process_timeless(key, fact)
            return True
        if cross_partition.must_filter:
            filtered = cross_partition.filter(key, fact)
            if filtered is None:
                return True
            if filtered is not fact:
                fact, encoded = filtered, encode_fact(filtered)
        return customers.process(key, fact, encoded)

    def _process_timeless(self, key: bytes, fact: Fact) -> None:
        """Process a fact whose time is not within the horizon: a control fact, or an event that is kept."""
        keep = self._definitions.keep_first_order
        kept = fact if fact.time == TIMELESS else kept_beyond_horizon(fact, keep_first_order=keep)
        if kept is not None:
            self._control_facts.process(key, kept)

    def advance(self, now: int) -> None:
        """Advance the clock: future facts become visible, timers fire, and old facts leave the horizon.

        Args:
            now: microseconds since the epoch. An earlier time than the clock's has no effect.
        """
        if now <= self._metadata.now:
            return
        before, self._metadata.now = self._metadata.now, now
        if self.is_live:
            self._customers.follow_clock(before)
        else:
            self._customers.advance_horizon()

    def evaluate(self, now: int) -> PartialAggregate:
        """Advance the clock to `now` (microseconds since the epoch), and return the aggregates there."""
        self.advance(now)
        self._customers.restore_variants_if_short()
        partial = self._customers.updates.aggregates.evaluate(self._metadata.now)
        if self._restatements is not None:
            counts = self._restatements.counts
            partial.restated, partial.counted_since = counts.evaluate(), counts.since
        return partial

    def follow_close(self, *, caught_up: bool) -> bool:
        """Count facts that change closed periods, as `RestatementCounts.follow` after each evaluation."""
        found = self._restatements
        return found is not None and found.counts.follow(caught_up=caught_up)

    # Messages between partitions.

    def drain_messages(self) -> list[Message]:
        """Remove and return the messages to other partitions, and to this one, in their order of delivery.

        The caller commits them in one transaction with the rows of `take_changes`.
        """
        return self._cross_partition.drain_messages()

    def drain_erased_count(self) -> int:
        """Return the number of facts of erased customers that were dropped since the last call."""
        return self._cross_partition.drain_erased_count()

    def drain_conflicts(self) -> Conflicts:
        """Return the conflicting duplicates since the last call."""
        return self._customers.conflicts.drain()

    # Outputs.

    def due_for_output(self, limit: int) -> list[bytes]:
        """Return the keys of up to `limit` customers to check for outputs; none in bootstrap mode."""
        return self._outputs.due(limit)

    def emit(self, key: bytes) -> list[Output]:
        """Return the outputs of a customer that changed since the last emission.

        The rows record them as emitted. The caller commits both in one transaction.
        """
        return self._outputs.emit(key)

    def restore_published(self, keys: Iterable[bytes]) -> None:
        """Record that profiles of these customers were published before the state was lost.

        `emit` then returns tombstones for those who are no longer customers.
        """
        self._outputs.restore_published(keys)

    def follow_profile_topic(self, topic_id: str) -> bool:
        """Emit all profiles again if they are in a topic with another id; return whether that begins."""
        return self._outputs.follow_profile_topic(topic_id)

    # Lookups.

    def customer_keys(self) -> list[bytes]:
        """Return the keys of all customers that have a row."""
        return self._fact_log.customers()

    @property
    def has_customers(self) -> bool:
        """Whether any customer has a row."""
        return self._fact_log.has_customers

    def customer(self, key: bytes) -> Customer:
        """Return a decoded copy of a customer as of the clock, without facts if it is unknown."""
        return self._customers.decode(key)

    def fact_log(self, key: bytes) -> list[Fact]:
        """Return the fact log of a customer, including control facts."""
        return self._fact_log.read(key)

    def facts(self, key: bytes) -> tuple[list[Fact], list[Fact]]:
        """Return the facts of a customer's events: the visible ones, and those ahead of the clock."""
        return self._customers.facts(key)

    # State store.

    def write_all_rows(self) -> int:
        """Make `take_changes` return all rows, and return their number."""
        self._store.mark_all_changed()
        return len(self._fact_log.rows)

    @property
    def has_changes(self) -> bool:
        """Whether rows have changed since the last `take_changes`."""
        return self._store.has_changes

    def take_changes(self) -> dict[bytes, bytes | None]:
        """Return the rows that changed since the last call; None for a deleted row."""
        if self._restatements is not None:
            self._restatements.counts.take()
        return self._store.take_changes()

    def confirm_changes(self) -> None:
        """Record that the rows of the last `take_changes` are committed."""
        if self._restatements is not None:
            self._restatements.counts.confirm()

    def load(self, key: bytes, value: bytes | None) -> None:
        """Load a row of the changelog; None for a deleted row. `resume` must follow after the last one.

        Raises:
            StateTooNew: The row was written by a newer release.
        """
        self._store.load(key, value)

    def resume(self, now: int) -> None:
        """Restore the partition from its rows, in bootstrap mode.

        Args:
            now: clock, microseconds since the epoch, unless the rows have a later one.

        Raises:
            StateTooNew: The rows were written by a newer release.
        """
        self._start(self._store.restore(), is_live=False)
        self.advance(now)

    def start_reprocessing(self, reprocess_id: int) -> None:
        """Send all messages again, because a partition has lost its state and all inputs are read again.

        Args:
            reprocess_id: start of the reprocessing, milliseconds since the epoch.
        """
        self._metadata.start_reprocessing(reprocess_id)
        self._control_facts.resend_all()
        if self.is_live:
            self._metadata.resent_for = reprocess_id

    def build_aggregates(self) -> Iterator[None]:
        """Build the aggregates from all rows, one customer at each step. The partition is live at the end.

        Between the steps, the caller must not process facts until `is_live`.
        """
        return build(self._customers, self._cross_partition, self._metadata, self.customer_keys())
