"""Offsets of inputs, and topics that were created again."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.monitoring.worker_counters import WorkerCounters
from streams.worker.source_offsets import SourceOffsets
from tests.support.group_member import FakeConsumer
from tests.support.kafka_calls import admin, create, producer


async def test_recreated_topic_is_read_from_its_beginning(kafka, unique):
    """By offsets alone, a new topic that is long enough would be read on from the old position."""
    tp = TopicPartition(unique, 0)
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=unique, enable_auto_commit=False, metadata_max_age_ms=100
    ) as consumer:
        sources = SourceOffsets(lambda: FakeConsumer(consumer), {unique}, WorkerCounters())
        consumer.assign([tp])
        await fill(kafka, unique, 3)
        await consumer.commit({tp: 2})
        assert await sources.starting_positions([tp], from_earliest=False) == {tp: 2}
        assert await sources.recreated([tp]) == set()
        await delete(kafka, unique)
        assert await sources.recreated([tp]) == set(), "the new topic does not exist yet"
        await fill(kafka, unique, 5)
        await commit(consumer, tp, 4)
        assert await sources.recreated([tp]) == {tp}
        assert await sources.starting_positions([tp], from_earliest=False) == {tp: 0}
        assert await sources.recreated([tp]) == set()
        assert await sources.starting_positions([tp], from_earliest=False) == {tp: 4}


async def test_topic_ids_of_revoked_partitions_are_dropped(kafka, unique):
    """Another worker may have started to read the new topic meanwhile."""
    tp = TopicPartition(unique, 0)
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=unique, enable_auto_commit=False, metadata_max_age_ms=100
    ) as consumer:
        sources = SourceOffsets(lambda: FakeConsumer(consumer), {unique}, WorkerCounters())
        consumer.assign([tp])
        await fill(kafka, unique, 1)
        await sources.starting_positions([tp], from_earliest=False)
        await sources.recreated([])
        await delete(kafka, unique)
        await fill(kafka, unique, 5)
        await commit(consumer, tp, 4)
        assert await sources.starting_positions([tp], from_earliest=False) == {tp: 4}


async def test_recreated_topic_is_noticed_by_the_next_owner(kafka, unique):
    """The worker was killed before it noticed; its offset is one of the new topic."""
    tp = TopicPartition(unique, 0)
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=unique, enable_auto_commit=False, metadata_max_age_ms=100
    ) as consumer:
        killed, successor = (
            SourceOffsets(lambda: FakeConsumer(consumer), {unique}, WorkerCounters()) for _ in range(2)
        )
        consumer.assign([tp])
        await fill(kafka, unique, 1)
        await killed.starting_positions([tp], from_earliest=False)
        await delete(kafka, unique)
        await fill(kafka, unique, 5)
        await commit(consumer, tp, killed.with_topic_ids({tp: 4})[tp])
        assert await successor.starting_positions([tp], from_earliest=False) == {tp: 0}
        await consumer.commit({tp: successor.with_topic_ids({tp: 3})[tp]})
        assert await successor.starting_positions([tp], from_earliest=False) == {tp: 3}


async def fill(kafka, topic, count):
    await create(kafka, topic)
    async with producer(kafka) as sender:
        for number in range(count):
            await sender.send_and_wait(topic, b"%d" % number, partition=0)


async def delete(kafka, topic):
    async with admin(kafka) as client:
        await client.delete_topics([topic])
        while topic in await client.list_topics():  # noqa: ASYNC110 - Kafka sends no event
            await asyncio.sleep(0.05)


async def commit(consumer, tp, offset):
    """Commit as a worker that has not noticed, once Kafka has removed the old topic's offsets."""
    async with asyncio.timeout(20):
        while await consumer.committed(tp) is not None:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
    await consumer.commit({tp: offset})
