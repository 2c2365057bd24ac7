"""Check whether an erasure removed anything, by the rows that it wrote to the changelog.

Reading the whole changelog would take long. The rows written to the customer's partition since the request
are few. The erasure of a customer with data writes a changed row, or a tombstone, among them.
"""

import asyncio
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from models.identity.merge_registry import REDIRECT_KEY
from streams.config.load import Settings
from streams.kafka import acls, admin
from streams.kafka.acls import AclRequirement
from streams.kafka.topics import Names, partition_counts
from streams.partitioner import tasks_of

_TIMEOUT_SECONDS: Final = 30.0
_POLL_MS: Final = 200


class ChangelogPosition(NamedTuple):
    """A position in the changelog.

    Attributes:
        tp: partition of the changelog.
        offset: offset in the partition.
    """

    tp: TopicPartition
    offset: int


async def end_position(settings: Settings, customer: str) -> ChangelogPosition | None:
    """Return the end of the changelog partition with a customer's rows.

    Args:
        settings: connection to Kafka, and the group.
        customer: the customer id.

    Returns:
        None if the changelog does not exist, or Kafka does not allow reading it.
    """
    topic = Names(settings.group).changelog
    async with admin.connect(settings) as client:
        partitions = (await partition_counts(client, [topic])).get(topic)
        if partitions is None or await acls.missing(client, [AclRequirement("topic", topic, ("READ",))]):
            return None
    tp = TopicPartition(topic, tasks_of([customer.encode()], partitions)[0])
    async with _reader(settings) as consumer:
        return ChangelogPosition(tp, (await consumer.end_offsets([tp]))[tp])


async def has_changed(settings: Settings, customer: str, since: ChangelogPosition) -> bool | None:
    """Return whether a row of a customer was written since a position; None if the changelog is unreadable.

    Args:
        settings: connection to Kafka.
        customer: the customer id.
        since: position returned by `end_position`.
    """
    keys = {customer.encode(), REDIRECT_KEY + customer.encode()}
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS), _reader(settings) as consumer:
            consumer.assign([since.tp])
            consumer.seek(since.tp, since.offset)
            end = (await consumer.end_offsets([since.tp]))[since.tp]
            while await consumer.position(since.tp) < end:
                found = await consumer.getmany(since.tp, timeout_ms=_POLL_MS)
                if any(record.key in keys for record in found.get(since.tp, ())):
                    return True
    except (KafkaError, TimeoutError):
        return None
    return False


def _reader(settings: Settings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **settings.client_options(), enable_auto_commit=False, isolation_level="read_committed"
    )
