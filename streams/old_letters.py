"""Dead letters that nobody wants any more: removed, since they hold customers' data.

They have their records' timestamps, of whatever year, so that Kafka cannot tell how long they have been
there; a header says it.
"""

from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams import admin
from streams.restore import read_to_end
from streams.settings import Settings
from streams.topics import DEAD_LETTERS, KEPT_DAYS

#: When a record was refused, as RFC 3339 has it.
REFUSED_AT: Final = "retention.error.time"


async def remove(settings: Settings, partitions: int, now: datetime) -> int:
    """Remove the dead letters that have been kept for as long as they may; give how many.

    Args:
        settings: how Kafka is reached.
        partitions: of their topic.
        now: the wall clock.

    Raises:
        RetentionError: Kafka does not answer, or refuses.
    """
    found: dict[TopicPartition, int] = {}
    removed = 0
    for number in range(partitions):
        tp = TopicPartition(DEAD_LETTERS, number)
        async with aclosing(read_to_end(settings.client_options(), [tp])) as batches:
            async for records in batches:
                old = _old(records, now - timedelta(days=KEPT_DAYS))
                removed += old
                if old:
                    found[tp] = records[old - 1].offset + 1
                if old < len(records):
                    break
    if found:
        async with admin.connect(settings) as client:
            await client.delete_records({tp: RecordsToDelete(before_offset=at) for tp, at in found.items()})
    return removed


def _old(records: list[ConsumerRecord], before: datetime) -> int:
    """Give how many of some records, from the first on, were refused before a time."""
    for number, record in enumerate(records):
        if _refused_at(record) >= before:
            return number
    return len(records)


def _refused_at(record: ConsumerRecord) -> datetime:
    written = dict(record.headers).get(REFUSED_AT)
    if written is None:  # by nobody of ours, or an early release: as old as it says
        return datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return datetime.fromisoformat(written.decode())
