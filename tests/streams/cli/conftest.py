"""What tests of commands need: a Kafka whose topics nobody else uses, and a way to run a command."""

import asyncio
import json
from typing import NamedTuple

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.broker import EmbeddedKafka
from streams.cli.group import run


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def own_kafka(tmp_path_factory):
    """A broker of its own: the inputs' topics have fixed names, and other tests' workers read them."""
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def kafka(own_kafka):
    """The bootstrap servers of a Kafka without topics."""
    yield own_kafka.bootstrap
    asyncio.run(delete_all(own_kafka.bootstrap))


async def delete_all(bootstrap):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    topics = [topic for topic in await admin.list_topics() if not topic.startswith("__")]
    if topics:
        await admin.delete_topics(topics)
        while set(topics) & set(await admin.list_topics()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await admin.close()


@pytest.fixture
def retention(capsys, monkeypatch, tmp_path):
    """Run `retention` with these arguments and variables."""
    monkeypatch.setenv("RETENTION_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments, **environ):
        for name, value in environ.items():
            monkeypatch.setenv(f"RETENTION_{name.upper()}", str(value))
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def events_file(tmp_path):
    """Write events (or raw lines) to a file."""

    def write(*lines, name="events.jsonl"):
        path = tmp_path / name
        path.write_bytes(
            b"".join(
                (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
            )
        )
        return path

    return write


@pytest.fixture
def make_topics(kafka):
    """Make topics of two partitions."""

    async def go(names):
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.create_topics([NewTopic(name, 2, 1) for name in names])
        await admin.close()

    return lambda *names: asyncio.run(go(names))


@pytest.fixture
def broker_calls(kafka):
    """The bare client, for what a test puts in and looks at."""
    return BrokerCalls(kafka)


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
        """Give all records of a topic, by partition."""

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
