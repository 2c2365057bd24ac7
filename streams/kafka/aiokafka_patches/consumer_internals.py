"""Access to the private parts of an aiokafka consumer that the worker needs.

Call these functions on the loop of the consumer.
"""

from collections.abc import Sequence
from copy import copy
from typing import cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED
from aiokafka.structs import OffsetAndMetadata

_TIMEOUT_MS = 30_000


def member_id(consumer: AIOKafkaConsumer) -> str:
    """Return the id that the group coordinator gave to this member. Safe to call from another thread."""
    return cast("str", consumer._coordinator.member_id)  # noqa: SLF001


def request_rejoin(consumer: AIOKafkaConsumer) -> None:
    """Make the consumer join its group again, which leads to a new assignment."""
    consumer._coordinator.request_rejoin()  # noqa: SLF001


def known_position(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int | None:
    """Return the offset of the next record to fetch; None while it is unknown.

    `AIOKafkaConsumer.position` would wait for an unknown position.
    """
    subscription = consumer._subscription.subscription  # noqa: SLF001
    assignment = subscription and subscription.assignment
    state = assignment and assignment.state_value(tp)
    return cast("int", state.position) if state and state.has_valid_position else None


def known_end(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int | None:
    """Return the end of the log in the latest answer to a fetch; None before one. It makes no request.

    Like `log_end_offsets`, it includes open transactions. Safe to call from another thread.
    """
    subscription = consumer._subscription.subscription  # noqa: SLF001
    assignment = subscription and subscription.assignment
    if not assignment or tp not in assignment.tps:
        return None
    return cast("int | None", assignment.state_value(tp).highwater)


def discard_fetched(consumer: AIOKafkaConsumer) -> None:
    """Drop the records that were fetched but not returned yet. Seek afterwards to read them again."""
    consumer._fetcher._records.clear()  # noqa: SLF001


async def committed_offsets(
    consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """Return the group's committed offsets with their metadata; partitions without one are left out.

    `AIOKafkaConsumer.committed` returns no metadata.
    """
    found = await consumer._coordinator.fetch_committed_offsets(list(tps))  # noqa: SLF001
    return {tp: offset for tp, offset in found.items() if offset.offset >= 0}


async def log_end_offsets(
    consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return the ends of the logs, including open transactions.

    `end_offsets` of a consumer that reads committed records returns the start of the first open transaction.
    Records that were committed behind it, or whose marker has not arrived yet, would be missed.
    """
    fetcher = copy(consumer._fetcher)  # noqa: SLF001 - one isolation level serves its fetches and this request
    fetcher._isolation_level = READ_UNCOMMITTED  # noqa: SLF001
    return cast("dict[TopicPartition, int]", await fetcher.end_offsets(list(tps), _TIMEOUT_MS))
