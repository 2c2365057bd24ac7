"""Route records: decode them to events, turn these into facts, and send each fact to its customer's task.

A router keeps no state. Invalid records become dead letters. Facts of another task's customers are forwarded
through the repartition topic `{group}-facts`. The others are applied at once.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, cast

from aiokafka import TopicPartition

from models.contract.decoding import (
    FIRST_TIME_US,
    FUTURE_TOLERANCE_US,
    EventError,
    check_time,
    decode,
    to_us,
)
from models.contract.events import Event, Kind
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_HOUR, horizon_start
from models.facts.fact import REGISTRY_ADDRESS, decode_fact, encode_fact
from models.facts.from_events import facts_of
from models.partition.metadata import ClockJump
from models.partition.partition import Addressed, Partition
from streams.clock import wall_us
from streams.ingest.clock_jumps import describe_jump
from streams.ingest.dead_letter_record import Rejection, encode
from streams.kafka.aiokafka_patches.raw_records import RawRecord
from streams.kafka.cloudevents import unwrap
from streams.kafka.outbox import Headers, Outbox, Outgoing
from streams.kafka.topics import DEAD_LETTERS
from streams.mapping.formats import RecordMetadata
from streams.mapping.reader import Reader
from streams.monitoring.worker_counters import WorkerCounters
from streams.partitioner import tasks_of

log = logging.getLogger(__name__)

#: A forwarded fact keeps its record's timestamp, from which its latency counts, if it is this recent. The
#: facts topic keeps records for 30 days by their timestamps: a fact with an old one would be removed unread.
_RECENT_MS = 24 * 3600 * 1000
#: A record that moves the clock by more than this is named, as everything that it makes disappear would
#: otherwise be a riddle.
JUMP_US: Final = 30 * 24 * US_PER_HOUR


class BatchFacts:
    """The facts of a batch of records.

    Args:
        definitions: definitions of the metrics.
        partition: state with the clock that the horizon counts from.

    Attributes:
        facts: facts in the order of their records.
        timestamps: timestamp of each fact's record, milliseconds since the epoch.
        stream_time: largest event time seen that moves the clock, microseconds since the epoch.
        jumps: records that moved the clock by more than `JUMP_US`: offset, clock before, and clock after.
    """

    __slots__ = (
        "_definitions",
        "_earliest",
        "_jump_from",
        "_now",
        "_too_late",
        "_wall",
        "facts",
        "jumps",
        "stream_time",
        "timestamps",
    )

    def __init__(self, definitions: Definitions, partition: Partition) -> None:
        self.facts: list[Addressed] = []
        self.timestamps: list[int] = []
        self.stream_time = partition.stream_time
        self._definitions = definitions
        self._wall, self._now = wall_us(), partition.now
        self._earliest = max(horizon_start(self._now, definitions.horizon_days), FIRST_TIME_US)
        self._too_late = self._wall + FUTURE_TOLERANCE_US
        self.jumps: list[tuple[int, int, int]] = []
        # The first record of an empty worker is no jump.
        clock = max(self._now, self.stream_time)
        self._jump_from = clock + JUMP_US if clock else self._too_late

    def add(self, event: Event, timestamp: int, offset: int) -> None:
        """Add the facts of an event.

        Args:
            event: the event.
            timestamp: timestamp of its record, milliseconds since the epoch.
            offset: offset of its record.

        Raises:
            EventError: the event cannot be counted.
        """
        definitions = self._definitions
        time = to_us(event.time)
        # The call only makes the message. The comparison decides at a third of its cost.
        if not self._earliest <= time <= self._too_late:
            check_time(type(event), time, wall_us=self._wall, now_us=self._now, definitions=definitions)
        for customer, fact in facts_of(event, definitions, time):
            self.facts.append((customer.encode(), fact, encode_fact(fact)))
            self.timestamps.append(timestamp)
        if time > self.stream_time and event.advances_clock:
            if time > self._jump_from:
                self.jumps.append((offset, self._jump_from - JUMP_US, time))
            self.stream_time = time
            self._jump_from = max(self._now, time) + JUMP_US


class Router:
    """Routes the records of one task's partitions of the inputs and of the facts topic.

    Args:
        task: number of the task.
        task_count: number of tasks of the group.
        facts_topic: name of the repartition topic.
        dead_letter_topic: name of the dead-letter topic.
        dead_letter_partitions: number of partitions of the dead-letter topic.
        definitions: definitions of the metrics.
        partition: state of the task's customers, which the facts are applied to.
        outbox: takes forwarded facts, messages and dead letters.
        counters: the worker's counters.
        event_clock: whether the event times are the clock.

    Attributes:
        messages_sent: messages of the partition to other tasks that were put into the outbox so far.
    """

    def __init__(
        self,
        *,
        task: int,
        task_count: int,
        facts_topic: str,
        dead_letter_partitions: int,
        definitions: Definitions,
        partition: Partition,
        outbox: Outbox,
        counters: WorkerCounters,
        event_clock: bool = False,
        dead_letter_topic: str = DEAD_LETTERS,
    ) -> None:
        self._event_clock = event_clock
        self._task = task
        self._task_count = task_count
        self._facts_topic = facts_topic
        self._dead_letter_topic = dead_letter_topic
        self._dead_letter_partitions = dead_letter_partitions
        self._definitions = definitions
        self._partition = partition
        self._outbox = outbox
        self._counters = counters
        self.messages_sent = 0

    def route_events(self, kind: Kind, tp: TopicPartition, records: Sequence[RawRecord]) -> None:
        """Decode, check and route records of the contract.

        Args:
            kind: kind of the events.
            tp: partition of the input.
            records: records of this partition.
        """
        batch = BatchFacts(self._definitions, self._partition)
        for record in records:
            try:
                event = decode(kind, unwrap(record) if record.headers else record.value)
                batch.add(event, record.timestamp, record.offset)
            except EventError as error:
                self._reject(tp, record, error)
        self._route(tp, records, batch)

    def route_mapped(self, reader: Reader, tp: TopicPartition, records: Sequence[RawRecord]) -> None:
        """Map records to events, check and route these.

        The valid events of a record count, whatever else it holds. Its first error makes it a dead letter,
        once.

        Args:
            reader: the mapping of the topic.
            tp: partition of the input.
            records: records of this partition.
        """
        batch = BatchFacts(self._definitions, self._partition)
        anonymous, unchanged, needs_metadata = 0, 0, reader.needs_metadata
        for record in records:
            metadata = None
            if needs_metadata:
                metadata = RecordMetadata(tp.topic, record.key, record.timestamp, record.headers)
            result = reader.map_record(record.value, metadata)
            anonymous += result.anonymous
            unchanged += result.unchanged
            errors = result.errors
            for event in result.events:
                try:
                    batch.add(event, record.timestamp, record.offset)
                except EventError as error:
                    errors.append(error)
            if errors:
                self._reject(tp, record, errors[0])
        self._counters.count_without_customer(tp.topic, anonymous)
        self._counters.count_unchanged(tp.topic, unchanged)
        self._route(tp, records, batch)

    def apply_facts(self, tp: TopicPartition, records: Sequence[RawRecord]) -> None:
        """Apply facts that other tasks have forwarded."""
        decode = decode_fact
        facts = [(record.key, decode(record.value), record.value) for record in records]
        self._counters.duplicates += self._partition.process(facts)
        self.deliver()
        self._counters.read(self._task, tp, records)

    def deliver(self) -> None:
        """Deliver the partition's messages: its own at once, all others through the repartition topic.

        Messages may come from any fact, from the clock and from building aggregates. Call this before the
        next transaction, so that they are sent in the transaction that holds their cause.
        """
        self._counters.erased += self._partition.drain_erased_count()
        self._counters.conflicting_duplicates.update(self._partition.drain_conflicts().counts)
        while messages := self._partition.drain_messages():
            keys = [(message.to or REGISTRY_ADDRESS).encode() for message in messages]
            for message, key, task in zip(messages, keys, self._tasks_of(keys), strict=True):
                encoded = encode_fact(message.fact)
                for to in range(self._task_count) if message.to is None else (task,):
                    if to == self._task:
                        self._partition.process([(key, message.fact, encoded)])
                    else:
                        self._outbox.to(self._facts_topic, to).append(Outgoing(key, encoded))
                        self.messages_sent += 1

    def _tasks_of(self, keys: Sequence[bytes]) -> Sequence[int]:
        """Return the task of each key. The registry, whose key is empty, is in the first task."""
        tasks = tasks_of(keys, self._task_count)
        if b"" not in keys:
            return tasks
        return [task if key else 0 for key, task in zip(keys, tasks, strict=True)]

    def _route(self, tp: TopicPartition, records: Sequence[RawRecord], batch: BatchFacts) -> None:
        """Apply the facts of this task's customers, and forward all other facts."""
        self._partition.stream_time = batch.stream_time
        self._name_jumps(tp, batch)
        self._counters.events(tp.topic, len(records))
        own = batch.facts
        tasks = self._tasks_of([key for key, _, _ in own])
        if tasks.count(self._task) < len(tasks):
            own = [fact for task, fact in zip(tasks, batch.facts, strict=True) if task == self._task]
            self._forward(tasks, batch)
        self._counters.duplicates += self._partition.process(own)
        self.deliver()
        forwarded = len(batch.facts) - len(own)
        self._counters.repartitioned += forwarded
        self._counters.read(self._task, tp, records, len(records) - forwarded)

    def _name_jumps(self, tp: TopicPartition, batch: BatchFacts) -> None:
        """Log and record the records that moved the clock far ahead, if records move it at all."""
        for offset, before, after in batch.jumps if self._event_clock else ():
            jump = ClockJump(tp.topic, tp.partition, offset, before, after)
            log.warning("%s", describe_jump(jump))
            self._partition.metadata.record_clock_jump(jump)

    def _forward(self, tasks: Sequence[int], batch: BatchFacts) -> None:
        """Put the facts of other tasks' customers into the outbox.

        Args:
            tasks: task of each fact of the batch.
            batch: the facts.
        """
        wall = wall_us() // 1000
        to, topic, own = self._outbox.to, self._facts_topic, self._task
        for task, (key, _, encoded), timestamp in zip(tasks, batch.facts, batch.timestamps, strict=True):
            if task != own:
                sent = timestamp if wall - _RECENT_MS < timestamp <= wall else None
                to(topic, task).append(Outgoing(key, encoded, sent))

    def _reject(self, tp: TopicPartition, record: RawRecord, error: EventError) -> None:
        """Put an invalid record into the outbox as a dead letter."""
        self._counters.dead_letter(error.reason)
        rejection = Rejection(error.reason, error.message, tp.topic, tp.partition, record.offset)
        headers = cast("Headers", [*record.headers, *encode(rejection, datetime.now(UTC))])
        partition = tp.partition % self._dead_letter_partitions
        self._outbox.to(self._dead_letter_topic, partition).append(
            Outgoing(record.key, record.value, record.timestamp, headers)
        )
