"""Emit outputs for a task's customers while the numbers can be trusted (docs/outputs.md)."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from models.contract.messages import ACTION, PROFILE, TICKET_SLA, TRANSITION
from models.outputs import Output
from models.partition.partition import Partition
from streams.kafka.cloudevents import headers
from streams.kafka.outbox import Outbox, Outgoing
from streams.kafka.topics import Names
from streams.partitioner import tasks_of

#: Customers processed before other coroutines get a turn: about 5 ms.
_CHUNK: Final = 60
#: Records that wait for a transaction at most: they take memory, and time in the transaction.
_MAX_PENDING: Final = 10_000

log = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode


class OutputPublisher:
    """Puts the outputs that are due for one task's customers into the task's outbox.

    Args:
        partition: state of the customers, which computes the outputs.
        outbox: of the task. Outputs are sent in the transaction that holds the rows with their emitted state.
        state: lock that is held while the partition must not change.
        partition_counts: topic -> number of partitions.
        names: names of the topics; the group is the CloudEvents `source` of the outputs.
    """

    def __init__(
        self,
        partition: Partition,
        outbox: Outbox,
        state: asyncio.Lock,
        partition_counts: Mapping[str, int],
        names: Names,
    ) -> None:
        self._partition = partition
        self._outbox = outbox
        self._state = state
        self._partition_counts = partition_counts
        self._source = f"/retention/{names.group}"
        self._topics = {
            PROFILE: names.customers,
            TRANSITION: names.transitions,
            TICKET_SLA: names.ticket_slas,
            ACTION: names.actions,
        }
        self._may_publish: Callable[[], bool] = lambda: False
        self._publishing: asyncio.Task[None] | None = None

    def publish_while(self, may_publish: Callable[[], bool]) -> None:
        """Emit due outputs in the background, as long as `may_publish` returns true.

        A later call replaces the condition.
        """
        self._may_publish = may_publish
        if may_publish() and self._publishing is None:
            self._publishing = asyncio.create_task(self._publish())
            self._publishing.add_done_callback(self._done)

    def close(self) -> None:
        """Stop emitting outputs."""
        if self._publishing is not None:
            self._publishing.cancel()

    def _done(self, publishing: asyncio.Task[None]) -> None:
        self._publishing = None
        if not publishing.cancelled():
            publishing.result()

    async def _publish(self) -> None:
        """Emit due outputs until none are left or the outbox is full. The next tick continues."""
        while len(self._outbox) < _MAX_PENDING:
            async with self._state:
                keys = self._partition.due_for_output(_CHUNK) if self._may_publish() else []
                self.put(output for key in keys for output in self._emit(key))
            if not keys:
                return
            await asyncio.sleep(0)

    def _emit(self, key: bytes) -> list[Output]:
        """Return one customer's outputs; none on a defect, which must not stop those of other customers."""
        try:
            return self._partition.emit(key)
        except Exception:
            log.exception("the outputs of a customer could not be computed")
            return []

    def put(self, outputs: Iterable[Output]) -> None:
        """Put outputs into the outbox. Those with the same key keep their order."""
        by_topic: dict[str, list[Output]] = {}
        for output in outputs:
            by_topic.setdefault(self._topics[output.type], []).append(output)
        for topic, outputs_of_topic in by_topic.items():
            self._put(topic, outputs_of_topic)

    def _put(self, topic: str, outputs: Sequence[Output]) -> None:
        keys = [output.key.encode() for output in outputs]
        partitions = tasks_of(keys, self._partition_counts[topic])
        for output, key, partition in zip(outputs, keys, partitions, strict=True):
            self._outbox.to(topic, partition).append(self._record(output, key))

    def _record(self, output: Output, key: bytes) -> Outgoing:
        if output.value is None:
            return Outgoing(key, None)
        attributes = headers(output.id, output.type, self._source, output.time, output.key)
        return Outgoing(key, _encode(output.value), headers=attributes)
