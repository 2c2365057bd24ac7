"""Bulk reads of compacted topics and of dead letters, from the beginning to the current end."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka.aiokafka_patches.lenient_headers import install_lenient_headers
from streams.kafka.stopping import stop

_BATCH = 5000


async def read_to_end(
    client_options: Mapping[str, Any], partitions: list[TopicPartition]
) -> AsyncGenerator[list[ConsumerRecord], None]:
    """Yield the current records of partitions, in batches.

    The end is reached by the *position*: a transaction ends in a marker that is never delivered, and
    compaction may have removed the last record, so a record with the last offset may never arrive.
    """
    read_to: dict[TopicPartition, int] = {}
    try:
        async with aclosing(_read(client_options, partitions, read_to)) as batches:
            async for records in batches:
                yield records
    except UnicodeDecodeError:  # a header name: records that were decoded before the error are read again
        install_lenient_headers()
        async with aclosing(_read(client_options, partitions, read_to)) as batches:
            async for records in batches:
                yield records


async def _read(
    client_options: Mapping[str, Any], partitions: list[TopicPartition], read_to: dict[TopicPartition, int]
) -> AsyncGenerator[list[ConsumerRecord], None]:
    """Yield the records behind the offsets of `read_to`, and keep these offsets current."""
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
        for tp, offset in read_to.items():
            consumer.seek(tp, offset)
        ends = await consumer.end_offsets(partitions)
        while behind := [tp for tp in partitions if await consumer.position(tp) < ends[tp]]:
            fetched = await consumer.getmany(*behind, timeout_ms=200, max_records=_BATCH)
            for tp, records in fetched.items():
                read_to[tp] = records[-1].offset + 1
                yield records
    finally:
        await stop(consumer)
