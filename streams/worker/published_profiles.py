"""Of whom others have a profile: asked of `retention.customers` where the state that knew it is gone."""

import asyncio

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.compacted_topics import read_to_end
from streams.kafka.topics import CUSTOMERS
from streams.partitioner import tasks_of
from streams.worker.context import TaskContext


async def published_profiles(shared: TaskContext, number: int) -> set[bytes]:
    """Give the keys of a task's customers of whom this group has said a profile that stands."""
    source = f"/retention/{shared.names.group}".encode()
    found: set[bytes] = set()
    async for records in read_to_end(shared.client_options, _places(shared, number)):
        named = [record for record in records if record.key is not None]
        tasks = tasks_of([record.key for record in named], shared.tasks)
        for record, task in zip(named, tasks, strict=True):
            if task != number:
                continue
            if record.value is None:
                found.discard(record.key)
            elif _source_of(record) == source:
                found.add(record.key)
        await asyncio.sleep(0)
    return found


def _places(shared: TaskContext, number: int) -> list[TopicPartition]:
    """Give where they may be: with as many partitions as tasks, in the one of the task's number."""
    count = shared.partitions[CUSTOMERS]
    numbers = [number] if count == shared.tasks else range(count)
    return [TopicPartition(CUSTOMERS, each) for each in numbers]


def _source_of(record: ConsumerRecord) -> bytes | None:
    return next((value for name, value in record.headers if name == "ce_source"), None)
