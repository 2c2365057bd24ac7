"""From the derived topics into Redis: by one worker of a group at a time, and nobody waits for it.

The worker that makes the metrics also keeps the model. Two that believe to be it do no harm (see
`streams.read_model.scripts`). A Redis that is away is asked again until it is back; meanwhile the topics hold
what it has missed, and the position is in Redis itself: an emptied one is filled from the beginning.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from streams.kafka.protocol.topic_ids import topic_ids
from streams.kafka.topics import CUSTOMERS, METRICS
from streams.read_model.store import Position, Store

log = logging.getLogger(__name__)

_POLL_MS: Final = 500
_BATCH: Final = 500
#: Between two looks at whether Redis still holds what it was given.
_CHECK_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 1.0
#: After a batch, while the worker itself has to catch up: so this takes little of its processor.
_BREATH_SECONDS: Final = 0.05
#: What it is about comes to its end by itself within this, unless Redis or Kafka hang.
_STOP_SECONDS: Final = 2.0
#: A compacted topic keeps a tombstone for a day. Who has not read for half of one may have missed some, and
#: would keep customers that were erased: then the model is made anew.
_FORGETS_SECONDS: Final = 12 * 3600.0


class _Changed(Exception):
    """Redis holds something else than was thought: look again."""


class ReadModel:
    """Keeps one group's model.

    Args:
        store: where it is.
        client_options: how aiokafka's clients reach the broker.
        partitions: topic -> partition count; of topics that are missing there nothing is kept.
        active: whether this worker is the one to keep it.
        busy: whether the worker has better things to do.
    """

    def __init__(
        self,
        store: Store,
        client_options: Mapping[str, Any],
        partitions: Mapping[str, int],
        *,
        active: Callable[[], bool],
        busy: Callable[[], bool],
    ) -> None:
        self.up: bool | None = None  #: whether Redis answers; None while another worker keeps the model
        self.behind = 0  #: records that are not in the model yet
        self._store = store
        self._client_options = client_options
        self._tps = [
            TopicPartition(topic, partition)
            for topic in (METRICS, CUSTOMERS)
            for partition in range(partitions.get(topic, 0))
        ]
        self._wanted = active
        self._busy = busy
        self._ids: dict[str, str] = {}
        self._taken: dict[TopicPartition, int] = {}
        self._checked_at = 0.0
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the background. No failure ends it, or the worker."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop following and close the connections to Kafka and Redis."""
        self._stopping = True
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_STOP_SECONDS)
            while not self._task.done():
                # Clients have been seen to swallow a cancellation.
                self._task.cancel()
                await asyncio.wait([self._task], timeout=1)
        await self._store.aclose()

    def _active(self) -> bool:
        return not self._stopping and self._wanted()

    async def _run(self) -> None:
        while not self._stopping:
            try:
                if self._active():
                    await self._keep()
            except (KafkaError, OSError) as error:
                log.warning("what the read model is made of cannot be read: %s: trying again", error)
            except Exception:
                log.exception("the read model cannot be kept: trying again")
            self.up, self.behind = None, 0
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _keep(self) -> None:
        consumer = AIOKafkaConsumer(
            **self._client_options,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            consumer.assign(self._tps)
            while self._active():
                try:
                    await self._follow(consumer)
                except _Changed:
                    # Groups of one name in two Kafkas would empty one Redis for each other: not in a hurry.
                    await asyncio.sleep(_AGAIN_SECONDS)
                except RedisError as error:
                    self._away(error)
                    await self._store.hang_up()
                    self.behind = self._missing(await consumer.end_offsets(self._tps))
                    await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        await self._begin(consumer)
        while self._active():
            fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH)
            for tp, records in fetched.items():
                await self._take(consumer, tp, records)
            if time.monotonic() - self._checked_at >= _CHECK_SECONDS:
                await self._check(consumer)
            if fetched and self._busy():
                await asyncio.sleep(_BREATH_SECONDS)

    async def _begin(self, consumer: AIOKafkaConsumer) -> None:
        """Go on from where Redis is; from the beginning, if what it holds is of other topics or too old."""
        self._ids = await topic_ids(consumer, {tp.topic for tp in self._tps})
        taken, complete = await self._store.positions()
        other = any(self._ids.get(tp.topic) != position.topic_id for tp, position in taken.items())
        now = time.time()
        if other or now - complete > _FORGETS_SECONDS:
            removed = await self._store.clear()
            log.info(
                "the read model at %s is made from the beginning (%d old keys)", self._store.name, removed
            )
            taken = {}
            await self._store.set_complete(now)  # from here on, no tombstone goes unseen
        for tp in self._tps:
            self._go_to(consumer, tp, taken[tp].offset if tp in taken else 0)
        await self._check(consumer)

    def _go_to(self, consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> None:
        self._taken[tp] = offset
        consumer.seek(tp, offset)

    async def _take(self, consumer: AIOKafkaConsumer, tp: TopicPartition, records: list[Any]) -> None:
        end = await consumer.position(tp)
        reached = await self._store.take(tp, self._ids[tp.topic], self._taken[tp], end, records)
        if reached < 0:
            raise _Changed
        if reached == end:
            self._taken[tp] = end
        else:
            self._go_to(consumer, tp, reached)

    async def _check(self, consumer: AIOKafkaConsumer) -> None:
        """Find out what Redis has lost since it was given it, and how far behind the model is."""
        taken, _ = await self._store.positions()
        ends = await consumer.end_offsets(self._tps)
        await self._check_same(consumer, taken, ends)
        for tp, known in self._taken.items():
            held = taken[tp].offset if tp in taken else 0
            if held < known:
                log.warning("Redis has lost what came after %d of %s partition %d", held, *tp)
                self._go_to(consumer, tp, held)
        self.behind = sum([max(0, end - await consumer.position(tp)) for tp, end in ends.items()])
        if not self.behind:
            await self._store.set_complete(time.time())
        self._checked_at = time.monotonic()
        self._back()

    def _missing(self, ends: Mapping[TopicPartition, int]) -> int:
        return sum(max(0, end - self._taken.get(tp, 0)) for tp, end in ends.items())

    async def _check_same(
        self,
        consumer: AIOKafkaConsumer,
        taken: Mapping[TopicPartition, Position],
        ends: Mapping[TopicPartition, int],
    ) -> None:
        """Begin anew where Redis has been emptied, or a topic been made anew or lost its end."""
        emptied = not taken and any(self._taken.values())
        others = any(position.topic_id != self._ids.get(tp.topic) for tp, position in taken.items())
        if emptied or others or self._ids != await topic_ids(consumer, self._ids):
            raise _Changed
        if any(ends[tp] < known for tp, known in self._taken.items()):
            log.warning("records of the read model's topics are gone: it is made anew")
            await self._store.clear()
            raise _Changed

    def _away(self, error: RedisError) -> None:
        if self.up is not False:
            log.warning(
                "Redis at %s does not take the read model: %s; the worker goes on", self._store.name, error
            )
        self.up = False

    def _back(self) -> None:
        if not self.up:
            log.info("the read model is at %s, %d records behind", self._store.name, self.behind)
        self.up = True
