"""Remove old dead letters, which hold personal data (docs/topics.md).

A dead letter has the timestamp of the rejected record, which may be of any year. Kafka's retention by time
therefore cannot remove it. A header has the time of the rejection.
"""

from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.config.load import Settings
from streams.ingest import dead_letter_record
from streams.kafka import admin
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.topics import KEPT_DAYS, Names


async def remove(settings: Settings, partitions: int, now: datetime) -> int:
    """Remove the dead letters that were rejected more than `KEPT_DAYS` ago, and return their number.

    Args:
        settings: connection to Kafka.
        partitions: number of partitions of the dead-letter topic.
        now: wall clock time.

    Raises:
        RetentionError: Kafka does not answer, or does not allow it.
    """
    removed, before = 0, {}
    for tp, (start, end) in (await _bounds(settings, partitions)).items():
        kept = end
        async with aclosing(read_to_end(settings.client_options(), [tp])) as batches:
            async for records in batches:
                old = _count_old(records, now - timedelta(days=KEPT_DAYS))
                removed += old
                if old < len(records):
                    kept = min(end, records[old].offset)
                    break
        if kept > start:
            before[tp] = RecordsToDelete(before_offset=kept)
    if before:
        async with admin.connect(settings) as client:
            await client.delete_records(before)
    return removed


async def _bounds(settings: Settings, partitions: int) -> dict[TopicPartition, tuple[int, int]]:
    """Return the first offset and the end offset of each partition.

    A partition without dead letters to keep is emptied up to its end, including transaction markers: Kafka
    keeps a segment as long as one of its offsets remains.
    """
    topic = Names.of(settings).dead_letters
    tps = [TopicPartition(topic, number) for number in range(partitions)]
    async with AIOKafkaConsumer(
        **settings.client_options(), enable_auto_commit=False, isolation_level="read_committed"
    ) as consumer:
        starts, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    return {tp: (starts[tp], ends[tp]) for tp in tps}


def _count_old(records: list[ConsumerRecord], before: datetime) -> int:
    """Return the number of records, from the first on, that were rejected before a time."""
    for number, record in enumerate(records):
        if _rejected_at(record) >= before:
            return number
    return len(records)


def _rejected_at(record: ConsumerRecord) -> datetime:
    rejected_at = dead_letter_record.rejected_at(record.headers)
    if rejected_at is None:  # written by another program or an early release: use the record's own time
        return datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return rejected_at
