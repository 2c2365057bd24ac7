"""The owner of a set of derived topics: the one group that writes and reads them (docs/topics.md).

The owner marks the records with the instant and the state of the metrics by a header with its name. A group
owns the topics as long as its own state exists: after `retention reset`, or once its internal topics are
deleted, another group may take them over.

Two groups may find topics without an owner at the same moment. A group therefore registers as their owner
first, by a tombstone that readers ignore, and publishes once it has read its registration back. The
partition's order decides which registration is first. The other group stops.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.config.load import Settings
from streams.errors import TopicsOwned
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.outbox import Outgoing
from streams.kafka.topics import Names, partition_counts

#: Header of a record of the metrics topic: name of the owner.
HEADER: Final = "retention.group"
#: Header of a registration: name of the group that is about to publish to topics without an owner.
REGISTRATION: Final = "retention.registration"
#: Key of the registrations. It is the key of no series, and a registration has no value.
REGISTRATION_KEY: Final = b"retention_owner"
#: An earlier registration counts for this long: its group has marked the topics by then, or stopped.
_REGISTRATION_MS: Final = 60_000


class _Registration(NamedTuple):
    """A registration, in the order of its partition.

    Attributes:
        group: name of the group.
        at: timestamp of the record, milliseconds since the epoch.
    """

    group: str
    at: int


def owner_in(records: Iterable[ConsumerRecord]) -> str | None:
    """Return the owner that the latest marked record names; None without one."""
    marked = [
        (record.timestamp, value.decode(errors="replace"))
        for record in records
        for name, value in record.headers
        if name == HEADER and value
    ]
    return max(marked)[1] if marked else None


def registration(group: str) -> Outgoing:
    """Return the record by which a group registers for topics without an owner."""
    return Outgoing(REGISTRATION_KEY, None, headers=[(REGISTRATION, group.encode())])


def rivals(records: Iterable[ConsumerRecord], group: str) -> list[str] | None:
    """Return the groups that registered for the topics shortly before a group did.

    Args:
        records: records of the registrations' partition, in the order of their offsets.
        group: name of the group.

    Returns:
        names of the groups, or None if the group's own registration is not among the records.
    """
    registrations = [
        _Registration(value.decode(errors="replace"), record.timestamp)
        for record in records
        for name, value in record.headers
        if name == REGISTRATION and value
    ]
    own = [one.at for one in registrations if one.group == group]
    if not own:
        return None
    recent = [one.group for one in registrations if one.at >= own[-1] - _REGISTRATION_MS]
    return list(dict.fromkeys(recent[: recent.index(group)]))


async def other_owner(client: AIOKafkaAdminClient, settings: Settings) -> str | None:
    """Return the name of another group that owns the derived topics; None if this group may use them.

    Topics of a release without marks belong to the group that has a state. The name is then empty.

    Args:
        client: connection to Kafka.
        settings: the group and its derived topics.

    Raises:
        KafkaError: the topics cannot be read.
    """
    names = Names.of(settings)
    count = (await partition_counts(client, [names.metrics])).get(names.metrics, 0)
    partitions = [TopicPartition(names.metrics, number) for number in range(count)]
    records = []
    if partitions:
        async for some in read_to_end(settings.client_options(), partitions):
            records += [record for record in some if record.key != REGISTRATION_KEY]
    owner = owner_in(records)
    if owner == settings.group or not records:
        return None
    changelog = names.changelog if owner is None else Names(owner).changelog
    has_state = bool(await partition_counts(client, [changelog]))
    if owner is None:
        return None if has_state else ""
    return owner if has_state else None


async def require_gone(client_options: Mapping[str, Any], owner: str, names: Names) -> None:
    """Check that a former owner has no state any more.

    Args:
        client_options: connection options of aiokafka's clients.
        owner: name of the former owner.
        names: names of the group that takes the derived topics over.

    Raises:
        TopicsOwned: it has one.
        KafkaError: Kafka does not respond.
    """
    client = AIOKafkaAdminClient(**client_options)
    await client.start()
    try:
        if await partition_counts(client, [Names(owner).changelog]):
            raise TopicsOwned(names.prefix, owner, names.group)
    finally:
        await client.close()


async def require(client: AIOKafkaAdminClient, settings: Settings) -> None:
    """Check that no other group owns the derived topics.

    Raises:
        TopicsOwned: another group does.
        KafkaError: the topics cannot be read.
    """
    owner = await other_owner(client, settings)
    if owner is not None:
        raise TopicsOwned(settings.topic_prefix, owner, settings.group)
