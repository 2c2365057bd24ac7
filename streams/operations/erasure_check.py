"""Whether a customer was known, told by what their erasure has written to the changelog.

A whole changelog would take long to read. What was written to one of its partitions since the erasure was
asked for does not: of who was known, there is a row among it that has changed, or is no more.
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

_PATIENCE_SECONDS: Final = 30.0
_POLL_MS: Final = 200


class Place(NamedTuple):
    """A place in the changelog."""

    tp: TopicPartition
    offset: int


async def end(settings: Settings, customer: str) -> Place | None:
    """Give where the partition ends that has a customer's rows; None: none is there, or to be read."""
    topic = Names(settings.group).changelog
    async with admin.connect(settings) as client:
        partitions = (await partition_counts(client, [topic])).get(topic)
        if partitions is None or await acls.missing(client, [AclRequirement("topic", topic, ("READ",))]):
            return None
    tp = TopicPartition(topic, tasks_of([customer.encode()], partitions)[0])
    async with _reader(settings) as consumer:
        return Place(tp, (await consumer.end_offsets([tp]))[tp])


async def any_since(settings: Settings, customer: str, since: Place) -> bool | None:
    """Whether a row of a customer has been written since then; None: that cannot be found out."""
    keys = {customer.encode(), REDIRECT_KEY + customer.encode()}
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), _reader(settings) as consumer:
            consumer.assign([since.tp])
            consumer.seek(since.tp, since.offset)
            until = (await consumer.end_offsets([since.tp]))[since.tp]
            while await consumer.position(since.tp) < until:
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
