"""Workers come and go, in order and without: the numbers are the events', and outputs are seen once."""

import asyncio
import random

import pytest

from tests.e2e.cluster import INPUTS, Cluster, count_by_origin
from tests.e2e.deployment import Deployment
from tests.e2e.events import Record, Style, anywhere, by_nothing, by_thing, duplicated, history

STYLES = [Style(), Style(by_thing), Style(by_nothing, anywhere)]


async def misuse(deployment: Deployment, rng: random.Random, rounds: int) -> None:
    """Kill, stop and start workers at random moments; there is one at least."""
    for number in range(rounds):
        await asyncio.sleep(rng.uniform(0.5, 2.5))
        # One that still imports modules ends by SIGTERM as any process does: it is only killed here.
        victim = rng.choice(
            [worker for worker in deployment.alive if await worker.metrics()] or deployment.alive
        )
        if number % 3 == 2 and await victim.metrics():
            assert await victim.stop() == 0, victim.tail()
        else:
            victim.kill()
        for _ in range(rng.choice([1, 1, 2]) if len(deployment.alive) < 3 else 0):
            deployment.start()


async def send_garbage(cluster: Cluster, count: int, pause: float) -> None:
    """Records that end in the dead letters, among the others."""
    rng = random.Random(count)
    partitions = {topic: await cluster.partitions(topic) for topic in INPUTS}
    records = []
    for number in range(count):
        topic = rng.choice(INPUTS)
        records.append(Record(topic, b"garbage %d" % number, partition=rng.randrange(partitions[topic])))
    await cluster.send(records, pause=pause)


@pytest.mark.parametrize("workers", [2, 3])
async def test_workers_killed_stopped_and_added_lose_and_repeat_nothing(deploy, workers):
    events = history(workers, size=4000)
    deployment = deploy()
    cluster = deployment.cluster
    await deployment.started(workers)
    flowing = [
        cluster.produce(duplicated(events, workers), STYLES, pause=0.9),
        send_garbage(cluster, 1500, pause=0.9),
    ]
    await asyncio.gather(*flowing, misuse(deployment, random.Random(workers), rounds=6))
    await deployment.equal(events)
    letters = count_by_origin(
        letter
        for letter in await cluster.read("retention.dead-letters")
        if letter.value.startswith(b"garbage")
    )
    assert len(letters) == 1500
    assert set(letters.values()) == {1}, "a dead letter was written twice"
    for worker in deployment.alive:
        assert await worker.stop(10) == 0, worker.tail()


async def test_a_stopped_group_goes_on_where_it_was(deploy):
    events = history(7)
    deployment = deploy()
    await deployment.started(2)
    half = len(events) // 2
    await deployment.cluster.produce(events[:half])
    await deployment.equal(events[:half])
    for worker in deployment.alive:
        assert await worker.stop(10) == 0, worker.tail()
    await deployment.cluster.produce(events[half:])
    deployment.start()
    await deployment.equal(events)
