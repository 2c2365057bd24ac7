"""Bulk reads of compacted topics, from the beginning to the current end."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

_BATCH = 5000


async def read_to_end(
    client_options: Mapping[str, Any], partitions: list[TopicPartition]
) -> AsyncGenerator[list[ConsumerRecord], None]:
    """Yield the current records of partitions, in batches.

    The end is reached by the *position*: a transaction ends in a marker that is never delivered, and
    compaction may have removed the last record, so a record with the last offset may never arrive.
    """
    consumer = AIOKafkaConsumer(
        **client_options,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # a position that was deleted meanwhile must not become the end
        fetch_max_wait_ms=100,
    )
    try:
        await consumer.start()
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while behind := [tp for tp in partitions if await consumer.position(tp) < ends[tp]]:
            fetched = await consumer.getmany(*behind, timeout_ms=200, max_records=_BATCH)
            for records in fetched.values():
                yield records
    finally:
        await consumer.stop()
