"""Intake: records become events, events become facts, and each fact goes to its customer's task.

It keeps no state. What is bad becomes a dead letter; what is another task's customer's takes one hop through
the facts topic; the rest is applied at once.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from aiokafka import TopicPartition

from models.contract.decoding import FUTURE_TOLERANCE_US, EventError, check_time, decode, to_us
from models.contract.events import Event, Kind
from models.definitions.definitions import Definitions
from models.definitions.windows import horizon_start
from models.facts.fact import REGISTRY_ADDRESS, decode_fact, encode_fact
from models.facts.from_events import facts_of
from models.partition.partition import Addressed, Partition
from streams.clock import wall_us
from streams.ingest.dead_letter_record import Rejection, encode
from streams.kafka.aiokafka_patches.raw_records import RawRecord
from streams.kafka.cloudevents import unwrap
from streams.kafka.outbox import Headers, Outbox, Outgoing
from streams.kafka.topics import DEAD_LETTERS
from streams.mapping.formats import Around
from streams.mapping.reader import Reader
from streams.monitoring.worker_counters import WorkerCounters
from streams.partitioner import tasks_of

#: A forwarded fact keeps its record's timestamp, from which its latency counts, if that is so recent. By its
#: timestamps the facts topic keeps 30 days: what an old record says would be gone before it is read.
_RECENT_MS = 24 * 3600 * 1000


class BatchFacts:
    """What the events of a batch of records say.

    Args:
        definitions: of the metrics.
        partition: has the clock, from which the horizon counts.

    Attributes:
        facts: in the order in which they came.
        timestamps: of the record that brought each, milliseconds.
        latest: the largest event time seen, microseconds.
    """

    __slots__ = ("_definitions", "_earliest", "_now", "_too_late", "_wall", "facts", "latest", "timestamps")

    def __init__(self, definitions: Definitions, partition: Partition) -> None:
        self.facts: list[Addressed] = []
        self.timestamps: list[int] = []
        self.latest = partition.stream_time
        self._definitions = definitions
        self._wall, self._now = wall_us(), partition.now
        self._earliest = horizon_start(self._now, definitions.horizon_days)
        self._too_late = self._wall + FUTURE_TOLERANCE_US

    def add(self, event: Event, timestamp: int) -> None:
        """Take what an event says.

        Raises:
            EventError: it cannot be counted.
        """
        definitions = self._definitions
        time = to_us(event.time)
        # The call is only for the message: this test stands for it, at a third of its cost.
        if not self._earliest <= time <= self._too_late:
            check_time(
                time, wall_us=self._wall, now_us=self._now, definitions=definitions, expires=event.expires
            )
        for customer, fact in facts_of(event, definitions, time):
            self.facts.append((customer.encode(), fact, encode_fact(fact)))
            self.timestamps.append(timestamp)
        if time > self.latest:  # noqa: PLR1730 - a call of max costs as much as the rest
            self.latest = time


class Router:
    """What one task does with the records of its partitions of the inputs and of the facts topic."""

    def __init__(
        self,
        *,
        task: int,
        tasks: int,
        facts_topic: str,
        dead_letter_partitions: int,
        definitions: Definitions,
        partition: Partition,
        outbox: Outbox,
        operational: WorkerCounters,
    ) -> None:
        self._task = task
        self._tasks = tasks
        self._facts_topic = facts_topic
        self._dead_letter_partitions = dead_letter_partitions
        self._definitions = definitions
        self._partition = partition
        self._outbox = outbox
        self._operational = operational
        #: How many of the partition's own statements have been put into the outbox.
        self.letters = 0

    def take_events(self, kind: Kind, tp: TopicPartition, records: Sequence[RawRecord]) -> None:
        """Decode, check and pass on one partition's records."""
        found = BatchFacts(self._definitions, self._partition)
        for record in records:
            try:
                event = decode(kind, unwrap(record) if record.headers else record.value)
                found.add(event, record.timestamp)
            except EventError as error:
                self._refuse(tp, record, error)
        self._pass_on(tp, records, found)

    def take_mapped(self, reader: Reader, tp: TopicPartition, records: Sequence[RawRecord]) -> None:
        """Make events of one partition's records, check them and pass them on.

        What is good of a record counts, whatever else it says; what is not makes it a dead letter, once.
        """
        found = BatchFacts(self._definitions, self._partition)
        anonymous, surrounded = reader.anonymous, reader.surrounded
        for record in records:
            around = Around(tp.topic, record.key, record.timestamp, record.headers) if surrounded else None
            outcome = reader.outcome(record.value, around)
            errors = outcome.errors
            for event in outcome.events:
                try:
                    found.add(event, record.timestamp)
                except EventError as error:
                    errors.append(error)
            if errors:
                self._refuse(tp, record, errors[0])
        self._operational.nobodys(tp.topic, reader.anonymous - anonymous)
        self._pass_on(tp, records, found)

    def take_facts(self, tp: TopicPartition, records: Sequence[RawRecord]) -> None:
        """Take facts that other tasks have forwarded."""
        decode = decode_fact
        taken = [(record.key, decode(record.value), record.value) for record in records]
        self._operational.duplicates += self._partition.process(taken)
        self.deliver()
        self._operational.read(self._task, tp, records)

    def deliver(self) -> None:
        """Deliver what the partition says to partitions: to itself at once, to others through their facts.

        It may have come of any fact, of the clock or of counting: no transaction is to come in between.
        """
        self._operational.erased += self._partition.drain_erased_count()
        while letters := self._partition.drain_messages():
            keys = [(letter.to or REGISTRY_ADDRESS).encode() for letter in letters]
            for letter, key, task in zip(letters, keys, self._tasks_of(keys), strict=True):
                encoded = encode_fact(letter.fact)
                for to in range(self._tasks) if letter.to is None else (task,):
                    if to == self._task:
                        self._partition.process([(key, letter.fact, encoded)])
                    else:
                        self._outbox.to(self._facts_topic, to).append(Outgoing(key, encoded))
                        self.letters += 1

    def _tasks_of(self, keys: Sequence[bytes]) -> Sequence[int]:
        """Give whose each key is: a customer's by its hash, the registry's (an empty key) the first one's."""
        tasks = tasks_of(keys, self._tasks)
        if b"" not in keys:
            return tasks
        return [task if key else 0 for key, task in zip(keys, tasks, strict=True)]

    def _pass_on(self, tp: TopicPartition, records: Sequence[RawRecord], found: BatchFacts) -> None:
        """Take what is ours of what has been found in records, and forward the rest."""
        self._partition.stream_time = found.latest
        self._operational.events(tp.topic, len(records))
        own = found.facts
        tasks = self._tasks_of([key for key, _, _ in own])
        if tasks.count(self._task) < len(tasks):
            whose = list(zip(tasks, found.facts, found.timestamps, strict=True))
            self._forward([each for each in whose if each[0] != self._task])
            own = [taken for task, taken, _ in whose if task == self._task]
        self._operational.duplicates += self._partition.process(own)
        self.deliver()
        forwarded = len(found.facts) - len(own)
        self._operational.read(self._task, tp, records, len(records) - forwarded)

    def _forward(self, others: Sequence[tuple[int, Addressed, int]]) -> None:
        """Send facts to their customers' tasks."""
        wall = wall_us() // 1000
        to, topic = self._outbox.to, self._facts_topic
        for task, (key, _, encoded), timestamp in others:
            sent = timestamp if wall - _RECENT_MS < timestamp <= wall else None
            to(topic, task).append(Outgoing(key, encoded, sent))
        self._operational.rerouted += len(others)

    def _refuse(self, tp: TopicPartition, record: RawRecord, error: EventError) -> None:
        self._operational.dead_letter(error.reason)
        rejection = Rejection(error.reason, error.message, tp.topic, tp.partition, record.offset)
        headers = cast("Headers", [*record.headers, *encode(rejection, datetime.now(UTC))])
        partition = tp.partition % self._dead_letter_partitions
        self._outbox.to(DEAD_LETTERS, partition).append(
            Outgoing(record.key, record.value, record.timestamp, headers)
        )
