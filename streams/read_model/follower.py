"""Copy the derived topics into Redis, by one worker of a group at a time, in the background.

The worker that publishes the metrics also maintains the model. Two workers at once do no harm (see
`streams.read_model.scripts`). While Redis is unavailable, the worker retries, and the topics keep the missing
records. The positions are stored in Redis itself, so an emptied Redis is filled from the beginning.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.protocol.topic_ids import topic_ids
from streams.kafka.stopping import stop
from streams.read_model.auditor import Auditor
from streams.read_model.store import ModelDamaged, Position, Store

log = logging.getLogger(__name__)

_POLL_MS: Final = 500
_BATCH: Final = 500
#: Interval between two checks of the positions that Redis holds.
_CHECK_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 1.0
#: Pause after a batch while the worker catches up, so that the model takes little of its processor.
_PAUSE_SECONDS: Final = 0.05
#: A running batch ends within this time, unless Redis or Kafka hang.
_STOP_SECONDS: Final = 2.0
#: A compacted topic keeps a tombstone for a day. A model that was last complete half a day ago may have
#: missed tombstones and may hold erased customers, so it is built again.
_OUTDATED_SECONDS: Final = 12 * 3600.0
#: A model that is behind takes a record within this time, unless its client of Kafka hangs.
_STALL_SECONDS: Final = 60.0
#: The clocks of two workers may differ. A time further ahead was written by another program.
_AHEAD_SECONDS: Final = 24 * 3600.0


class _Changed(Exception):
    """Redis holds other positions than expected: read them again."""


class _Stalled(OSError):
    """The client of Kafka returns no records although there are some: connect again."""


class ReadModel:
    """Maintains one group's model.

    Args:
        store: the model in Redis.
        client_options: connection options of aiokafka's clients.
        partitions: partition counts of the topics of metrics and of profiles.
        active: returns whether this worker maintains the model.
        busy: returns whether the worker is still catching up.
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
        self.up: bool | None = None  #: whether Redis responds; None while another worker maintains the model
        self.behind = 0  #: records that are not in the model yet
        self._store = store
        self._client_options = client_options
        self._tps = [
            TopicPartition(topic, partition)
            for topic, count in partitions.items()
            for partition in range(count)
        ]
        self._wanted = active
        self._busy = busy
        self._ids: dict[str, str] = {}
        self._taken: dict[TopicPartition, int] = {}
        self._checked_at = 0.0
        self._positions: list[int] = []
        self._moved_at = 0.0
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start copying in the background. Failures are logged and retried."""
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
                    await self._maintain()
            except (KafkaError, OSError) as error:
                log.warning("cannot read the topics of the read model, retrying: %s", error)
            except Exception:
                log.exception("cannot update the read model, retrying")
            self.up, self.behind = None, 0
            await asyncio.sleep(_RETRY_SECONDS)

    async def _maintain(self) -> None:
        from redis.exceptions import RedisError  # noqa: PLC0415 - an extra

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
                except ModelDamaged as error:
                    log.warning(
                        "Redis at %s has something else under the keys of the read model (%s);"
                        " building it again",
                        self._store.name,
                        error,
                    )
                    await self._store.clear()
                except _Changed:
                    # Groups of one name in two Kafkas that share a Redis clear each other's model: pause.
                    await asyncio.sleep(_RETRY_SECONDS)
                except RedisError as error:
                    self._log_unavailable(error)
                    await self._store.hang_up()
                    self.behind = self._behind_ends(await consumer.end_offsets(self._tps))
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            await stop(consumer)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        await self._seek(consumer)
        auditor = Auditor(self._store, self._client_options, self._tps)
        try:
            await self._follow_from(consumer, auditor)
        finally:
            await auditor.stop()

    async def _follow_from(self, consumer: AIOKafkaConsumer, auditor: Auditor) -> None:
        while self._active():
            try:
                async with asyncio.timeout(_STALL_SECONDS):
                    await self._take_batch(consumer, auditor)
            except TimeoutError:
                raise _Stalled(f"no answer for {_STALL_SECONDS:.0f} s") from None

    async def _take_batch(self, consumer: AIOKafkaConsumer, auditor: Auditor) -> None:
        fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH)
        for tp, records in fetched.items():
            auditor.record_written(record.key for record in records)
            await self._apply_records(consumer, tp, records)
        if time.monotonic() - self._checked_at >= _CHECK_SECONDS:
            await self._check(consumer)
            if not self.behind and not self._busy():
                auditor.run(self._taken)
        if fetched and self._busy():
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _seek(self, consumer: AIOKafkaConsumer) -> None:
        """Seek to the positions of Redis, or to the beginning if the model is of other topics or outdated."""
        self._ids = await topic_ids(consumer, {tp.topic for tp in self._tps})
        taken, complete = await self._store.positions()
        other = any(self._ids.get(tp.topic) != position.topic_id for tp, position in taken.items())
        now = time.time()
        if other or now - complete > _OUTDATED_SECONDS:
            removed = await self._store.clear()
            log.info(
                "building the read model at %s from the beginning; %d old keys deleted",
                self._store.name,
                removed,
            )
            taken = {}
            await self._store.set_complete(now)  # from here on, no tombstone is missed
        for tp in self._tps:
            self._seek_to(consumer, tp, taken[tp].offset if tp in taken else 0)
        self._moved_at = time.monotonic()
        await self._check(consumer)

    def _seek_to(self, consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> None:
        self._taken[tp] = offset
        consumer.seek(tp, offset)

    async def _apply_records(
        self, consumer: AIOKafkaConsumer, tp: TopicPartition, records: list[Any]
    ) -> None:
        end = await consumer.position(tp)
        reached = await self._store.take(tp, self._ids[tp.topic], self._taken[tp], end, records)
        if reached < 0:
            raise _Changed
        if reached == end:
            self._taken[tp] = end
        else:
            self._seek_to(consumer, tp, reached)

    async def _check(self, consumer: AIOKafkaConsumer) -> None:
        """Seek back to records that Redis has lost, and measure how far the model is behind."""
        taken, complete = await self._store.positions()
        ends = await consumer.end_offsets(self._tps)
        await self._check_same(consumer, taken, ends)
        self._check_possible(taken, complete, ends)
        for tp, known in self._taken.items():
            held = taken[tp].offset if tp in taken else 0
            if held < known:
                log.warning("Redis has lost the records after offset %d of %s partition %d", held, *tp)
                self._seek_to(consumer, tp, held)
        positions = [await consumer.position(tp) for tp in ends]
        self.behind = sum(max(0, end - at) for end, at in zip(ends.values(), positions, strict=True))
        if not self.behind:
            await self._store.set_complete(time.time())
        self._checked_at = time.monotonic()
        self._require_progress(positions)
        self._log_available()

    def _require_progress(self, positions: list[int]) -> None:
        """Note that the model moves on.

        Raises:
            _Stalled: it is behind, and has taken no record for a while.
        """
        if not self.behind or positions != self._positions:
            self._positions, self._moved_at = positions, time.monotonic()
        elif time.monotonic() - self._moved_at > _STALL_SECONDS:
            raise _Stalled(f"no record for {_STALL_SECONDS:.0f} s, although {self.behind:,} are left")

    def _behind_ends(self, ends: Mapping[TopicPartition, int]) -> int:
        return sum(max(0, end - self._taken.get(tp, 0)) for tp, end in ends.items())

    async def _check_same(
        self,
        consumer: AIOKafkaConsumer,
        taken: Mapping[TopicPartition, Position],
        ends: Mapping[TopicPartition, int],
    ) -> None:
        """Check that Redis and the topics are the ones that this worker has read.

        Raises:
            _Changed: Redis was emptied, a topic was created again, or a topic has lost its last records.
        """
        emptied = not taken and any(self._taken.values())
        others = any(position.topic_id != self._ids.get(tp.topic) for tp, position in taken.items())
        if emptied or others or self._ids != await topic_ids(consumer, self._ids):
            raise _Changed
        if any(ends[tp] < known for tp, known in self._taken.items()):
            log.warning("the topics of the read model have lost records; building the model again")
            await self._store.clear()
            raise _Changed

    def _check_possible(
        self, taken: Mapping[TopicPartition, Position], complete: float, ends: Mapping[TopicPartition, int]
    ) -> None:
        """Check that workers can have written the positions.

        Raises:
            ModelDamaged: a position is of no partition, or beyond its end; or the time is far ahead.
        """
        for tp, position in taken.items():
            if position.offset > ends.get(tp, -1):
                raise ModelDamaged(f"{self._store.keys.positions}: the position of {tp.topic}/{tp.partition}")
        if not complete <= time.time() + _AHEAD_SECONDS:  # also if it is no number
            raise ModelDamaged(f"{self._store.keys.positions}: the time is {complete}")

    def _log_unavailable(self, error: Exception) -> None:
        if self.up is not False:
            log.warning(
                "Redis at %s does not accept the read model: %s; the worker continues",
                self._store.name,
                error,
            )
        self.up = False

    def _log_available(self) -> None:
        if not self.up:
            log.info("the read model is at %s, %d records behind", self._store.name, self.behind)
        self.up = True
