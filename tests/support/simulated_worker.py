"""A worker without Kafka: partitions with changelogs, delayed messages, crashes and the roll-up."""

import gc
import itertools
import json
import random
import zlib
from collections import deque

import msgspec

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.facts.fact import decode_fact, encode_fact
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.partition import partition
from tests.oracle import Expected, Series
from tests.support.drawn_histories import Step
from tests.support.strategies import Event

#: Metrics that do not depend on the events alone; the publishing worker emits them.
OF_THE_WORKER = {"retention_as_of_timestamp_seconds", "retention_caught_up"}
Results = dict[Series, Expected]


_workers = itertools.count()


def _collect_former_partitions() -> None:
    """Free the partitions of former workers, cycles with large tables, every few workers.

    Most of them are new, and a collection of all objects takes many times as long as one of new objects.
    """
    number = next(_workers)
    if number % 8 == 0:
        gc.collect(2 if number % 128 == 0 else 1)


class SimulatedWorker:
    """Partitions with a changelog each, and the roll-up, without Kafka.

    Messages between partitions are delayed. They keep their order between the same two partitions only.
    """

    def __init__(self, definitions: Definitions, partitions: int, seed: int = 0) -> None:
        _collect_former_partitions()
        self.definitions = definitions
        self.changelogs: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]
        self.partitions = [partition.Partition(definitions, {}) for _ in range(partitions)]
        self.uncommitted: list[Event] = []
        self.chance = random.Random(seed)
        self.in_transit: dict[tuple[int, int], deque[tuple[str, bytes]]] = {}
        self.committed: dict[tuple[int, int], list[tuple[str, bytes]]] = {}

    def deliver(self, event: Event) -> None:
        decoded = decode(KINDS[event["type"]], json.dumps(event).encode())
        for customer, fact in facts_of(decoded, self.definitions):
            self.process(self.home(customer), customer, encode_fact(fact))
        self.uncommitted.append(event)
        self.deliver_messages(self.chance.choice([0, 0, 1, 3]))

    def process_batch(self, events: list[Event]) -> None:
        """Process events in one batch for each partition, as from a poll."""
        batches: dict[int, list[partition.Addressed]] = {}
        for event in events:
            decoded = decode(KINDS[event["type"]], json.dumps(event).encode())
            for customer, fact in facts_of(decoded, self.definitions):
                batch = batches.setdefault(self.home(customer), [])
                batch.append((customer.encode(), fact, encode_fact(fact)))
        for number, batch in batches.items():
            self.partitions[number].process(batch)
        self.uncommitted += events
        self.deliver_messages(self.chance.choice([0, 0, 1, 3]))

    def home(self, customer: str) -> int:
        return zlib.crc32(customer.encode()) % len(self.partitions) if customer else 0

    def process(self, number: int, customer: str, encoded: bytes) -> None:
        self.partitions[number].process([(customer.encode(), decode_fact(encoded), encoded)])

    def deliver_messages(self, limit: int | None = None) -> None:
        """Deliver at most `limit` of the messages in transit; all of them without a limit."""
        self.collect()
        while self.in_transit and limit != 0:
            way = self.chance.choice(list(self.in_transit))
            messages = self.in_transit[way]
            self.process(way[1], *messages.popleft())
            if not messages:
                del self.in_transit[way]
            self.collect()
            limit = None if limit is None else limit - 1

    def collect(self) -> None:
        for number, part in enumerate(self.partitions):
            for to, fact in part.drain_messages():
                homes = range(len(self.partitions)) if to is None else [self.home(to)]
                for home in homes:
                    self.in_transit.setdefault((number, home), deque()).append((to or "", encode_fact(fact)))

    def advance(self, now: int) -> None:
        for part in self.partitions:
            part.advance(now)

    def commit(self) -> None:
        """Write changed rows to the changelogs, with the messages in transit."""
        self.collect()
        for part, changelog in zip(self.partitions, self.changelogs, strict=True):
            for key, row in part.take_changes().items():
                if row is None:
                    changelog.pop(key, None)
                else:
                    changelog[key] = bytes(row)
            part.confirm_changes()
        self.committed = {way: list(messages) for way, messages in self.in_transit.items()}
        self.uncommitted.clear()

    def crash(self, now: int) -> None:
        """Restore all partitions from the changelogs, and deliver the events since the last commit again."""
        for number, changelog in enumerate(self.changelogs):
            self.partitions[number] = partition.Partition(self.definitions, {})
            for key, row in changelog.items():
                self.partitions[number].load(key, row)
            self.partitions[number].resume(now)
        self.in_transit = {way: deque(messages) for way, messages in self.committed.items()}
        again, self.uncommitted = self.uncommitted, []
        # Half of them arrive in bootstrap mode.
        self.process_batch(again[::2])
        for part in self.partitions:
            for _ in part.build_aggregates():
                pass
            self.deliver_messages(self.chance.choice([0, 2]))
        for event in again[1::2]:
            self.deliver(event)

    def live(self, step: Step) -> None:
        """Run a step, with commits in between. The clock advances at some point of it."""
        often = max(4, len(step.events) // 8)
        tick = self.chance.randrange(len(step.events) + 1)
        for number, event in enumerate(step.events):
            if number == step.crash:
                self.crash(step.now)
            if number == tick:
                self.advance(step.now)
            self.deliver(event)
            if number % often == often - 1:
                self.commit()
        if step.crash == len(step.events):
            self.advance(step.now)
            self.commit()
            self.crash(step.now)

    def results(self, now: int) -> Results:
        self.advance(now)
        self.deliver_messages()
        partials = [part.evaluate(now) for part in self.partitions]
        sent = [msgspec.msgpack.decode(msgspec.msgpack.encode(p), type=type(p)) for p in partials]
        samples = compute(sent, self.definitions, now)
        keys = [(s.metric, frozenset(s.labels.items())) for s in samples]
        assert len(set(keys)) == len(keys), "a series is emitted twice"
        return {
            key: Expected(s.value, s.numerator, s.denominator)
            for key, s in zip(keys, samples, strict=True)
            if s.metric not in OF_THE_WORKER
        }
