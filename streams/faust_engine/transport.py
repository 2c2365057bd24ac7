"""Faust at the speed of its consumer: agents receive whole record batches.

Faust wraps every record in a message, an event, four asyncio tasks and an ack (43 us a record). Here the
records that one poll returns for a partition travel as one message. Offsets are not committed by Faust
either: each task commits its own, in the transaction that holds what came of them
(`streams.worker.committer`).

The classes override internals of Faust; docs/faust.md lists them.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError
from faust.events import Event
from faust.serializers.schemas import Schema
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage

from streams.faust_engine.types import EngineApp, RecordBatch
from streams.kafka.aiokafka_patches.consumer_internals import (
    discard_fetched,
    known_position,
    member_id,
    request_rejoin,
)
from streams.kafka.aiokafka_patches.lenient_headers import install_lenient_headers
from streams.kafka.aiokafka_patches.raw_records import install_raw_records
from streams.kafka.aiokafka_patches.removed_records import watch_removed_records
from streams.kafka.topics import LARGEST_RECORD

if TYPE_CHECKING:
    from faust.types import AppT, EventT, Message

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_UNAUTHORISED_SECONDS = 1.0
#: A poll returns records only of partitions that were active when it started. Those of a task that was opened
#: meanwhile wait until it ends. Faust's poll would take up to a second.
_POLL_SECONDS = 0.1
#: aiokafka joins a group again only if the consumer has polled within this time, and Faust polls only once
#: it has joined. With the default of five minutes, a worker that was suspended for longer would never join
#: again. This is the largest value, 24 days. Kafka itself removes a member that sends no heartbeat.
_MAX_POLL_INTERVAL_MS = 2**31 - 1


class BatchThread(driver.AIOKafkaConsumerThread):
    """The consumer's thread: polls, and wraps each partition's records in a `RecordBatch`."""

    app: EngineApp

    def __post_init__(self) -> None:
        """Start without positions: nothing is handed over before a task seeks."""
        super().__post_init__()
        self._read_to: dict[TP, int] = {}
        self._removed: set[TopicPartition] = set()  # partitions whose position Kafka no longer has

    async def on_start(self) -> None:
        """Start the consumer, with raw records."""
        await super().on_start()
        self.prepare(self._ensure_consumer())

    def prepare(self, consumer: AIOKafkaConsumer) -> None:
        """Make a started consumer return raw records, and watch it for records that were removed unread."""
        install_raw_records(consumer)
        self._removed = watch_removed_records(consumer)

    def _stopped_set(self) -> None:
        # A crashed thread has closed its loop, and nothing waits there. An error here would put a traceback
        # before the line with the reason for which the worker ends.
        with contextlib.suppress(RuntimeError):
            super()._stopped_set()

    def _create_worker_consumer(self, _transport: driver.Transport) -> AIOKafkaConsumer:
        conf = self.app.conf
        self._assignor = self.app.assignor
        return AIOKafkaConsumer(
            **self.app.client_options,
            group_id=conf.id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # Skip aborted transactions, and wait for open ones.
            isolation_level="read_committed",
            max_poll_records=conf.broker_max_poll_records,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=250,
            # New partitions of an input are found within this time. The default is five minutes.
            metadata_max_age_ms=30_000,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            max_poll_interval_ms=_MAX_POLL_INTERVAL_MS,
        )

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> dict[TP, list[RecordBatch]]:
        try:
            fetched = await super()._fetch_records(
                consumer, active_partitions, timeout=_POLL_SECONDS, max_records=max_records
            )
        except UnicodeDecodeError:
            log.warning("a header name is not UTF-8; invalid bytes of names are replaced from now on")
            install_lenient_headers()
            discard_fetched(consumer)  # records that were decoded before the error are lost: read them again
            for tp in consumer.assignment() & self._read_to.keys():
                consumer.seek(tp, self._read_to[tp])
            return {}
        except TopicAuthorizationFailedError as error:
            # The access right existed when the worker started, and may be granted again.
            log.warning("Kafka no longer lets this worker read %s; trying again", error.args[0])
            await asyncio.sleep(_UNAUTHORISED_SECONDS)
            return {}
        batches = {}
        for tp in set(fetched) | active_partitions:
            start = self._read_to.get(tp)
            if start is None:
                continue  # no task has sought a position yet
            records = fetched.get(tp) or []
            position = records[-1].offset + 1 if records else start
            position = max(position, known_position(consumer, tp) or 0)
            if position > start:
                batches[tp] = [
                    RecordBatch(
                        TopicPartition(*tp), records, start, position, lost_before=tp in self._removed
                    )
                ]
                self._removed.discard(tp)
                self._read_to[tp] = position
        return batches

    async def seek_all(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read on from `positions`, whatever was read before. Runs on the thread's loop.

        Partitions that are not assigned are skipped. Their task is about to be closed, or seeks again when
        the new assignment is known.
        """
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        self._removed.difference_update(positions)
        for tp, offset in positions.items():
            if tp in assigned:
                consumer.seek(tp, offset)
                self._read_to[TP(*tp)] = offset
            else:
                self._read_to.pop(TP(*tp), None)

    async def call(self, method: Callable[..., Awaitable[_Result]], *args: Any) -> _Result:
        """Run a coroutine function on the loop of the aiokafka consumer."""
        return cast("_Result", await self.call_thread(method, *args))


class BatchConsumer(driver.Consumer):
    """Faust's consumer without its tracking of acks and gaps, which expects one offset per message."""

    app: EngineApp
    _thread: BatchThread

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: RecordBatch) -> ConsumerMessage:
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=record.next_offset - 1,
            timestamp=0.0,
            timestamp_type=0,
            headers=None,
            key=None,
            value=cast("Any", record),  # `BatchSchema` passes it to the agents unchanged
            checksum=None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    @property
    def kafka(self) -> AIOKafkaConsumer:
        """The aiokafka consumer. Run its coroutines with `call`."""
        return self._thread._ensure_consumer()  # noqa: SLF001

    @property
    def member_id(self) -> str:
        """Id that the group coordinator gave to this worker."""
        return member_id(self.kafka)

    def rejoin(self) -> None:
        """Join the group again, which leads to a new assignment."""
        self._thread.thread_loop.call_soon_threadsafe(request_rejoin, self.kafka)

    async def call(self, method: Callable[..., Awaitable[_Result]], *args: Any) -> _Result:
        """Run a coroutine function on the loop of the aiokafka consumer, and return its result."""
        return await self._thread.call(method, *args)

    async def seek_all(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read on from `positions`."""
        await self.call(self._thread.seek_all, positions)
        for tp in positions:
            self._read_offset.pop(TP(*tp), None)

    def ack(self, message: "Message") -> bool:
        """Accept without tracking: tasks keep their own positions."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def commit(self, *_args: Any, **_kwargs: Any) -> bool:
        """Commit nothing: tasks commit their offsets in their transactions."""
        return False

    async def perform_seek(self) -> None:
        """Seek nothing: tasks seek before their partitions are resumed."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Track no gaps: a batch holds the position behind it."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Disable Faust's livelock detector, which relies on acks. Lag and latency are exported instead."""


class PlainProducer(driver.Producer):
    """Faust's producer with the project's connection options. It sends only what needs no transaction."""

    app: EngineApp

    def _new_producer(self, _transactional_id: str | None = None) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self.app.client_options,
            enable_idempotence=True,
            compression_type="zstd",
            max_request_size=LARGEST_RECORD,
            max_batch_size=1 << 20,
        )


class BatchTransport(driver.Transport):
    """Faust's aiokafka transport, with record batches."""

    Consumer = BatchConsumer
    Producer = PlainProducer


class BatchSchema(Schema[Any, Any]):
    """Passes records to the agents without decoding them, so that agents handle decoding errors."""

    def compile(self, app: "AppT", **_: Any) -> "Callable[..., Awaitable[EventT[Any]]]":
        """Return a decoder that returns the value unchanged."""

        async def decode(message: "Message", **_: Any) -> Event:
            return Event(app, None, message.value, message.headers, message)

        return decode
