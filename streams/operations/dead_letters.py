"""Read the dead-letter topic, and record which dead letters were redriven.

A dead letter is a record that a worker rejected (docs/topics.md). To redrive one is to send it, perhaps
corrected, to the topic from which it was read (`streams.operations.redrive`).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from msgspec import Struct

from streams.config.load import Settings
from streams.ingest import dead_letter_record
from streams.ingest.dead_letter_record import Header
from streams.kafka import acls, admin
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.stopping import stop
from streams.kafka.topics import Names, partition_counts


class Place(NamedTuple):
    """Where a rejected record was read.

    Attributes:
        topic: topic of the record.
        partition: partition of the record.
        offset: offset of the record.
    """

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """Return the place in the notation of Kafka's own tools, such as `orders-3@17`."""
        return f"{self.topic}-{self.partition}@{self.offset}"


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A rejected record.

    Attributes:
        reason: one of the seven reasons of docs/metrics.md; empty if unknown.
        message: what is wrong with the record.
        topic: topic from which the record was read.
        partition: partition from which the record was read; -1 if unknown.
        offset: offset of the record there; -1 if unknown.
        timestamp: timestamp of the record, milliseconds since the epoch.
        key: key of the record.
        value: value of the record.
        headers: headers of the record, without those of the rejection; a value may be null.
        redriven: whether this dead letter, and every one before it in its partition, was redriven.
    """

    reason: str
    message: str
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    redriven: bool = False

    @property
    def place(self) -> Place:
        """Where the rejected record was read."""
        return Place(self.topic, self.partition, self.offset)


async def read(settings: Settings) -> AsyncGenerator[DeadLetter, None]:
    """Yield the dead letters in the topic. Between partitions the order is undefined.

    Dead letters of topics that the configuration does not read, and records of other programs, are skipped:
    they cannot be redriven.

    Raises:
        RetentionError: Kafka does not answer, or does not allow it.
    """
    tps = await _partitions(settings)
    positions = await _redrive_positions(settings, tps) if tps else {}
    async with aclosing(_records(settings, tps)) as records:
        async for record in records:
            dead_letter = of_record(record, redriven=record.offset < positions[_partition_of(record)])
            if settings.inputs.find(dead_letter.topic) is not None:
                yield dead_letter


async def oldest_first(settings: Settings, reason: str | None = None) -> list[DeadLetter]:
    """Return the dead letters in the topic, ordered by timestamp.

    Args:
        settings: connection to Kafka, and the mappings.
        reason: reason of the dead letters to return; None returns all.

    Raises:
        RetentionError: Kafka does not answer, or does not allow it.
    """
    found = [dead_letter async for dead_letter in read(settings) if reason in (None, dead_letter.reason)]
    return sorted(found, key=lambda dead_letter: (dead_letter.timestamp, dead_letter.place))


async def mark_redriven(settings: Settings, is_redriven: Callable[[DeadLetter], bool]) -> int:
    """Record which dead letters were redriven.

    The record is one offset for each partition, so it ends before the first dead letter that was not
    redriven.

    Args:
        settings: connection to Kafka, and the mappings.
        is_redriven: whether a dead letter was redriven.

    Returns:
        number of dead letters that were not marked before.

    Raises:
        RetentionError: Kafka does not answer, or does not allow it.
    """
    tps = await _partitions(settings)
    if not tps:
        return 0
    positions, marked = await _redrive_positions(settings, tps), 0
    finished: set[TopicPartition] = set()
    async with aclosing(_records(settings, tps)) as records:
        async for record in records:
            tp = _partition_of(record)
            if tp in finished or record.offset < positions[tp]:
                continue
            dead_letter = of_record(record)
            can_be_redriven = settings.inputs.find(dead_letter.topic) is not None
            if can_be_redriven and not is_redriven(dead_letter):
                finished.add(tp)
            else:
                positions[tp] = record.offset + 1
                marked += can_be_redriven
    async with _consumer(settings, tps) as consumer:
        await consumer.commit(positions)
    return marked


async def _partitions(settings: Settings) -> list[TopicPartition]:
    async with admin.connect(settings) as client:
        await acls.require(client, acls.dead_letter_reader_acls(settings))
        topic = Names.of(settings).dead_letters
        counts = await partition_counts(client, [topic])
    return [TopicPartition(topic, partition) for partition in range(counts.get(topic, 0))]


def _partition_of(record: ConsumerRecord) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


async def _records(settings: Settings, tps: list[TopicPartition]) -> AsyncGenerator[ConsumerRecord, None]:
    if not tps:
        return
    async with aclosing(read_to_end(settings.client_options(), tps)) as batches:
        async for records in batches:
            for record in records:
                yield record


@asynccontextmanager
async def _consumer(settings: Settings, tps: list[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
    group = Names.of(settings).dead_letters  # its offsets record up to where dead letters were redriven
    consumer = AIOKafkaConsumer(**settings.client_options(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(tps)
        yield consumer
    finally:
        await stop(consumer)


async def _redrive_positions(settings: Settings, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
    """Return for each partition the offset before which every dead letter was redriven."""
    async with _consumer(settings, tps) as consumer:
        return {tp: await consumer.committed(tp) or 0 for tp in tps}


def of_record(record: ConsumerRecord, *, redriven: bool = False) -> DeadLetter:
    """Return the dead letter that a record of the topic holds.

    Args:
        record: record of the dead-letter topic.
        redriven: whether the dead letter was redriven.
    """
    rejection = dead_letter_record.decode(record.headers)
    return DeadLetter(
        reason=rejection.reason,
        message=rejection.message,
        topic=rejection.topic,
        partition=rejection.partition,
        offset=rejection.offset,
        timestamp=record.timestamp,
        key=record.key,
        value=record.value,
        headers=dead_letter_record.original_headers(record.headers),
        redriven=redriven,
    )
