"""Missing topics are created, existing ones are checked."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import RequestTimedOutError, TopicAlreadyExistsError

from streams.errors import PartitionsChanged
from streams.kafka import topics
from streams.kafka.topics import (
    DERIVED,
    INPUTS,
    LARGEST_RECORD,
    PERIODS,
    Names,
    Topic,
    ensure,
    partition_counts,
    required,
)
from streams.local.kafka import EmbeddedKafka
from tests.support.kafka_calls import admin, create


async def config_of(client, topic):
    [response] = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    [(_, _, _, _, entries)] = response.resources
    return {entry[0]: entry[1] for entry in entries}


async def test_missing_topics_are_created_with_their_configuration(kafka, unique):
    wanted = [topic for topic in required(unique, 3) if topic.name.startswith(unique)]
    async with admin(kafka) as client:
        counts = await ensure(client, wanted, replication=1)
        assert counts == {
            f"{unique}-facts": 3,
            f"{unique}-ticks": 3,
            f"{unique}-partials": 1,
            f"{unique}-customers-changelog": 3,
        }
        assert await partition_counts(client, counts) == counts
        changelog = await config_of(client, Names(unique).changelog)
        assert changelog["cleanup.policy"] == "compact"
        assert changelog["max.message.bytes"] == str(LARGEST_RECORD)
        facts = await config_of(client, Names(unique).facts)
        assert facts["cleanup.policy"] == "delete"
        assert int(facts["retention.ms"]) + int(facts["segment.ms"]) == 30 * 24 * 3600 * 1000


async def test_existing_topics_are_left_unchanged(kafka, unique):
    await create(kafka, unique, 5, retention_ms="1234567")
    async with admin(kafka) as client:
        for _ in range(2):
            assert await ensure(client, [Topic(unique, 8, {"retention.ms": "1"})], replication=1) == {
                unique: 5
            }
        assert (await config_of(client, unique))["retention.ms"] == "1234567"


async def test_internal_topic_with_wrong_partition_count_is_rejected(kafka, unique):
    await create(kafka, f"{unique}-facts", 5)
    async with admin(kafka) as client:
        with pytest.raises(PartitionsChanged, match=rf"{unique}-facts has 5 partitions where 3 are expected"):
            await ensure(client, [Topic(f"{unique}-facts", 3, fixed=True)], replication=1)


async def test_two_workers_starting_at_once_both_find_the_topics(kafka, unique):
    wanted = [Topic(f"{unique}-{n}", 2, fixed=True) for n in range(5)]

    async def start():
        async with admin(kafka) as client:
            return await ensure(client, wanted, replication=1)

    results = await asyncio.gather(start(), start(), start())
    assert results == [{topic.name: 2 for topic in wanted}] * 3


async def test_refused_topic_is_an_error_with_its_name(kafka, unique):
    async with admin(kafka) as client:
        with pytest.raises(Exception, match=unique):
            await ensure(client, [Topic(unique, 1)], replication=3)


@pytest.mark.kafka
async def test_existence_check_does_not_create_topics(tmp_path):
    """Kafka's own default: a topic named in a question would be made with the broker's partition count."""
    settings = {"auto.create.topics.enable": "true", "num.partitions": "5"}
    async with EmbeddedKafka(tmp_path, settings=settings) as broker, admin(broker.bootstrap) as client:
        await client.create_topics([NewTopic("orders", 2, 1)])
        counts = await ensure(client, required("g", 3), replication=1)
    assert counts["g-facts"] == counts["g-ticks"] == counts["g-customers-changelog"] == 3
    assert counts["g-partials"] == 1
    assert counts["orders"] == 2


def test_every_topic_of_the_contract_is_required():
    topics = {topic.name: topic for topic in required("g", 8)}
    assert topics.keys() == {*INPUTS, *Names("g").internal, *DERIVED, "retention.dead-letters"}
    assert {name for name, topic in topics.items() if topic.fixed} == set(Names("g").internal)
    compacted = {name for name in DERIVED if topics[name].config["cleanup.policy"] == "compact"}
    assert compacted == {"retention.metrics", "retention.customers"}
    thirty_days = 30 * 24 * 3600 * 1000
    assert all(int(topics[name].config["retention.ms"]) <= thirty_days for name in {*DERIVED} - compacted)


def test_topic_of_periods_is_required_where_periods_are_closed():
    """It is compacted and in one partition, and no derived topic, because `reset` keeps it."""
    assert PERIODS not in {topic.name for topic in required("g", 8)}
    [topic] = [topic for topic in required("g", 8, periods=True) if topic.name == PERIODS]
    assert (topic.partitions, topic.config["cleanup.policy"], topic.fixed) == (1, "compact", False)
    assert PERIODS not in Names("g").derived
    assert Names("g", "shop").reserves("shop.periods")
    assert not Names("g", "shop").reserves("shop.orders")


class SlowKafka:
    """A Kafka that does not answer in time, then answers that it was too slow, and then has the topic."""

    def __init__(self):
        self.requests = 0

    async def describe_topics(self):
        partitions = [{}] * 2
        return [{"topic": "orders", "partitions": partitions, "error_code": 0}] if self.requests == 3 else []

    async def create_topics(self, topics):
        self.requests += 1
        if self.requests == 1:
            raise RequestTimedOutError
        error = RequestTimedOutError if self.requests == 2 else TopicAlreadyExistsError
        return SimpleNamespace(topic_errors=[(topic.name, error.errno, "") for topic in topics])


async def test_kafka_that_is_slow_to_create_topics_is_asked_again():
    slow = SlowKafka()
    assert await ensure(slow, [Topic("orders", 2)], replication=1) == {"orders": 2}
    assert slow.requests == 3


async def test_kafka_that_stays_too_slow_is_an_error(monkeypatch):
    monkeypatch.setattr(topics, "_CREATION_SECONDS", 0.0)
    slow = SlowKafka()
    with pytest.raises(RequestTimedOutError):
        await ensure(slow, [Topic("orders", 2)], replication=1)
    assert slow.requests == 1
