"""One partition of the customers: their rows, what they add up to, and what the clock does to them.

The state is the rows: logs of facts (`models.facts.log_pages`). A partition that resumes begins by absorbing:
a fact is appended to its customer's log, and nothing is derived, as long as nobody can be told the numbers
anyway. `count` adds up all rows once; from then on every fact that arrives changes the sums by what it
changes, so that they always hold the sum of all rows at `now`. What depends on an instant waits for it: a
fact from later than the clock in a heap, the oldest claim of each customer in the hour in which it leaves the
horizon.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from models.aggregation.aggregates import PartialAggregate
from models.customers.customer import Customer
from models.definitions.definitions import Definitions
from models.definitions.windows import TIMELESS
from models.facts.fact import Fact, encode_fact
from models.facts.fact_log import FactLog
from models.identity.messages import Message
from models.outputs import (
    UNKNOWN_PROFILE_EMITTED,
    EmittedState,
    Output,
    OutputEmitter,
    decode_emitted,
    encode_emitted,
)
from models.partition.cross_partition import CrossPartition
from models.partition.customers import PartitionCustomers
from models.partition.metadata import METADATA_KEY, STATE_VERSION, PartitionMetadata, read_metadata

__all__ = ["Addressed", "Partition"]

#: A customer's key, a fact, and the same as `facts.encode` gives it: who forwards facts has that anyway.
Addressed = tuple[bytes, Fact, bytes]

#: So many customers' points are taken into the tables at once when all are added up: they take 10 KB each.
_SETTLED_AT_ONCE: Final = 5_000


class Partition:
    """Customers, and the sums they make.

    Args:
        definitions: the parameters of the definitions.
        rows: key -> value, as in the changelog; used and changed in place. If any are given, or loaded later,
            `resume` comes before anything else.
    """

    def __init__(self, definitions: Definitions, rows: dict[bytes, bytes]) -> None:
        self._definitions = definitions
        self._rows = rows
        self._emitter = OutputEmitter(definitions)
        self._journal = FactLog(rows)
        self._begin(PartitionMetadata(), counting=True)

    def _begin(self, meta: PartitionMetadata, *, counting: bool) -> None:
        self.meta = meta
        self._drained = msgspec.structs.replace(meta)
        meta.version = STATE_VERSION
        self._customers = PartitionCustomers(self._definitions, self._journal, meta, counting=counting)

    @property
    def is_live(self) -> bool:
        """Whether the sums are those of the rows: facts are counted as they come, no longer absorbed."""
        return self._customers.counting

    @property
    def now(self) -> int:
        """The instant that the aggregates stand at, microseconds; it never goes back."""
        return self.meta.now

    @property
    def stream_time(self) -> int:
        """The largest event time seen, microseconds."""
        return self.meta.latest

    @stream_time.setter
    def stream_time(self, time: int) -> None:
        self.meta.latest = time

    @property
    def has_changes(self) -> bool:
        """Whether rows have changed since the last drain."""
        return bool(self._journal.dirty) or self.meta.rewind != self._drained.rewind

    # What is taken.

    def process(self, facts: Iterable[Addressed]) -> int:
        """Take facts: count them, or, as long as nothing is counted, only write them down.

        One from beyond the horizon counts for nothing; one from later than the clock waits for `advance`.

        Returns:
            How many are of events that are known already.
        """
        if not self._customers.counting:
            return self._bootstrap(facts)
        return sum([not self._count_in(key, fact, encoded) for key, fact, encoded in facts])

    def process_one(self, customer_id: str, fact: Fact) -> bool:
        """Take a fact; False if its event is known already."""
        return not self.process([(customer_id.encode(), fact, encode_fact(fact))])

    def _bootstrap(self, facts: Iterable[Addressed]) -> int:
        letters, log, since = self._customers.correspondence, self._journal.append, self._customers.since
        latest, known = self.meta.latest, 0
        entries: list[tuple[bytes, str, bytes]] = []
        for key, fact, encoded in facts:
            claim = fact.claim
            time = claim.time
            if time > latest:  # noqa: PLR1730 - max() takes as long as the rest
                latest = time
            if time < since:
                if time == TIMELESS:
                    known += log(entries)  # they may be what it is about
                    entries = []
                    letters.take(key, fact)
            elif not letters.guarded:
                entries.append((key, claim.id, encoded))
            elif (admitted := letters.admit(key, fact)) is not None:
                entries.append((key, claim.id, encoded if admitted is fact else encode_fact(admitted)))
        self.meta.latest = latest
        return known + log(entries)

    def _count_in(self, key: bytes, fact: Fact, encoded: bytes) -> bool:
        customers = self._customers
        time = fact.claim.time
        if time > self.meta.latest:  # noqa: PLR1730 - as above
            self.meta.latest = time
        if time < customers.since:
            if time == TIMELESS:
                customers.correspondence.take(key, fact)
            return True
        if customers.correspondence.guarded:
            admitted = customers.correspondence.admit(key, fact)
            if admitted is None:
                return True
            if admitted is not fact:
                fact, encoded = admitted, encode_fact(admitted)
        return customers.take(key, fact, encoded)

    def advance(self, now: int) -> None:
        """Let the clock go on to `now` (microseconds): facts become known, others leave the horizon."""
        if now <= self.meta.now:
            return
        before, self.meta.now = self.meta.now, now
        if self.is_live:
            self._customers.follow_clock(before)
        else:
            self._customers.move_horizon()

    # What comes of it.

    def evaluate(self, now: int) -> PartialAggregate:
        """Give the sums at `now` (microseconds), or at the partition's own clock if that is later."""
        self.advance(now)
        return self._customers.ledger.aggregates.evaluate(self.meta.now)

    def due_for_output(self, limit: int) -> list[bytes]:
        """Give customers of whom there may be something to say, `limit` at most; none while absorbing."""
        return self._customers.desk.next_due(self.meta.now, limit) if self.is_live else []

    def emit(self, key: bytes) -> list[Output]:
        """Give what is to be said of a customer and has not been.

        That it has been said is kept with their row: both belong into one transaction.
        """
        if key not in self._rows:
            return []
        account = self._customers.peek(key)
        before = self._journal.output_state(key)
        result = self._emitter.emit(
            account, decode_emitted(before) if before else EmittedState(), self.meta.now
        )
        self._journal.put_output_state(key, encode_emitted(result.emitted) if result.emitted else b"")
        for claim in result.actions:
            fact = Fact("", claim)
            if not self._journal.append(((key, claim.id, encode_fact(fact)),)):
                self._customers.enter(account, fact)
        self._customers.desk.schedule(key, result.next_check)
        return result.outputs

    def restore_published(self, keys: Iterable[bytes]) -> None:
        """Take note that there are profiles of these customers, where the state that knew it was lost.

        Those of who turns out to be known no longer are taken back by `say`.
        """
        for key in keys:
            self._journal.restore_output_state(key, encode_emitted(UNKNOWN_PROFILE_EMITTED))

    def drain_messages(self) -> list[Message]:
        """Give what is to be delivered to partitions, this one included, in this order, and forget it.

        It has come of what was taken, of the clock or of counting: it belongs into the same transaction.
        """
        letters = self.cross_partition
        outgoing, letters.outgoing = letters.outgoing, []
        return outgoing

    def drain_erased_count(self) -> int:
        """Give how many facts of erased customers have come since it was last asked."""
        letters = self.cross_partition
        dropped, letters.dropped = letters.dropped, 0
        return dropped

    # What is known.

    @property
    def cross_partition(self) -> CrossPartition:
        """What concerns other partitions' customers too."""
        return self._customers.correspondence

    def customer_keys(self) -> list[bytes]:
        """Give the keys of all customers of whom there is a row."""
        return self._journal.customers()

    def fact_log(self, key: bytes) -> list[Fact]:
        """Give a customer's log."""
        return self._journal.read(key)

    def facts(self, key: bytes) -> tuple[list[Fact], list[Fact]]:
        """Give a customer's facts: those known now, and those later than the clock; none of a stranger."""
        return self._customers.facts(key)

    def customer(self, key: bytes) -> Customer:
        """Give a customer as known now, to be read by others."""
        return self._customers.copy_of(key)

    # The rows.

    def take_changes(self) -> dict[bytes, bytes | None]:
        """Give the rows that changed since the last time; None in place of one that is no more."""
        changed = self._journal.take_changes()
        if self.meta != self._drained:
            self._drained = msgspec.structs.replace(self.meta)
            self._rows[METADATA_KEY] = changed[METADATA_KEY] = msgspec.msgpack.encode(self.meta)
        return changed

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a row of the changelog; None where it was deleted. It counts after `resume` and `count`.

        Raises:
            StateTooNew: it was written by a newer version.
        """
        if value is None:
            self._rows.pop(key, None)
            return
        if key == METADATA_KEY:
            read_metadata(value)
        self._rows[key] = value

    def resume(self, now: int) -> None:
        """Go on from the rows that were loaded, absorbing, at `now` or the clock they were left with.

        Raises:
            StateTooNew: they were written by a newer version.
        """
        saved = self._rows.get(METADATA_KEY)
        meta = PartitionMetadata() if saved is None else read_metadata(saved)
        self._begin(meta, counting=False)
        if saved is None:
            self._drained.version = 0  # written with the first drain: state lost is told from none yet
        self.advance(now)

    def start_reprocessing(self, rewind: int) -> None:
        """The inputs are read again, since `rewind` (milliseconds): a partition has lost its state.

        What others have told it is said again.
        """
        self.meta.rewind = rewind
        self.meta.turn = max(self.meta.turn, rewind * 1000)
        self.cross_partition.repeat()
        if self.is_live:
            self.meta.told = rewind

    def build_aggregates(self) -> Iterator[None]:
        """Add up all rows, some customers at each step: from then on, facts are counted as they come.

        None may be taken before `counting`.
        """
        customers, letters = self._customers, self.cross_partition
        customers.begin()
        again = self.meta.told != self.meta.rewind
        owing: list[bytes] = []
        for number, key in enumerate(self.customer_keys(), 1):
            account = customers.restore(key)
            if account is not None and letters.owes(account, again=again):
                owing.append(key)
            if number % _SETTLED_AT_ONCE == 0:
                customers.ledger.aggregates.flush(self.meta.now)
            yield
        customers.counting = True
        # Not before: what is said is delivered between these steps, with what is written of it.
        for key in owing:
            letters.tell(customers.account(key), again=again)
            yield
        self.meta.told = self.meta.rewind
