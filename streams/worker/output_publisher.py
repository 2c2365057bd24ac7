"""What is said of customers on the output topics, while it can be trusted (docs/outputs.md)."""

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
from streams.kafka.topics import ACTIONS, CUSTOMERS, TICKET_SLAS, TRANSITIONS
from streams.partitioner import tasks_of

TOPICS: Final = {
    PROFILE: CUSTOMERS,
    TRANSITION: TRANSITIONS,
    TICKET_SLA: TICKET_SLAS,
    ACTION: ACTIONS,
}
#: Customers looked at before other coroutines get a turn: about 5 ms.
_AT_ONCE: Final = 60
#: So many records wait for their transaction at most: they would take memory, and the transaction time.
_BACKLOG: Final = 10_000

log = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode


class OutputPublisher:
    """Puts what is to be said of one task's customers into its outbox.

    Args:
        partition: the customers.
        outbox: of the task: what is said goes out with the rows that say so, in one transaction.
        state: held while the partition must not change.
        partitions: topic -> partition count.
        source: who says it, in CloudEvents' terms.
    """

    def __init__(
        self,
        partition: Partition,
        outbox: Outbox,
        state: asyncio.Lock,
        partitions: Mapping[str, int],
        source: str,
    ) -> None:
        self._partition = partition
        self._outbox = outbox
        self._state = state
        self._partitions = partitions
        self._source = source
        self._may: Callable[[], bool] = lambda: False
        self._saying: asyncio.Task[None] | None = None

    def allow(self, may: Callable[[], bool]) -> None:
        """Say what there is to say, as long as `may` gives true; it goes on in the background."""
        self._may = may
        if may() and self._saying is None:
            self._saying = asyncio.create_task(self._say())
            self._saying.add_done_callback(self._done)

    def close(self) -> None:
        """Say no more."""
        if self._saying is not None:
            self._saying.cancel()

    def _done(self, saying: asyncio.Task[None]) -> None:
        self._saying = None
        if not saying.cancelled():
            saying.result()

    async def _say(self) -> None:
        """Say what there is to say, or as much as may wait: the next tick finds the rest."""
        while len(self._outbox) < _BACKLOG:
            async with self._state:
                keys = self._partition.due_for_output(_AT_ONCE) if self._may() else []
                self.put(output for key in keys for output in self._of(key))
            if not keys:
                return
            await asyncio.sleep(0)

    def _of(self, key: bytes) -> list[Output]:
        """Give what is to be said of one customer; what goes wrong is not to cost the others."""
        try:
            return self._partition.emit(key)
        except Exception:
            log.exception("what has become of a customer could not be said")
            return []

    def put(self, outputs: Iterable[Output]) -> None:
        """Put outputs into the outbox, those of a key in their order."""
        by_topic: dict[str, list[Output]] = {}
        for output in outputs:
            by_topic.setdefault(TOPICS[output.type], []).append(output)
        for topic, said in by_topic.items():
            self._put(topic, said)

    def _put(self, topic: str, said: Sequence[Output]) -> None:
        keys = [output.key.encode() for output in said]
        for output, key, partition in zip(said, keys, tasks_of(keys, self._partitions[topic]), strict=True):
            self._outbox.to(topic, partition).append(self._record(output, key))

    def _record(self, output: Output, key: bytes) -> Outgoing:
        if output.value is None:
            return Outgoing(key, None)
        said_with = headers(output.id, output.type, self._source, output.time, output.key)
        return Outgoing(key, _encode(output.value), headers=said_with)
