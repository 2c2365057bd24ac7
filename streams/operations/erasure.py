"""Erase a customer: send the event that requests it, and wait until the workers have applied it.

An erasure passes from task to task in their transactions. The task that reads the event notifies the merge
registry, and the registry notifies every task. Both notifications go through the repartition topic. The
erasure is complete when the group has committed what each of these topics held after the step before.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, Literal, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from models.contract.event import Time
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import acls, admin
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.topics import Names, partition_counts
from streams.operations import erasure_check
from streams.partitioner import tasks_of
from streams.rollup.publisher import AS_OF

#: Workers without lag apply an erasure within two seconds.
TIMEOUT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.2
#: Messages in a row that an erasure takes through the repartition topic: from the task that read the event to
#: the merge registry, and from the registry to every task (`models.partition.cross_partition`).
_REPARTITION_STEPS: Final = 2

#: `no_workers`: no worker is running, so the erasure waits for one. `timeout`: the workers did not apply it
#: in time, and still will. `unknown_customer`: applied, but no row of the customer changed. `erased`:
#: applied.
Outcome = Literal["no_workers", "timeout", "unknown_customer", "erased"]


class Request(NamedTuple):
    """A requested erasure.

    Attributes:
        customer: the customer id.
        tp: partition that holds the event `customer.erased`.
        offset: offset of the event.
        changelog_end: end of the customer's changelog partition before the request; None if it is unreadable.
    """

    customer: str
    tp: TopicPartition
    offset: int
    changelog_end: erasure_check.ChangelogPosition | None


def event(customer: str, time: datetime) -> bytes:
    """Return the event that requests an erasure, as JSON. A repeated request is a duplicate.

    Args:
        customer: the customer id.
        time: event time, from `event_time`.
    """
    digest = blake2b(customer.encode(), digest_size=12).hexdigest()
    fields = {
        "id": f"erase-{digest}",
        "type": "customer.erased",
        "time": time.astimezone(UTC),
        "customer_id": customer,
    }
    return msgspec.json.encode(fields)


def topic_of(settings: Settings) -> str:
    """Return the input topic that accepts the event.

    Raises:
        RetentionError: no input accepts the contract's events of customers.
    """
    for topic, one in settings.inputs.named().items():
        if one.kind == "customers":
            return topic
    raise RetentionError(
        "no input accepts the event customer.erased without a mapping",
        "send the erasure in the form that the mapping of an input expects",
    )


async def event_time(settings: Settings, now: datetime) -> datetime:
    """Return the time that an erasure is stamped with: `now`, or in `event` mode the clock of the metrics.

    An erasure counts at once, whatever its time. In `event` mode, the wall clock may be years ahead of the
    events. Without published metrics, or without the right to read them, it is nevertheless the wall clock,
    since no `customer.*` event moves the clock.

    Args:
        settings: connection to Kafka, and the clock.
        now: wall clock time.
    """
    if settings.clock != "event":
        return now
    try:
        rows = [row async for row in _published(settings)]
    except KafkaError:
        return now
    return max((row.as_of for row in rows), default=now)


class _Published(msgspec.Struct):
    as_of: Time


async def _published(settings: Settings) -> AsyncIterator[_Published]:
    """Yield the published rows of the partition that has the instant of the metrics."""
    async with admin.connect(settings) as client:
        topic = Names.of(settings).metrics
        count = (await partition_counts(client, [topic])).get(topic, 0)
    if count:
        [partition] = tasks_of([AS_OF.encode()], count)
        async for records in read_to_end(settings.client_options(), [TopicPartition(topic, partition)]):
            for record in records:
                with contextlib.suppress(msgspec.DecodeError):  # a tombstone, or of another program
                    yield msgspec.json.decode(record.value or b"", type=_Published)


async def request(settings: Settings, customer: str, now: datetime) -> Request:
    """Send the event that requests the erasure of a customer.

    Args:
        settings: connection to Kafka, the group and the inputs.
        customer: the customer id.
        now: wall clock time of the request.

    Raises:
        AccessDenied: Kafka does not allow sending the event or reading the group's offsets.
        RetentionError: the input topic does not exist.
    """
    changelog_end = await erasure_check.end_position(settings, customer)
    topic, changelog = topic_of(settings), Names(settings.group).changelog
    required = [
        right for right in acls.erasure_acls(settings) if right.name != changelog
    ]  # that one is optional
    async with admin.connect(settings) as client:
        await acls.require(client, required)
        if topic not in await client.list_topics():
            raise RetentionError(f"the topic {topic} does not exist", "start a worker: it creates the topic")
    options = {"acks": "all", "enable_idempotence": True}
    async with AIOKafkaProducer(**settings.client_options(), **options) as producer:
        time = await event_time(settings, now)
        sent = await producer.send_and_wait(topic, event(customer, time), customer.encode())
    return Request(customer, TopicPartition(sent.topic, sent.partition), sent.offset, changelog_end)


async def outcome(settings: Settings, requested: Request) -> Outcome:
    """Wait until the workers have applied an erasure, and return what became of it.

    Args:
        settings: connection to Kafka, and the group.
        requested: the erasure.
    """
    if not await _has_workers(settings):
        return "no_workers"
    if not await _applied(settings, requested):
        return "timeout"
    if requested.changelog_end is not None:
        changed = await erasure_check.has_changed(settings, requested.customer, requested.changelog_end)
        if changed is False:  # not None: then the changelog could not be read
            return "unknown_customer"
    return "erased"


async def _has_workers(settings: Settings) -> bool:
    async with admin.connect(settings) as client:
        return bool((await admin.group_members(client, settings.group))[1])


async def _applied(settings: Settings, requested: Request) -> bool:
    """Wait until the group has committed every step of the erasure; return False after the timeout."""
    repartition_topic = Names(settings.group).facts
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS), _offsets(settings) as (client, consumer):
            await _wait_for_commit(client, settings.group, {requested.tp: requested.offset + 1})
            numbers = await _partitions(client, repartition_topic)
            tps = [TopicPartition(repartition_topic, number) for number in numbers]
            for _ in range(_REPARTITION_STEPS):
                ends = await consumer.end_offsets(tps)
                written = {tp: end for tp, end in ends.items() if end}
                await _wait_for_commit(client, settings.group, written)
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


async def _wait_for_commit(
    client: AIOKafkaAdminClient, group: str, offsets: dict[TopicPartition, int]
) -> None:
    while True:
        committed = await client.list_consumer_group_offsets(group)
        if all(tp in committed and committed[tp].offset >= offset for tp, offset in offsets.items()):
            return
        await asyncio.sleep(_POLL_SECONDS)
