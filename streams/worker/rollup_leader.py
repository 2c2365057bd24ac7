"""The roll-up leader, the owner of task 0: request results from all tasks, and publish the metrics."""

import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from aiokafka import TopicPartition
from faust.types.transports import ProducerT

from streams.clock import EventClock
from streams.faust_engine.types import RecordBatch
from streams.kafka import ownership
from streams.kafka.compacted_topics import read_to_end
from streams.partitioner import tasks_of
from streams.rollup.beyond_limits import ADVICE, describe_beyond
from streams.rollup.collector import RollupCollector
from streams.rollup.protocol import PartialResult, Presence, Reopening, schema_hash
from streams.rollup.published_days import PublishedDays
from streams.rollup.publisher import Publisher
from streams.rollup.worker_register import WorkerRegister
from streams.worker.context import TaskContext
from streams.worker.period_closer import PeriodCloser
from streams.worker.task import Task
from streams.worker.topic_registration import TopicRegistration

#: A round that is incomplete after this long is abandoned: some task has no owner.
_ROUND_TIMEOUT_SECONDS = 3.0
#: Seconds between two rounds. While the group catches up, results hold no numbers, and several rounds lead to
#: the first ones.
_TICK_SECONDS = 0.4
_CATCHING_UP_SECONDS = 0.2
#: The clock is reserved this far ahead, and again when half of it is over. A transaction takes 30 ms, and no
#: round should wait for one. After a crash, `now` may be ahead of the wall clock by this.
_RESERVED_US = 5_000_000

_encode = msgspec.msgpack.Encoder().encode
_decode_result = msgspec.msgpack.Decoder(PartialResult).decode
_decode_message: Callable[[bytes], Presence | Reopening] = msgspec.msgpack.Decoder(
    Presence | Reopening
).decode

log = logging.getLogger(__name__)


class _Round(NamedTuple):
    """A complete round.

    Attributes:
        results: one result per task.
        now: instant of the evaluation, microseconds since the epoch.
        caught_up: whether the round rests on everything that was written when partitions were assigned.
    """

    results: Sequence[PartialResult]
    now: int
    caught_up: bool


class RollupLeader:
    """Sends ticks, collects partial results and publishes metrics.

    The metrics are published in the transactions of task 0, so that a former leader is fenced. The wall clock
    of a successor may be behind. So a round becomes the metrics only after a transaction has reserved its
    instant: no successor evaluates before a reserved instant. Reservations are some rounds ahead, so that no
    round waits for one. In `event` mode the successor reads the same events again, and needs no reservation.

    Args:
        context: shared by all tasks.
        producer: Faust's producer, for the ticks.
        task: task 0.
        commit: commits task 0 at once.
        former: publisher of this process while it was the leader before; None if it was not.

    Attributes:
        publisher: the metrics of the last complete round.
        workers: how many workers the group should have.
    """

    def __init__(
        self,
        context: TaskContext,
        producer: ProducerT,
        task: Task,
        commit: Callable[[Task], Awaitable[None]],
        former: Publisher | None = None,
    ) -> None:
        self.publisher = Publisher(context.definitions, context.names.group)
        self.workers = WorkerRegister(task.partition)
        self._published_days = PublishedDays(task.partition, context.definitions)
        self._context = context
        self._producer = producer
        self._task = task
        self._commit = commit
        self._former = former
        self._reserves = not isinstance(context.clock, EventClock)
        self._schema_hash = schema_hash(context.definitions, context.inputs_digest)
        self._collector = self._new_collector(max(task.partition.now, task.partition.metadata.reserved_until))
        self._complete: _Round | None = None
        self._logged_incompatible = False
        self._logged_beyond = False
        self._ticked_at = 0.0
        self._topic_id = ""
        # None once the topics belong to this group.
        self._registration: TopicRegistration | None = None
        closed = self.publisher.closed
        self._closer = None if closed is None else PeriodCloser(context, task, closed, commit)

    def _new_collector(self, now: int) -> RollupCollector:
        return RollupCollector(self._context.task_count, self._task.generation, now, self._schema_hash)

    async def restore(self) -> None:
        """Take over the former leader's published values, and the instant that they were evaluated at.

        Raises:
            KafkaError: `retention.metrics` or `retention.periods` cannot be read.
            TopicsOwned: another group has taken the topics since the start.
        """
        topic = self._context.names.metrics
        count = self._context.partition_counts[topic]
        self._topic_id = (await self._context.source_offsets.topic_ids([topic])).get(topic, "")
        partitions = [TopicPartition(topic, partition) for partition in range(count)]
        found = [
            record
            async for records in read_to_end(self._context.client_options, partitions)
            for record in records
        ]
        owner = ownership.owner_in(found)
        own = owner in {None, self._context.names.group}
        if owner is not None and not own:
            await ownership.require_gone(self._context.client_options, owner, self._context.names)
        if owner != self._context.names.group:
            self._registration = TopicRegistration(self._context, self._task.outbox)
        self.publisher.restore(((record.key, record.value) for record in found), own=own)
        if own and self._former is not None:
            self.publisher.continue_from(self._former)
        self._collector.now = max(self._collector.now, self.publisher.as_of)
        if self._closer is not None:
            await self._closer.restore()

    def follow_topics(self, ids: Mapping[str, str]) -> None:
        """Write all series and closed periods again whose topic has another id than before.

        Args:
            ids: topic -> current id, of the topics that exist.
        """
        names = self._context.names
        if names.metrics in ids:
            self._follow_metrics(ids[names.metrics])
        if self._closer is not None and names.periods in ids:
            self._closer.follow_topic(ids[names.periods])

    def _follow_metrics(self, topic_id: str) -> None:
        former, self._topic_id = self._topic_id, topic_id
        if former not in {"", topic_id}:
            log.warning("%s was created again; publishing all series", self._context.names.metrics)
            self.publisher.publish_all()

    async def send_ticks(self) -> None:
        """Start a round, unless one is pending or has just ended. The first waits for the registration.

        Raises:
            KafkaError: a tick cannot be sent.
            TopicsOwned: another group has registered for the topics at the same moment.
        """
        if self._registration is not None:
            if not await self._registration.is_first():
                return
            self._registration = None
        if self._complete is not None:
            await self._reserve(self._complete.now)
        if self._closer is not None:
            await self._closer.confirm()
        if not self.publisher.caught_up:
            self._publish()  # also when no round is complete any more
        if time.monotonic() - self._ticked_at < self._interval() or not self._context.clock_check.trusted:
            return
        if self._collector.generation != self._task.generation:
            self._collector, self._complete = self._new_collector(self._collector.now), None
        collector = self._collector
        tick = collector.start_round(self._context.clock.now(collector.stream_time))
        encoded = _encode(tick)
        self._ticked_at = time.monotonic()
        self.workers.follow_clock()
        for task in range(self._context.task_count):
            await self._producer.send(self._context.names.ticks, None, encoded, task, None, None)
        if self.publisher.caught_up:  # else the numbers may take hours, and transactions are large
            await self._reserve(tick.now + _RESERVED_US // 2)

    def _interval(self) -> float:
        """Return the seconds from the last tick to the next one."""
        if self._collector.pending or self._complete is not None:
            return _ROUND_TIMEOUT_SECONDS
        return _TICK_SECONDS if self.publisher.caught_up else _CATCHING_UP_SECONDS

    async def _reserve(self, until: int) -> None:
        """Commit a reservation of the clock up to `until`, and export a round that waits for it."""
        if not self._reserved(until):
            self._task.partition.metadata.reserved_until = max(self._collector.now + _RESERVED_US, until)
            await self._commit(self._task)
        self._export()

    def _reserved(self, until: int) -> bool:
        return not self._reserves or until <= self._task.committer.reserved_until

    def collect(self, batch: RecordBatch) -> None:
        """Collect partial results. Those of a complete round become the metrics."""
        for record in batch.records:
            collector = self._collector
            message = _decoded(record.value)
            if isinstance(message, Presence):
                self.workers.record(message)
            elif isinstance(message, Reopening) and self._closer is not None:
                self._closer.reopen(message)
            results = collector.add(message) if isinstance(message, PartialResult) else None
            if results is None:
                continue
            self._complete = _Round(results, collector.now, collector.caught_up(results))
            self._export()
        self._task.positions[batch.tp] = batch.next_offset
        self._log_incompatible()

    def _export(self) -> None:
        """Make the complete round the metrics, unless its instant is not reserved yet."""
        complete = self._complete
        if complete is None or (complete.caught_up and not self._reserved(complete.now)):
            return
        self._complete = None
        previous = self.publisher.as_of
        self.publisher.update(complete.results, complete.now, caught_up=complete.caught_up)
        if complete.caught_up:
            self._published_days.record(self.publisher.samples, self.publisher.as_of)
        self._close_periods(complete, previous)
        self._publish()
        self._collector.record_export(time.time_ns() // 10**6)
        self._collector.beyond = self.publisher.beyond
        self._collector.uncovered = self.publisher.uncovered
        self._log_beyond()

    def _close_periods(self, complete: _Round, previous: int) -> None:
        """Freeze the periods that are due for their close.

        Call it before `_publish`, whose records name the evaluation for a successor.
        """
        if self._closer is None or not complete.caught_up or self.publisher.as_of != complete.now:
            return
        evaluation = self.publisher.periods()
        if evaluation is not None:
            self._closer.close(evaluation, previous)

    def hand_over(self) -> None:
        """Put all exported values into the next transaction, for the next leader.

        The reservation ends at the exported instant, so that the next leader's clock is not ahead of it.
        """
        if not self.publisher.caught_up:
            return
        partition, committer = self._task.partition, self._task.committer
        partition.metadata.reserved_until = min(partition.metadata.reserved_until, self._collector.now)
        committer.reserved_until = min(committer.reserved_until, self._collector.now)
        self._publish(at_once=True)

    def _log_beyond(self) -> None:
        """Log once that experiments or variants are beyond the limits."""
        if self.publisher.beyond and not self._logged_beyond:
            self._logged_beyond = True
            log.warning("%s; %s", describe_beyond(self.publisher.beyond), ADVICE)

    def _log_incompatible(self) -> None:
        """Log when incompatible workers appear, and when the last one is gone."""
        incompatible = self._collector.incompatible_tasks
        if bool(incompatible) == self._logged_incompatible:
            return
        if incompatible:
            log.warning(
                "tasks %s run on workers with another release or configuration; "
                "the metrics keep their values until all workers are alike",
                sorted(incompatible),
            )
        else:
            log.info("all workers run the same release and configuration again")
        self._logged_incompatible = bool(incompatible)

    def _publish(self, *, at_once: bool = False) -> None:
        changes = self.publisher.changes(at_once=at_once)
        keys = [change.key or b"" for change in changes]
        topic = self._context.names.metrics
        partitions = tasks_of(keys, self._context.partition_counts[topic])
        for change, partition in zip(changes, partitions, strict=True):
            self._task.outbox.to(topic, partition).append(change)


def _decoded(value: bytes) -> PartialResult | Presence | Reopening | None:
    """Return a message; None if it has the format of another release."""
    for decode in (_decode_result, _decode_message):
        with contextlib.suppress(msgspec.ValidationError):
            return decode(value)
    return None
