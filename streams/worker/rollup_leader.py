"""The additional duty of the owner of task 0: request results from all tasks, and publish the metrics."""

import logging
import time

import msgspec
from aiokafka import TopicPartition
from faust.types.transports import ProducerT

from streams.faust_engine.types import RecordBatch
from streams.kafka import ownership
from streams.kafka.compacted_topics import read_to_end
from streams.partitioner import tasks_of
from streams.rollup.collector import RollupCollector
from streams.rollup.protocol import PartialResult, schema_hash
from streams.rollup.publisher import Publisher
from streams.worker.context import TaskContext
from streams.worker.task import Task

#: A round that is incomplete after this long is given up: some task has no owner.
_ROUND_TIMEOUT_SECONDS = 3.0
#: Seconds between two rounds. While the group catches up, results hold no numbers, and several rounds lead to
#: the first ones.
_TICK_SECONDS = 0.4
_CATCHING_UP_SECONDS = 0.2

_encode = msgspec.msgpack.Encoder().encode
_decode_result = msgspec.msgpack.Decoder(PartialResult).decode

log = logging.getLogger(__name__)


class RollupLeader:
    """Sends ticks, collects partial results and publishes metrics.

    The metrics are published in the transactions of task 0, so that a former leader is fenced.

    Args:
        context: shared by all tasks.
        producer: Faust's producer, for the ticks.
        task: task 0.

    Attributes:
        publisher: the metrics of the last complete round.
    """

    def __init__(self, context: TaskContext, producer: ProducerT, task: Task) -> None:
        self.publisher = Publisher(context.definitions, context.names.group)
        self._context = context
        self._producer = producer
        self._task = task
        self._schema_hash = schema_hash(context.definitions)
        self._collector = self._new_collector(task.partition.now)
        self._logged_incompatible = False
        self._ticked_at = 0.0

    def _new_collector(self, now: int) -> RollupCollector:
        return RollupCollector(self._context.task_count, self._task.generation, now, self._schema_hash)

    async def restore(self) -> None:
        """Take over the former leader's published values, and the instant that they were evaluated at.

        Raises:
            KafkaError: `retention.metrics` cannot be read.
            TopicsOwned: another group has taken the topics since the start.
        """
        topic = self._context.names.metrics
        count = self._context.partition_counts[topic]
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
        self.publisher.restore(((record.key, record.value) for record in found), own=own)
        self._collector.now = max(self._collector.now, self.publisher.as_of)

    async def send_ticks(self) -> None:
        """Start a round, unless one is pending or has just ended.

        Raises:
            KafkaError: a tick cannot be sent.
        """
        if not self.publisher.caught_up:
            self._publish()  # also when no round is complete any more
        if time.monotonic() - self._ticked_at < self._interval():
            return
        if self._collector.generation != self._task.generation:
            self._collector = self._new_collector(self._collector.now)
        collector = self._collector
        tick = _encode(collector.start_round(self._context.clock.now(collector.stream_time)))
        self._ticked_at = time.monotonic()
        for task in range(self._context.task_count):
            await self._producer.send(self._context.names.ticks, None, tick, task, None, None)

    def _interval(self) -> float:
        """Return the seconds from the last tick to the next one."""
        if self._collector.pending:
            return _ROUND_TIMEOUT_SECONDS
        return _TICK_SECONDS if self.publisher.caught_up else _CATCHING_UP_SECONDS

    def collect(self, batch: RecordBatch) -> None:
        """Collect partial results. Those of a complete round become the metrics."""
        for record in batch.records:
            collector = self._collector
            result = _decoded(record.value)
            results = None if result is None else collector.add(result)
            if results is None:
                continue
            self.publisher.update(results, collector.now, caught_up=collector.caught_up(results))
            self._publish()
            collector.record_export(time.time_ns() // 10**6)
        self._task.positions[batch.tp] = batch.next_offset
        self._log_incompatible()

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

    def _publish(self) -> None:
        changes = self.publisher.changes()
        keys = [change.key or b"" for change in changes]
        topic = self._context.names.metrics
        partitions = tasks_of(keys, self._context.partition_counts[topic])
        for change, partition in zip(changes, partitions, strict=True):
            self._task.outbox.to(topic, partition).append(change)


def _decoded(value: bytes) -> PartialResult | None:
    """Return a partial result; None if only another release knows its format."""
    try:
        return _decode_result(value)
    except msgspec.ValidationError:
        return None
