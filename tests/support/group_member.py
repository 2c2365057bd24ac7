"""A member of a consumer group without Faust, at a real Kafka. The test assigns and rebalances it."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

from aiokafka import AIOKafkaConsumer, TopicPartition

from models.definitions.definitions import Definitions
from streams.clock import clock
from streams.kafka.topics import INPUTS, Names, ensure, required
from streams.monitoring.worker_counters import WorkerCounters
from streams.worker.context import TaskContext
from streams.worker.source_offsets import SourceOffsets
from streams.worker.task_manager import TaskManager
from tests.support.kafka_calls import admin

TASKS = 2


class FakeConsumer:
    """Replaces Faust's consumer: asks Kafka for offsets, records seeks, pauses and rejoins."""

    def __init__(self, kafka):
        self.kafka = kafka
        self.seeks = []
        self.flowing = set()
        self.rejoins = 0
        self.before_seek = None

    async def call(self, method, *args):
        return await method(*args)

    async def seek_all(self, positions):
        if self.before_seek is not None:
            await self.before_seek()
        self.seeks.append(dict(positions))

    def resume_partitions(self, tps):
        self.flowing |= set(tps)

    def pause_partitions(self, tps):
        self.flowing -= set(tps)

    def rejoin(self):
        self.rejoins += 1


class FakeTable:
    """Replaces the customers table."""

    def __init__(self):
        self.rows = {}

    def new_partition(self, number):
        self.rows[number] = {}
        return self.rows[number]

    def drop(self, number):
        self.rows.pop(number, None)


class GroupMember:
    """One worker's tasks, and the callbacks that they made."""

    def __init__(self, kafka, group, consumer, partitions):
        self.group = group
        self.consumer = consumer
        self.names = Names(group)
        own = WorkerCounters()
        self.lost = own.records_lost
        self.context = TaskContext(
            definitions=Definitions(),
            inputs=INPUTS,
            names=self.names,
            task_count=TASKS,
            clock=clock("event"),
            client_options={"bootstrap_servers": kafka},
            counters=own,
            source_offsets=SourceOffsets(lambda: consumer, INPUTS, own),
            partition_counts=partitions,
        )
        self.opened, self.closed, self.failed = [], [], []
        self.on_opened = None
        self.tasks = TaskManager(self.context, FakeTable(), self._opened, self.closed.append, self._failed)

    async def _opened(self, task):
        if self.on_opened is not None:
            await self.on_opened(task)
        self.opened.append(task)

    async def _failed(self, error):
        self.failed.append(error)

    def partitions_of(self, *tasks):
        """Return the assigned partitions of these tasks: of `orders`, facts and ticks."""
        topics = ("orders", self.names.facts, self.names.ticks)
        return [TopicPartition(topic, task) for task in tasks for topic in topics]

    async def assign(self, *tasks, generation, continuous=True, wait=True):
        await self.tasks.reassign(self.partitions_of(*tasks), generation, continuous=continuous)
        if wait:
            await self.settled()

    async def settled(self):
        async with asyncio.timeout(30):
            while self.tasks.opening_count and not self.failed:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.01)


@asynccontextmanager
async def member(kafka, group):
    """Yield a member of `group`. Missing topics are created."""
    async with admin(kafka) as client:
        partitions = await ensure(client, required(group, TASKS), replication=1)
    assert all(partitions[topic] >= TASKS for topic in INPUTS)
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=group, enable_auto_commit=False, isolation_level="read_committed"
    ) as consumer:
        one = GroupMember(kafka, group, FakeConsumer(consumer), partitions)
        try:
            yield one
        finally:
            await one.tasks.close()


def batch(tp, start, next_offset, *records):
    """Return records of `orders` or facts as a batch."""
    return SimpleNamespace(tp=tp, start=start, next_offset=next_offset, records=list(records))
