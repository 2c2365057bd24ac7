"""A member of a consumer group, and a task of it."""

import pytest
from aiokafka import TopicPartition

from tests.support.group_member import member
from tests.support.kafka_calls import producer
from tests.support.task_records import ORDERS


@pytest.fixture
async def worker(kafka, unique):
    async with member(kafka, unique) as one:
        yield one


@pytest.fixture
async def task(kafka, worker):
    """Return a new task 0 that reads `orders` from offset 0. The partition has at least 20 records."""
    await worker.assign(0, generation=1)
    [task] = worker.tasks
    task.positions[ORDERS] = task.progress.committed[ORDERS] = 0
    task.progress.catch_up.ends = dict.fromkeys(
        task.progress.catch_up.ends, 0
    )  # records of other tests are not history
    worker.consumer.seeks.clear()
    async with producer(kafka) as client:
        for _ in range(20):
            await client.send(ORDERS.topic, b"{}", partition=ORDERS.partition)
    return task


@pytest.fixture
def facts(worker):
    return TopicPartition(worker.names.facts, 0)
