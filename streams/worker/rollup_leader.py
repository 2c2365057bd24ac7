"""What the owner of task 0 does besides: it asks all tasks for their values, and publishes the metrics."""

import logging
import time

import msgspec
from aiokafka import TopicPartition
from faust.types.transports import ProducerT

from streams.faust_engine.transport import RecordBatch
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.topics import METRICS
from streams.partitioner import tasks_of
from streams.rollup.collector import PartialResult, RollupCollector, schema_hash
from streams.rollup.publisher import Publisher
from streams.worker.context import TaskContext
from streams.worker.task import Task

#: A tick that not all have answered by then is given up: some task has no owner.
_PATIENCE_SECONDS = 3.0
#: Between two questions; and while tasks have nothing to tell but how far they are, which several questions
#: are about.
_TICK_SECONDS = 0.4
_CATCHING_UP_SECONDS = 0.2

_encode = msgspec.msgpack.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(PartialResult).decode

log = logging.getLogger(__name__)


class RollupLeader:
    """Ticks out, answers in, metrics out: in the transactions of task 0, so that a former owner is fenced."""

    def __init__(self, shared: TaskContext, producer: ProducerT, task: Task) -> None:
        self.publisher = Publisher(shared.definitions)
        self._shared = shared
        self._producer = producer
        self._task = task
        self._shape = schema_hash(shared.definitions)
        self._rollup = RollupCollector(shared.tasks, task.generation, task.partition.now, self._shape)
        self._told: set[int] = set()
        self._asked_at = 0.0

    async def restore(self) -> None:
        """Take over from the former owner: the last values, and the `now` they were evaluated at."""
        partitions = [TopicPartition(METRICS, p) for p in range(self._shared.partitions[METRICS])]
        rows = [
            (record.key, record.value)
            async for records in read_to_end(self._shared.client_options, partitions)
            for record in records
        ]
        self.publisher.restore(rows)
        self._rollup.now = max(self._rollup.now, self.publisher.as_of)

    async def tick(self) -> None:
        """Ask every task, unless the last question is still open, or was asked a moment ago."""
        if not self.publisher.caught_up:
            self._publish()  # also when no set is complete any more
        wait = _TICK_SECONDS if self.publisher.caught_up else _CATCHING_UP_SECONDS
        if self._rollup.pending:
            wait = _PATIENCE_SECONDS
        if time.monotonic() - self._asked_at < wait:
            return
        rollup = self._rollup
        if rollup.generation != self._task.generation:
            self._rollup = rollup = RollupCollector(
                self._shared.tasks, self._task.generation, rollup.now, self._shape
            )
        tick = _encode(rollup.tick(self._shared.clock.now(rollup.latest)))
        self._asked_at = time.monotonic()
        for task in range(self._shared.tasks):
            await self._producer.send(self._shared.names.ticks, None, tick, task, None, None)

    def take(self, batch: RecordBatch) -> None:
        """Take answers; a complete set of them becomes the metrics."""
        for record in batch.records:
            rollup = self._rollup
            answer = _decoded(record.value)
            answers = None if answer is None else rollup.add(answer)
            if answers is None:
                continue
            self.publisher.complete(answers, rollup.now, caught_up=rollup.caught_up(answers))
            self._publish()
            rollup.exported(time.time_ns() // 10**6)
        self._task.positions[batch.tp] = batch.next_offset
        self._tell_of_others()

    def _tell_of_others(self) -> None:
        """Say, when it begins and when it ends, that not all workers can be added up."""
        others = self._rollup.others
        if bool(others) != bool(self._told):
            if others:
                log.warning(
                    "tasks %s are answered for by workers of another release or configuration:"
                    " the numbers hold still until all are alike",
                    sorted(others),
                )
            else:
                log.info("all workers are alike again")
        self._told = set(others)

    def _publish(self) -> None:
        changes = self.publisher.changes()
        keys = [change.key or b"" for change in changes]
        partitions = tasks_of(keys, self._shared.partitions[METRICS])
        for change, partition in zip(changes, partitions, strict=True):
            self._task.outbox.to(METRICS, partition).append(change)


def _decoded(value: bytes) -> PartialResult | None:
    """Read an answer; None for one whose form only another release knows."""
    try:
        return _decode_answer(value)
    except msgspec.ValidationError:
        return None
