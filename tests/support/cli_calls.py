"""A plain Kafka client with which tests produce and read records."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient


async def delete_all(bootstrap):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    topics = [topic for topic in await admin.list_topics() if not topic.startswith("__")]
    if topics:
        await admin.delete_topics(topics)
        while set(topics) & set(await admin.list_topics()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await admin.close()


async def visible(admin, names):
    """Wait until the broker lists the topics that its controller has created."""
    while set(names) - set(await admin.list_topics()):  # noqa: ASYNC110
        await asyncio.sleep(0.05)


class BrokerCalls:
    def __init__(self, bootstrap):
        self.bootstrap = bootstrap

    def produce(self, *records):
        """Produce (topic, partition, key, value, headers) in this order."""

        async def go():
            async with AIOKafkaProducer(
                bootstrap_servers=self.bootstrap, max_request_size=16 << 20
            ) as producer:
                for topic, partition, key, value, headers in records:
                    await producer.send_and_wait(topic, value, key, partition, headers=headers)

        asyncio.run(go())

    def records(self, topic):
        """Return all records of a topic, by partition."""

        async def go():
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self.bootstrap, enable_auto_commit=False, isolation_level="read_committed"
            )
            await consumer.start()
            try:
                await consumer._client.force_metadata_update()
                partitions = consumer.partitions_for_topic(topic) or set()
                tps = [TopicPartition(topic, partition) for partition in sorted(partitions)]
                if not tps:
                    return []
                consumer.assign(tps)
                await consumer.seek_to_beginning(*tps)
                ends = await consumer.end_offsets(tps)
                found = []
                while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                    for batch in (await consumer.getmany(timeout_ms=200)).values():
                        found += batch
                return found
            finally:
                await consumer.stop()

        return asyncio.run(go())

    def topics(self):
        async def go():
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
            await admin.start()
            described = await admin.describe_topics()
            await admin.close()
            return {
                topic["topic"]: len(topic["partitions"])
                for topic in described
                if not topic["topic"].startswith("__")
            }

        return asyncio.run(go())
