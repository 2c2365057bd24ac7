"""The first and the end offsets of partitions."""

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.config.load import Settings


class OffsetRange(NamedTuple):
    """The offsets that a partition holds.

    Attributes:
        start: offset of the first record.
        end: offset after the last record.
    """

    start: int
    end: int


async def offset_ranges(
    settings: Settings, tps: Sequence[TopicPartition], *, committed: bool = True
) -> dict[TopicPartition, OffsetRange]:
    """Return the offsets that each partition holds.

    Args:
        settings: connection to Kafka.
        tps: the partitions.
        committed: whether the end is that of the committed records, before the first open transaction.

    Raises:
        KafkaError: Kafka does not answer, or does not allow it.
    """
    if not tps:
        return {}
    isolation = "read_committed" if committed else "read_uncommitted"
    async with AIOKafkaConsumer(
        **settings.client_options(), enable_auto_commit=False, isolation_level=isolation
    ) as consumer:
        starts, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    return {tp: OffsetRange(starts[tp], ends[tp]) for tp in tps}
