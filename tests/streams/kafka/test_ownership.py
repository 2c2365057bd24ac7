"""The owner of the derived topics, and the groups that may take them over."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from streams.config.load import load
from streams.errors import TopicsOwned
from streams.kafka import admin, ownership
from streams.kafka.topics import Names, ensure, partition_counts, required
from streams.service import prepare_topics


def record(value=None, timestamp=0, name=ownership.HEADER):
    headers = [(name, value)] if value is not None else []
    return ConsumerRecord("retention.metrics", 0, 0, timestamp, 0, b"k", b"{}", None, 0, 0, headers)


def test_owner_is_named_by_the_latest_mark():
    assert ownership.owner_in([record(b"a", 5), record(b"b", 9), record(timestamp=10)]) == "b"
    assert ownership.owner_in([record(), record(b"x", name="ce_source")]) is None


def registration(group, at):
    return record(group.encode(), at, ownership.REGISTRATION)


def test_first_of_two_registrations_has_no_rival():
    registrations = [registration("a", 1000), record(b"a", 1100), registration("b", 1050)]
    assert ownership.rivals(registrations, "a") == []
    assert ownership.rivals(registrations, "b") == ["a"]  # whatever their timestamps are


def test_registration_that_is_not_in_the_topic_decides_nothing():
    assert ownership.rivals([record(b"c", 900), registration("b", 1000)], "a") is None


def test_registration_of_a_minute_ago_is_no_rival():
    registrations = [
        registration("a", 1000),
        registration("b", 2000),
        registration("a", 61_500),
        registration("b", 70_000),
    ]
    assert ownership.rivals(registrations, "b") == ["a"]
    assert ownership.rivals(registrations[:3], "a") == ["b"]
    assert ownership.rivals([registration("b", 1000), registration("a", 61_500)], "a") == []


def test_second_leader_of_a_group_has_the_place_of_the_first():
    registrations = [registration("a", 1000), registration("b", 2000), registration("a", 3000)]
    assert ownership.rivals(registrations, "a") == []


def test_names_with_the_default_prefix_are_those_of_the_contract():
    names = Names("g")
    assert names.metrics == "retention.metrics"
    assert names.ticket_slas == "retention.ticket-sla"
    assert names.dead_letters == "retention.dead-letters"


def test_prefix_makes_another_set_of_derived_topics():
    default = {topic.name for topic in required("g", 1)}
    other = {topic.name for topic in required("g", 1, prefix="shop")}
    assert {"shop.metrics", "shop.customers", "shop.actions", "shop.dead-letters"} < other
    assert not [name for name in other if name.startswith("retention.")]
    assert len(default) == len(other)


@pytest.fixture
def set_up(kafka, unique):
    """Return a function that makes settings of a group with derived topics of this test, and their topics."""

    async def make(group, owners=(), *, state=True):
        settings = load({"broker": kafka, "group": f"{unique}-{group}", "topic_prefix": unique}, {})
        names = Names.of(settings)
        topics = required(settings.group, 1, prefix=unique)
        wanted = [topic for topic in topics if state or topic.name != names.changelog]
        async with admin.connect(settings) as client:
            await ensure(client, wanted, replication=1)
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            for owner in owners:
                headers = [(ownership.HEADER, f"{unique}-{owner}".encode())] if owner else []
                await producer.send_and_wait(names.metrics, b"{}", b"key", headers=headers)
        return settings

    return lambda *given, **options: asyncio.run(make(*given, **options))


async def counts_of(settings, topics):
    async with admin.connect(settings) as client:
        return await partition_counts(client, topics)


def check(settings):
    async def run():
        async with admin.connect(settings) as client:
            await ownership.require(client, settings)

    asyncio.run(run())


def test_group_uses_its_own_or_new_topics(set_up):
    check(set_up("a"))
    check(set_up("a", ["a"]))


def test_other_group_is_refused_with_the_setting(set_up):
    set_up("a", ["a"])
    with pytest.raises(TopicsOwned, match=r"belong to group .*-a; set RETENTION_TOPIC_PREFIX"):
        check(set_up("b"))


def test_worker_of_another_group_creates_no_topic(set_up, kafka, unique):
    set_up("a", ["a"])
    other = load({"broker": kafka, "group": f"{unique}-b", "topic_prefix": unique}, {})
    with pytest.raises(TopicsOwned):
        asyncio.run(prepare_topics(other))
    assert asyncio.run(counts_of(other, Names.of(other).internal)) == {}


def test_topics_of_a_group_without_state_may_be_taken_over(set_up):
    set_up("a", ["a"], state=False)
    check(set_up("b"))


def test_topics_without_a_mark_belong_to_the_group_with_state(set_up):
    check(set_up("a", [""]))
    with pytest.raises(TopicsOwned, match="belong to a group other than"):
        check(set_up("b", state=False))
