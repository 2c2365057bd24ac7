"""Freeze the values of closed periods, in the transactions of the roll-up leader (docs/topics.md).

A leader reads `retention.periods` to its end after it has fenced the leader before it, so that it has every
committed version. It writes in the transactions of task 0. A second worker, or a leader after a crash, finds
the committed versions, and writes no second one.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiokafka import TopicPartition

from models.metrics.closings import PeriodEvaluation
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.outbox import Outgoing
from streams.rollup.closed_periods import ClosedPeriods
from streams.rollup.protocol import Reopening
from streams.worker.context import TaskContext
from streams.worker.task import Task

log = logging.getLogger(__name__)

#: The partition that all versions are in.
_PARTITION: Final = 0


class PeriodCloser:
    """Writes the versions of closed periods to `retention.periods`.

    Args:
        context: the topics, and the connection to Kafka.
        task: task 0.
        closed: the versions.
        commit: commits task 0 at once.
    """

    def __init__(
        self,
        context: TaskContext,
        task: Task,
        closed: ClosedPeriods,
        commit: Callable[[Task], Awaitable[None]],
    ) -> None:
        self._context = context
        self._task = task
        self._closed = closed
        self._commit = commit
        self._topic: Final = context.names.periods
        self._topic_id = ""

    async def restore(self) -> None:
        """Read all versions that are committed.

        Raises:
            KafkaError: `retention.periods` cannot be read.
        """
        count = self._context.partition_counts[self._topic]
        self._topic_id = (await self._context.source_offsets.topic_ids([self._topic])).get(self._topic, "")
        partitions = [TopicPartition(self._topic, number) for number in range(count)]
        options = self._context.client_options
        found = [record async for records in read_to_end(options, partitions) for record in records]
        self._closed.restore((record.key, record.value) for record in found)

    def close(self, evaluation: PeriodEvaluation, previous: int) -> None:
        """Freeze the values of the periods that are due for their close, in the next transaction.

        Args:
            evaluation: a complete and caught-up evaluation.
            previous: instant of the last evaluation known before it, microseconds since the epoch.
        """
        self._write(self._closed.close(evaluation, previous))

    def reopen(self, request: Reopening) -> None:
        """Reopen a period, in the transaction that commits the position behind the request."""
        self._write(self._closed.reopen(request))

    async def confirm(self) -> None:
        """Commit the versions that are not committed yet, and export them."""
        if self._closed.is_committed:
            return
        written = self._closed.snapshot()
        await self._commit(self._task)
        if self._task.running:  # a failed transaction stops the task, and its successor reads the topic again
            self._closed.confirm(written)

    def follow_topic(self, topic_id: str) -> None:
        """Write all versions again if `retention.periods` has another id than before."""
        former, self._topic_id = self._topic_id, topic_id
        if former not in {"", topic_id}:
            log.warning("%s was created again; writing all versions", self._topic)
            self._write(self._closed.records())

    def _write(self, records: list[Outgoing]) -> None:
        if records:
            self._task.outbox.to(self._topic, _PARTITION).extend(records)
