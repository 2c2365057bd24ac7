"""Calls of tests to Kafka with plain aiokafka clients."""

import asyncio
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import PolicyViolationError


@asynccontextmanager
async def admin(bootstrap):
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def create(bootstrap, topic, partitions=1, **config):
    async with admin(bootstrap) as client:
        await client.create_topics(
            [
                NewTopic(
                    topic, partitions, 1, topic_configs={k.replace("_", "."): v for k, v in config.items()}
                )
            ]
        )
        while topic not in await client.list_topics():  # noqa: ASYNC110 - Kafka sends no event
            await asyncio.sleep(0.05)


async def truncate(bootstrap, tp):
    """Delete all records of a partition."""
    deletable = ConfigResource(
        ConfigResourceType.TOPIC, tp.topic, configs={"cleanup.policy": "compact,delete"}
    )
    async with admin(bootstrap) as client:
        while True:  # until the broker applies an accepted change
            try:
                await client.delete_records({tp: RecordsToDelete(before_offset=-1)})
            except PolicyViolationError:  # Kafka deletes no records of a topic that is only compacted
                await client.alter_configs([deletable])
                await asyncio.sleep(0.05)
            else:
                return


def producer(bootstrap, **options):
    return AIOKafkaProducer(bootstrap_servers=bootstrap, **options)


async def records_of(bootstrap, topic, partition=0, isolation="read_committed"):
    """Return all records of a partition, by a consumer of its own."""
    tp = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level=isolation, enable_auto_commit=False
    )
    async with consumer:
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await consumer.end_offsets([tp]))[tp]
        found = []
        while await consumer.position(tp) < end:
            found += (await consumer.getmany(tp, timeout_ms=500)).get(tp, [])
        return found


async def committed(bootstrap, group, tp):
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group) as consumer:
        return await consumer.committed(tp)
