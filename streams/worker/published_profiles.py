"""Find the profiles that this group has published, for a task whose state is lost."""

import asyncio

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.compacted_topics import read_to_end
from streams.partitioner import tasks_of
from streams.worker.context import TaskContext


async def published_profiles(context: TaskContext, number: int) -> set[bytes]:
    """Return the keys of a task's customers who have a profile of this group in `retention.customers`.

    Args:
        context: shared by all tasks.
        number: number of the task.

    Raises:
        KafkaError: the topic cannot be read.
    """
    source = f"/retention/{context.names.group}".encode()
    found: set[bytes] = set()
    async for records in read_to_end(context.client_options, _partitions(context, number)):
        keyed = [record for record in records if record.key is not None]
        tasks = tasks_of([record.key for record in keyed], context.task_count)
        for record, task in zip(keyed, tasks, strict=True):
            if task != number:
                continue
            if record.value is None:
                found.discard(record.key)
            elif _source_of(record) == source:
                found.add(record.key)
        await asyncio.sleep(0)
    return found


def _partitions(context: TaskContext, number: int) -> list[TopicPartition]:
    """Return the partitions that may hold the profiles: one, if the topic has as many as there are tasks."""
    topic = context.names.customers
    count = context.partition_counts[topic]
    numbers = [number] if count == context.task_count else range(count)
    return [TopicPartition(topic, each) for each in numbers]


def _source_of(record: ConsumerRecord) -> bytes | None:
    return next((value for name, value in record.headers if name == "ce_source"), None)
