"""Faust at the speed of its consumer: agents are handed whole record batches.

Faust wraps every record in a message, an event, four asyncio tasks and an ack (43 us a record). Here what one
poll brings of a partition travels as *one* message. Offsets are not Faust's to commit either: each task
commits its own, in the transaction that holds what came of them (`streams.worker.task`).

What is overridden is Faust's inside, and where aiokafka does not say it aloud, its: hence the private names.
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

from streams.kafka.aiokafka_patches.consumer_internals import (
    discard_fetched,
    known_position,
    member_id,
    request_rejoin,
)
from streams.kafka.aiokafka_patches.lenient_headers import install_lenient_headers
from streams.kafka.aiokafka_patches.raw_records import RawRecord, install_raw_records
from streams.kafka.topics import LARGEST_RECORD

if TYPE_CHECKING:
    from faust.types import AppT, EventT, Message

    from streams.faust_engine.app import FaustApp

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_UNAUTHORISED_SECONDS = 1.0
#: A poll gives only of partitions that were active as it began: those of a task opened meanwhile have to
#: wait until it ends. Faust would let it wait a second for the others.
_POLL_SECONDS = 0.1


class RecordBatch:
    """Records of one partition, maybe none: all that is in the offsets `start` to `next_offset` - 1.

    Those are the consumer's positions, not the first and last record's: transaction markers and what
    compaction removed have offsets too. A batch that does not start where its reader is, was fetched before a
    seek.
    """

    __slots__ = ("next_offset", "records", "start", "tp")

    def __init__(self, tp: TopicPartition, records: list[RawRecord], start: int, next_offset: int) -> None:
        self.tp = tp
        self.records = records
        self.start = start
        self.next_offset = next_offset


class BatchThread(driver.AIOKafkaConsumerThread):
    """The consumer's thread: polls, and wraps each partition's records."""

    app: "FaustApp"

    def __post_init__(self) -> None:
        """Begin with nothing read."""
        super().__post_init__()
        self._read_to: dict[TP, int] = {}

    async def on_start(self) -> None:
        """Start the consumer."""
        await super().on_start()
        install_raw_records(self._ensure_consumer())

    def _stopped_set(self) -> None:
        # One that has crashed has ended, and closed its loop: nothing waits there to be told. Raising would
        # put a traceback of this before the line that says why the worker ends.
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
            # What a producer aborted never happened, and what a crashed worker left open never will.
            isolation_level="read_committed",
            max_poll_records=conf.broker_max_poll_records,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=250,
            # So soon is a partition found that an input has gained. The default is five minutes.
            metadata_max_age_ms=30_000,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
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
            log.warning("a header has a name that is no UTF-8: records are decoded leniently from now on")
            install_lenient_headers()
            discard_fetched(consumer)  # the records that were decoded before the error are lost
            for tp in consumer.assignment() & self._read_to.keys():
                consumer.seek(tp, self._read_to[tp])
            return {}
        except TopicAuthorizationFailedError as error:
            # The right was there when the worker started: who took it away may give it back.
            log.warning("Kafka no longer lets this worker read %s: trying again", error.args[0])
            await asyncio.sleep(_UNAUTHORISED_SECONDS)
            return {}
        batches = {}
        for tp in set(fetched) | active_partitions:
            start = self._read_to.get(tp)
            if start is None:
                continue  # no task has said yet where it reads on
            records = fetched.get(tp) or []
            position = records[-1].offset + 1 if records else start
            position = max(position, known_position(consumer, tp) or 0)
            if position > start:
                batches[tp] = [RecordBatch(TopicPartition(*tp), records, start, position)]
                self._read_to[tp] = position
        return batches

    async def seek_all(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read on from `positions`, whatever has been read before. Runs on the thread's loop.

        A partition that is not assigned (any more) is left alone: its task is about to be closed, or will
        seek when the new assignment is known.
        """
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, offset in positions.items():
            if tp in assigned:
                consumer.seek(tp, offset)
                self._read_to[TP(*tp)] = offset
            else:
                self._read_to.pop(TP(*tp), None)

    async def call(self, method: Callable[..., Awaitable[_Result]], *args: Any) -> _Result:
        """Run a coroutine function of the aiokafka consumer's on its own loop."""
        return cast("_Result", await self.call_thread(method, *args))


class BatchConsumer(driver.Consumer):
    """Faust's consumer without its bookkeeping of acks and gaps, which expects an offset a message."""

    app: "FaustApp"
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
            value=cast("Any", record),  # the schema hands it to the agents as it is
            checksum=None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    @property
    def kafka(self) -> AIOKafkaConsumer:
        """The aiokafka consumer; call its coroutines by `call`."""
        return self._thread._ensure_consumer()  # noqa: SLF001

    @property
    def member_id(self) -> str:
        """Who this worker is to the group's coordinator."""
        return member_id(self.kafka)

    def rejoin(self) -> None:
        """Have the group make a new assignment."""
        self._thread.thread_loop.call_soon_threadsafe(request_rejoin, self.kafka)

    async def call(self, method: Callable[..., Awaitable[_Result]], *args: Any) -> _Result:
        """Run one of the aiokafka consumer's coroutine functions where it lives."""
        return await self._thread.call(method, *args)

    async def seek_all(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read on from `positions`."""
        await self.call(self._thread.seek_all, positions)
        for tp in positions:
            self._read_offset.pop(TP(*tp), None)

    def ack(self, message: "Message") -> bool:
        """Nothing to remember: a task knows how far it has come."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def commit(self, *_args: Any, **_kwargs: Any) -> bool:
        """Offsets are committed by the tasks, with what came of them."""
        return False

    async def perform_seek(self) -> None:
        """Where to read on is said by the tasks, before their partitions are resumed."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps in the offsets are no matter: a batch says where to read on."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock detector reads its own acks; lag and latency are exported instead."""


class PlainProducer(driver.Producer):
    """Faust's producer, reaching the broker as all our clients do. What must be atomic is not sent by it."""

    app: "FaustApp"

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
    """Leaves the records as they are: decoding is the agents', and so are its errors."""

    def compile(self, app: "AppT", **_: Any) -> "Callable[..., Awaitable[EventT[Any]]]":
        """A decoder that decodes nothing."""

        async def decode(message: "Message", **_: Any) -> Event:
            return Event(app, None, message.value, message.headers, message)

        return decode
