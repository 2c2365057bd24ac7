"""Faust at the speed of its consumer: agents are handed whole record batches.

Faust wraps every record in a message, an event, four asyncio tasks and an ack (43 us a record). Here what one poll
brings of a partition travels as *one* message. Offsets are not Faust's to commit either: each task commits its own,
in the transaction that holds what came of them (`streams.task`).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from faust.events import Event
from faust.serializers.schemas import Schema
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage

from streams.topics import LARGEST_RECORD


class RecordBatch:
    """Records of one partition, maybe none: all that is in the offsets `start` to `next_offset` - 1.

    Those are the consumer's positions, not the first and last record's: transaction markers and what
    compaction removed have offsets too. A batch that does not start where its reader is, was read before a seek.
    """

    __slots__ = ("next_offset", "records", "start", "tp")

    def __init__(self, tp: TopicPartition, records: list[ConsumerRecord], start: int, next_offset: int) -> None:
        self.tp = tp
        self.records = records
        self.start = start
        self.next_offset = next_offset


class BatchThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The consumer's thread: polls, and wraps each partition's records."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._read_to: dict[TP, int] = {}

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        conf = self.app.conf
        self._assignor = self.app.assignor
        return AIOKafkaConsumer(
            **self.app.client_options,
            group_id=conf.id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # What a producer aborted never happened; and what a crashed worker's transaction left open must not be read.
            isolation_level="read_committed",
            max_poll_records=conf.broker_max_poll_records,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=250,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
        )

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP] | None,
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> dict[TP, list[RecordBatch]]:
        fetched = await super()._fetch_records(
            consumer, active_partitions, timeout=timeout, max_records=max_records
        )
        batches = {}
        for tp in set(fetched) | set(active_partitions or ()):
            start = self._read_to.get(tp)
            if start is None:
                continue  # no task has said yet where it reads on
            records = fetched.get(tp) or []
            position = records[-1].offset + 1 if records else start
            position = max(position, self._position(consumer, tp))
            if position > start:
                batches[tp] = [RecordBatch(TopicPartition(*tp), records, start, position)]
                self._read_to[tp] = position
        return batches

    @staticmethod
    def _position(consumer: AIOKafkaConsumer, tp: TP) -> int:
        subscription = consumer._subscription.subscription
        state = subscription and subscription.assignment and subscription.assignment.tps and (
            subscription.assignment.state_value(tp)
        )
        return state._position if state and state.has_valid_position else -1

    async def seek_all(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read on from `positions`, whatever has been read before. Runs on the thread's loop, between two polls."""
        for tp, offset in positions.items():
            self._ensure_consumer().seek(tp, offset)
            self._read_to[TP(*tp)] = offset

    async def call(self, method: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Run a coroutine function of the aiokafka consumer's on its own loop."""
        return await self.call_thread(method, *args)


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer without its bookkeeping of acks and gaps, which expects an offset a message."""

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: RecordBatch) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic, tp.partition, record.next_offset - 1, 0.0, 0, (), None, record, None, 0, 0, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    @property
    def kafka(self) -> AIOKafkaConsumer:
        """The aiokafka consumer; call its coroutines by `call`."""
        return self._thread._ensure_consumer()

    async def call(self, method: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Run one of the aiokafka consumer's coroutine functions where it lives."""
        return await self._thread.call(method, *args)

    async def seek_all(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read on from `positions`."""
        await self.call(self._thread.seek_all, positions)
        for tp in positions:
            self._read_offset.pop(TP(*tp), None)

    def ack(self, message: Any) -> bool:
        """Nothing to remember: a task knows how far it has come."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Offsets are committed by the tasks, with what came of them."""
        return False

    async def perform_seek(self) -> None:
        """Where to read on is said by the tasks, before their partitions are resumed."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps in the offsets are no matter: a batch says where to read on."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock detector reads its own acks; lag and latency are exported instead."""


class PlainProducer(driver.Producer):  # type: ignore[misc]
    """Faust's producer, reaching the broker as all our clients do. What must be atomic is not sent by it."""

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self.app.client_options,
            enable_idempotence=True,
            compression_type="lz4",
            max_request_size=LARGEST_RECORD,
            max_batch_size=1 << 20,
        )


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Faust's aiokafka transport, with record batches."""

    Consumer = BatchConsumer
    Producer = PlainProducer


class BatchSchema(Schema):  # type: ignore[misc]
    """Leaves the records as they are: decoding is the agents', and so are its errors."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Awaitable[Event]]:
        """A decoder that decodes nothing."""

        async def decode(message: Any, *, propagate: bool = False) -> Event:
            return Event(app, None, message.value, message.headers, message)

        return decode


