"""The consumer's thread of the engine, without the thread: its methods run in the loop of the test."""

import asyncio
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types.tuples import TP

from streams.config.load import load
from streams.faust_engine.app import FaustApp


class ThreadCalls:
    """A consumer thread whose methods run in the loop of the test."""

    def __init__(self, thread, consumer, tp):
        self.thread = thread
        self.consumer = consumer
        self.tp = tp

    async def seek(self, offset):
        await self.thread.seek_all({self.tp: offset})

    async def fetch(self):
        """Poll once. Return a batch of the partition or None."""
        active = {TP(*self.tp)}
        batches = await self.thread._fetch_records(self.consumer, active, timeout=0.5, max_records=100)
        [[batch]] = batches.values() or [[None]]
        return batch

    async def read_to(self, offset):
        """Return all batches until a position is reached."""
        batches = []
        async with asyncio.timeout(20):
            while not batches or batches[-1].next_offset < offset:
                batch = await self.fetch()
                batches += [batch] if batch else []
        return batches


@asynccontextmanager
async def reading(bootstrap, topic):
    app = FaustApp(load({"broker": bootstrap, "group": topic}, {}))
    tp = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=100,
    ) as consumer:
        consumer.assign([tp])
        thread = app.batch_consumer._thread
        thread._consumer = consumer
        thread.prepare(consumer)
        yield ThreadCalls(thread, consumer, tp)
    thread.thread_loop.close()  # the thread was never started
