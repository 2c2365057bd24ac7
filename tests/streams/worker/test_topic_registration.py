"""Two groups whose roll-up leaders find the derived topics without an owner at the same moment."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest

from models.definitions.definitions import Definitions
from models.metrics.samples import Sample
from models.partition.metadata import PartitionMetadata
from streams.clock import clock
from streams.config.load import load
from streams.errors import TopicsOwned
from streams.kafka import admin, ownership
from streams.kafka.outbox import Outbox
from streams.kafka.topics import Names, ensure, required
from streams.rollup.publisher import series_value
from streams.worker.clock_check import ClockCheck
from streams.worker.rollup_leader import RollupLeader
from tests.support.kafka_calls import producer, records_of


class NoTopicIds:
    """The ids of topics before Kafka 2.8."""

    async def topic_ids(self, _):
        return {}


class Leader:
    """A roll-up leader without tasks, whose outbox is sent without a transaction."""

    def __init__(self, client, settings):
        self._client = client
        self.settings = settings
        self._task = SimpleNamespace(
            partition=SimpleNamespace(now=0, metadata=PartitionMetadata()),
            committer=SimpleNamespace(reserved_until=0),
            generation=1,
            outbox=Outbox(),
        )
        names = Names.of(settings)
        context = SimpleNamespace(
            definitions=Definitions(),
            inputs_digest="",
            names=names,
            task_count=1,
            clock=clock("wall"),
            clock_check=ClockCheck(0),
            client_options=settings.client_options(),
            partition_counts={names.metrics: 1},
            source_offsets=NoTopicIds(),
        )
        self.ticks = 0
        self.leader = RollupLeader(context, self, self._task, self._commit_task)

    async def send(self, *_):
        self.ticks += 1

    async def _commit_task(self, _):
        await self.commit()

    async def commit(self):
        for (topic, partition), records in self._task.outbox.take().items():
            for record in records:
                await self._client.send_and_wait(
                    topic, record.value, record.key, partition, headers=record.headers
                )

    async def run(self, seconds):
        """Send ticks until one has been sent, as a worker does."""
        until = time.monotonic() + seconds
        while not self.ticks and time.monotonic() < until:
            await self.leader.send_ticks()
            await self.commit()
            await asyncio.sleep(0.05)


@pytest.fixture
async def leaders(kafka, unique):
    """Two restored leaders of two groups with one set of derived topics, which are empty."""
    made = []
    async with producer(kafka) as client:
        for group in ("a", "b"):
            flags = {"broker": kafka, "group": f"{unique}-{group}", "topic_prefix": unique, "partitions": 1}
            settings = load(flags, {})
            async with admin.connect(settings) as connection:
                await ensure(connection, required(settings.group, 1, prefix=unique), replication=1)
            made.append(Leader(client, settings))
        for one in made:
            await one.leader.restore()
        yield made


async def test_second_of_two_groups_stops_before_it_publishes(leaders, kafka, unique):
    first, second = leaders
    await first.leader.send_ticks()
    await first.commit()  # its registration, and nothing else yet
    with pytest.raises(TopicsOwned, match=f"belong to group {unique}-a"):
        await second.run(20)
    assert second.ticks == 0
    await first.run(20)
    assert first.ticks == 1
    found = await records_of(kafka, f"{unique}.metrics")
    assert ownership.owner_in(found) == f"{unique}-a"
    assert {record.key for record in found if record.value is None} == {ownership.REGISTRATION_KEY}


async def test_owner_needs_no_registration_at_its_next_start(leaders):
    first, _ = leaders
    await first.run(20)
    again = Leader(first._client, first.settings)
    await again.leader.restore()
    await again.leader.send_ticks()
    assert again.ticks == 1


async def test_new_owner_has_no_clock_of_the_former_one(leaders, unique):
    first, _ = leaders
    row = series_value(Sample("retention_orders", {"window": "7d"}, 3.0), 10**15)
    mark = [(ownership.HEADER, f"{unique}-gone".encode())]
    await first._client.send_and_wait(f"{unique}.metrics", json.dumps(row).encode(), b"key", headers=mark)
    successor = Leader(first._client, first.settings)
    await successor.leader.restore()
    assert (successor.leader.publisher.as_of, successor.leader._collector.now) == (0, 0)
    assert successor.leader.publisher.samples == []
