"""A group of workers without Kafka: each partition with its own log and transactions, and the roll-up leader.

A crash loses what a partition, or the leader, has not committed. What is committed is read by the successor.
"""

import json
import random
import zlib
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.facts.fact import decode_fact, encode_fact
from models.facts.from_events import facts_of
from models.metrics.samples import Sample
from models.partition.partition import Partition
from streams.rollup.protocol import PartialResult, Reopening
from streams.rollup.published_days import PublishedDays
from streams.rollup.publisher import AS_OF, Publisher, series_value
from tests.support.strategies import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.kafka.outbox import Outgoing

_GROUP = "shop"
_NO_RESULT = PartialResult(0, 0, 0, 0, 0, True, 0, 0, None, 0)


class Member:
    """One partition, and what Kafka holds of it.

    Attributes:
        log: the facts for the partition: keys, and facts encoded.
        position: number of the facts that are processed.
        committed: number of the facts that are processed in committed transactions.
        changelog: the rows in committed transactions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.partition = Partition(definitions, {})
        self.log: list[tuple[str, bytes]] = []
        self.position = self.committed = 0
        self.changelog: dict[bytes, bytes] = {}
        self.outbox: list[tuple[str | None, bytes]] = []

    def process(self, limit: int) -> None:
        """Process up to `limit` facts of the log, in one batch."""
        batch = self.log[self.position : self.position + limit]
        self.position += len(batch)
        self.partition.process([(key.encode(), decode_fact(fact), fact) for key, fact in batch])
        self.deliver()

    def deliver(self) -> None:
        """Take the messages to partitions for the next transaction."""
        self.outbox += [(key, encode_fact(fact)) for key, fact in self.partition.drain_messages()]

    def commit(self) -> list[tuple[str | None, bytes]]:
        """Commit what is processed, and return the messages to partitions; None as the key is all of them."""
        self.deliver()
        for key, row in self.partition.take_changes().items():
            if row is None:
                self.changelog.pop(key, None)
            else:
                self.changelog[key] = bytes(row)
        self.partition.confirm_changes()
        self.committed = self.position
        messages, self.outbox = self.outbox, []
        return messages

    def restore(self, definitions: Definitions, now: int) -> None:
        """Restore the partition from what is committed, in bootstrap mode."""
        self.partition = Partition(definitions, {})
        for key, row in self.changelog.items():
            self.partition.load(key, row)
        self.partition.resume(now)
        self.position, self.outbox = self.committed, []

    def go_live(self) -> None:
        """Build the aggregates, unless they are built."""
        if not self.partition.is_live:
            for _ in self.partition.build_aggregates():
                pass
            self.deliver()


class SimulatedGroup:
    """Partitions and the roll-up leader.

    Args:
        definitions: the shop's definitions.
        partitions: number of partitions.
        seed: of what is left to chance.

    Attributes:
        now: wall clock, microseconds since the epoch.
        topic: committed records of `retention.periods`.
        publisher: publisher of the leader.
    """

    def __init__(self, definitions: Definitions, partitions: int, seed: int) -> None:
        self.definitions = definitions
        self.now = 0
        self.topic: list[Outgoing] = []
        self._as_of = 0
        self._chance = random.Random(seed)
        self._events: list[Event] = []
        self.members = [Member(definitions) for _ in range(partitions)]
        self._was_caught_up = False
        self._requests: list[Reopening] = []
        self._lead()

    # The inputs.

    def arrive(self, event: Event) -> None:
        """Append an event to the inputs."""
        self._events.append(event)
        self._append(event)

    def _append(self, event: Event) -> None:
        decoded = decode(KINDS[event["type"]], json.dumps(event).encode())
        for customer, fact in facts_of(decoded, self.definitions):
            self._send(customer, encode_fact(fact))

    def _send(self, key: str | None, fact: bytes) -> None:
        size = len(self.members)
        homes = range(size) if key is None else [zlib.crc32(key.encode()) % size if key else 0]
        for home in homes:
            self.members[home].log.append((key or "", fact))

    # Single partitions.

    def process_some(self) -> None:
        """Process some facts of some partition."""
        self._chance.choice(self.members).process(self._chance.choice([1, 2, 5, 100]))

    def commit(self, number: int) -> None:
        """Commit a partition; with the first one, what the leader has written."""
        member = self.members[number]
        if number == 0:
            self._commit_leader()
        for key, fact in member.commit():
            self._send(key, fact)

    def crash(self, number: int) -> None:
        """Lose what a partition has not committed, and restore it; with the first one, also the leader."""
        self.members[number].restore(self.definitions, self.now)
        self._was_caught_up = False
        self._catch_up(number)
        if number == 0:
            self._lead()

    def _catch_up(self, number: int) -> None:
        """Process the facts that wait, some of them in bootstrap mode."""
        member = self.members[number]
        member.process(self._chance.choice([0, 1, 3, 1000]))
        member.go_live()

    def tick_some(self) -> None:
        """Evaluate some partitions: a round that is not complete."""
        for member in self.members:
            if self._chance.random() < 0.5:
                member.partition.evaluate(self.now)
                member.partition.follow_close(caught_up=self._was_caught_up)

    # All of them.

    def restart(self, definitions: Definitions) -> None:
        """Stop all workers in order, and start them with other definitions."""
        self.definitions = definitions
        for number in range(len(self.members)):
            self.commit(number)
        for member in self.members:
            member.restore(definitions, self.now)
            member.go_live()
        self._was_caught_up = False
        self._lead()

    def reset(self) -> None:
        """Lose the state and the topics that are derived from it, without `retention.periods`."""
        self.members = [Member(self.definitions) for _ in self.members]
        self._as_of = 0
        self._was_caught_up = False
        for event in self._events:
            self._append(event)
        self._lead()

    def settle(self) -> None:
        """Process everything, and commit messages until they lead to no more of them."""
        sent: Iterable[int] = range(len(self.members))
        while sent:
            for member in self.members:
                member.process(len(member.log))
            sent = [number for number, member in enumerate(self.members) if member.outbox]
            for number in sent:
                self.commit(number)

    # The leader.

    def _lead(self) -> None:
        """Start a leader, which knows what is committed."""
        self.publisher = Publisher(self.definitions, _GROUP)
        if self._as_of:
            published = series_value(Sample(AS_OF, {}, self._as_of / 1e6), self._as_of)
            self.publisher.restore([(AS_OF.encode(), msgspec.json.encode(published))])
        self._closed = self.publisher.closed
        assert self._closed is not None
        self._closed.restore((each.key, each.value) for each in self.topic)
        self._days = PublishedDays(self.members[0].partition, self.definitions)
        self._records: list[Outgoing] = []
        for request in self._requests:
            self._records += self._closed.reopen(request)

    def _commit_leader(self) -> None:
        written = self._closed.snapshot()
        self.topic += self._records
        self._records, self._requests = [], []
        self._as_of = self.publisher.as_of
        self._closed.confirm(written)

    def reopen(self, request: Reopening) -> None:
        """Request that a period is reopened; a request whose effect is not committed is read again."""
        self._requests.append(request)
        self._records += self._closed.reopen(request)

    def evaluate(self) -> None:
        """Run a complete and caught-up round. The values are committed with the first partition."""
        self.settle()
        results = [self._result(number) for number in range(len(self.members))]
        self._was_caught_up = True
        previous = self.publisher.as_of
        self.publisher.update(results, self.now, caught_up=True)
        self._days.record(self.publisher.samples, self.publisher.as_of)
        periods = self.publisher.periods()
        assert periods is not None
        self._records += self._closed.close(periods, previous)

    def _result(self, number: int) -> PartialResult:
        partition = self.members[number].partition
        partial = partition.evaluate(self.now)
        if partition.follow_close(caught_up=self._was_caught_up):
            self.commit(number)
        sent = msgspec.msgpack.decode(msgspec.msgpack.encode(partial), type=type(partial))
        return replace(_NO_RESULT, task=number, now=self.now, partial=sent)

    def start(self) -> None:
        """Run the rounds after which a new group counts changes, and freezes periods."""
        for _ in range(3):
            self.evaluate()
            for number in range(len(self.members)):
                self.commit(number)
