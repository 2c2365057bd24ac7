"""Transactions that stay open are ended as an operator does, if they are the soak's own."""

from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.soak.faults.transactions import GHOST
from tests.soak.hanging import end_hanging
from tests.support.kafka_calls import create, producer


class Report:
    def __init__(self):
        self.lines, self.left_open = [], []

    def log(self, line):
        self.lines.append(line)


@pytest.fixture
def installation(kafka):
    return SimpleNamespace(cluster=SimpleNamespace(bootstrap=kafka), report=Report())


async def stable_end(kafka, topic):
    """Return the offset up to which committed records are read."""
    tp = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level="read_committed") as consumer:
        return (await consumer.end_offsets([tp]))[tp]


async def open_transaction(stack, kafka, topic, transactional_id):
    await create(kafka, topic)
    sender = await stack.enter_async_context(producer(kafka, transactional_id=transactional_id))
    await sender.begin_transaction()
    await sender.send_and_wait(topic, b"value", partition=0)
    return sender


async def test_only_the_soaks_own_transactions_are_ended(kafka, unique, installation):
    ghosts, workers = f"{unique}-ghosts", f"{unique}-workers"
    async with AsyncExitStack() as stack:
        await open_transaction(stack, kafka, ghosts, f"{GHOST}{unique}")
        worker = await open_transaction(stack, kafka, workers, f"{unique}-0")
        await end_hanging(installation, seconds=0.1)
        assert await stable_end(kafka, ghosts) == 2, "the record and its marker"
        assert await stable_end(kafka, workers) == 0
        await worker.abort_transaction()
    [line] = installation.report.left_open
    assert f"{GHOST}{unique} is still open at offset 0 of partition 0 of {ghosts}" in line
    assert [one for one in installation.report.lines if f"{unique}-0 is still open" in one]


async def test_transaction_that_ends_is_not_reported(kafka, unique, installation):
    async with AsyncExitStack() as stack:
        sender = await open_transaction(stack, kafka, unique, f"{GHOST}{unique}")
        await sender.abort_transaction()
        await end_hanging(installation, seconds=5.0)
    assert installation.report.left_open == []
