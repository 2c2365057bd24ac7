"""Reset a group: delete its state, its offsets and the derived topics, so that it starts from the inputs."""

import shutil
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.config.load import Settings
from streams.errors import GroupActive
from streams.ingest import input_topics
from streams.kafka import admin, ownership, topics
from streams.kafka.offsets import offset_ranges
from streams.operations import dead_letters
from streams.operations.dead_letters import DeadLetter
from streams.read_model.store import Store


class Deleted(NamedTuple):
    """The topics and offsets that a reset deleted in Kafka.

    Attributes:
        topics: names of the deleted topics.
        had_offsets: whether the group had committed offsets.
    """

    topics: list[str]
    had_offsets: bool


class ClearedReadModel(NamedTuple):
    """The result of clearing the read model in a reset.

    Attributes:
        name: address of Redis, without its password.
        keys: number of deleted keys.
        error: why no key was deleted; empty if Redis answered. The next worker then clears the read model.
    """

    name: str
    keys: int
    error: str = ""


def topics_of(settings: Settings) -> list[str]:
    """Return the topics that a reset deletes: the group's internal topics and the derived topics."""
    names = topics.Names.of(settings)
    return [*names.internal, *names.derived]


def local_state(settings: Settings) -> Path:
    """Return the directory of the worker's local state."""
    return settings.data_dir / "faust"


async def require_stopped(settings: Settings) -> None:
    """Check that no worker of the group is running.

    Raises:
        GroupActive: the group has members.
    """
    async with admin.connect(settings) as client:
        _, members = await admin.group_members(client, settings.group)
        if members:
            raise GroupActive(settings.group, len(members))


async def delete_topics(settings: Settings) -> Deleted:
    """Delete the group's offsets and the topics of `topics_of`, except derived topics of another group.

    Raises:
        GroupActive: a worker has joined the group in the meantime.
    """
    async with admin.connect(settings) as client:
        # The group first: Kafka refuses to delete it while it has members, and one may have just joined.
        had_offsets = await admin.delete_group(client, settings.group)
        found = topics_of(settings)
        if await _belong_to_another(client, settings):
            found = list(topics.Names.of(settings).internal)
        return Deleted(await admin.delete_topics(client, found), had_offsets)


async def _belong_to_another(client: AIOKafkaAdminClient, settings: Settings) -> bool:
    """Return whether another group owns the derived topics, as far as they can be read."""
    try:
        return await ownership.other_owner(client, settings) is not None
    except KafkaError:
        return False


async def mark_dead_letters(settings: Settings) -> int:
    """Mark the dead letters whose records the next worker reads again as redriven. Return their number.

    A record that is rejected again becomes another dead letter. A dead letter whose record has left its input
    stays as it is.

    Raises:
        RetentionError: Kafka does not answer, or does not allow it.
    """
    async with admin.connect(settings) as client:
        if await _belong_to_another(client, settings):
            return 0
        existing = [topic["topic"] for topic in await client.describe_topics() if topic["error_code"] == 0]
        counts = await topics.partition_counts(client, list(input_topics.resolved(settings, existing)))
        tps = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
        held = await offset_ranges(settings, tps)

    def is_read_again(dead_letter: DeadLetter) -> bool:
        start, end = held.get(TopicPartition(dead_letter.topic, dead_letter.partition), (0, 0))
        return start <= dead_letter.offset < end

    return await dead_letters.mark_redriven(settings, is_read_again)


async def clear_read_model(url: str, group: str) -> ClearedReadModel:
    """Delete the group's keys in Redis.

    Args:
        url: URL of Redis.
        group: the group.
    """
    async with aclosing(Store(url, group)) as store:
        from redis.exceptions import RedisError  # noqa: PLC0415 - an extra

        try:
            return ClearedReadModel(store.name, await store.clear())
        except RedisError as error:
            return ClearedReadModel(store.name, 0, str(error))


def delete_local_state(settings: Settings) -> bool:
    """Delete the worker's local state; return whether there was any."""
    path = local_state(settings)
    if not path.exists():
        return False
    shutil.rmtree(path)
    return True
