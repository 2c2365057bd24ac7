"""Dead letters that nobody wants any more: removed, since they hold customers' data.

They have their records' timestamps, of whatever year, so that Kafka cannot tell how long they have been
there; a header says it.
"""

from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.config.load import Settings
from streams.ingest import dead_letter_record
from streams.kafka import admin
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.topics import DEAD_LETTERS, KEPT_DAYS


async def remove(settings: Settings, partitions: int, now: datetime) -> int:
    """Remove the dead letters that have been kept for as long as they may; give how many.

    Args:
        settings: how Kafka is reached.
        partitions: of their topic.
        now: the wall clock.

    Raises:
        RetentionError: Kafka does not answer, or refuses.
    """
    removed, before = 0, {}
    for tp, (start, end) in (await _bounds(settings, partitions)).items():
        kept = end
        async with aclosing(read_to_end(settings.client_options(), [tp])) as batches:
            async for records in batches:
                old = _old(records, now - timedelta(days=KEPT_DAYS))
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
    """Give where each partition begins and ends.

    What is old is removed up to what is kept, or to this end, with the markers of transactions: Kafka keeps a
    file of which one offset is left.
    """
    tps = [TopicPartition(DEAD_LETTERS, number) for number in range(partitions)]
    async with AIOKafkaConsumer(
        **settings.client_options(), enable_auto_commit=False, isolation_level="read_committed"
    ) as consumer:
        starts, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    return {tp: (starts[tp], ends[tp]) for tp in tps}


def _old(records: list[ConsumerRecord], before: datetime) -> int:
    """Give how many of some records, from the first on, were refused before a time."""
    for number, record in enumerate(records):
        if _refused_at(record) >= before:
            return number
    return len(records)


def _refused_at(record: ConsumerRecord) -> datetime:
    rejected_at = dead_letter_record.rejected_at(record.headers)
    if rejected_at is None:  # written by another program or an early release: use the record's own time
        return datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return rejected_at
