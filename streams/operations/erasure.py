"""Erasing a customer: the event that asks for it, and how one sees that it has been done.

What an erasure leads to goes from task to task within their transactions: first the event, then what it says
to the registry, then what that says to all. So it is done when the group has committed what each of these
topics held after the step before.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import acls, admin
from streams.kafka.topics import Names

#: Workers that keep up need a second or two for it.
PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.2
#: From the task that read the event to the registry's, and from there to all.
_HOPS: Final = 2


def event(customer: str, now: datetime) -> bytes:
    """Give the event that asks for a customer to be forgotten. Asking again is a duplicate."""
    digest = blake2b(customer.encode(), digest_size=12).hexdigest()
    fields = {
        "id": f"erase-{digest}",
        "type": "customer.erased",
        "time": now.astimezone(UTC),
        "customer_id": customer,
    }
    return msgspec.json.encode(fields)


def topic_of(settings: Settings) -> str:
    """Give the input that takes the event.

    Raises:
        RetentionError: none does.
    """
    for topic, reads in settings.mappings.named().items():
        if reads == "customers":
            return topic
    raise RetentionError(
        "no input takes the event customer.erased as it is",
        "send it by the mapping of the input that has it",
    )


async def ask(settings: Settings, customer: str, now: datetime) -> tuple[TopicPartition, int]:
    """Send the event; give where it stands.

    Raises:
        AccessDenied: it may not be sent, or not be seen to be done.
        RetentionError: there is no such topic.
    """
    topic, changelog = topic_of(settings), Names(settings.group).changelog
    needed = [right for right in acls.erasure_acls(settings) if right.name != changelog]  # one can do without
    async with admin.connect(settings) as client:
        await acls.require(client, needed)
        if topic not in await client.list_topics():
            raise RetentionError(f"there is no topic {topic}", "a worker makes it: start one first")
    options = {"acks": "all", "enable_idempotence": True}
    async with AIOKafkaProducer(**settings.client_options(), **options) as producer:
        sent = await producer.send_and_wait(topic, event(customer, now), customer.encode())
    return TopicPartition(sent.topic, sent.partition), sent.offset


async def is_running(settings: Settings) -> bool:
    """Whether the group has workers."""
    async with admin.connect(settings) as client:
        return bool((await admin.group_members(client, settings.group))[1])


async def done(settings: Settings, asked: TopicPartition, offset: int) -> bool:
    """Wait until the workers have forgotten whom the event at that place names; False: they take too long."""
    facts = Names(settings.group).facts
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), _offsets(settings) as (client, consumer):
            await _committed(client, settings.group, {asked: offset + 1})
            tps = [TopicPartition(facts, number) for number in await _partitions(client, facts)]
            for _ in range(_HOPS):
                ends = await consumer.end_offsets(tps)
                await _committed(client, settings.group, {tp: end for tp, end in ends.items() if end})
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def _offsets(settings: Settings) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
    async with (
        admin.connect(settings) as client,
        AIOKafkaConsumer(**settings.client_options(), enable_auto_commit=False) as consumer,
    ):
        yield client, consumer


async def _partitions(client: AIOKafkaAdminClient, topic: str) -> Iterable[int]:
    [described] = await client.describe_topics([topic])
    return range(len(described["partitions"]))


async def _committed(client: AIOKafkaAdminClient, group: str, wanted: dict[TopicPartition, int]) -> None:
    while True:
        committed = await client.list_consumer_group_offsets(group)
        if all(tp in committed and committed[tp].offset >= at for tp, at in wanted.items()):
            return
        await asyncio.sleep(_POLL_SECONDS)
