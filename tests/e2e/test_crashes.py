"""Workers start, stop and crash: the numbers equal the oracle's, and each output is emitted once."""

import asyncio
import random

from models.definitions.definitions import Definitions
from tests.support import complete_shop
from tests.support.cluster import INPUTS, Cluster, Pace, count_by_origin
from tests.support.deployment import Deployment, total
from tests.support.events import Record, Style, anywhere, by_nothing, by_thing, duplicated, history
from tests.support.published_outputs import assert_published
from tests.support.strategies import DEFINITIONS, Event
from tests.support.worker_process import WorkerProcess

STYLES = [Style(), Style(by_thing), Style(by_nothing, anywhere)]
GARBAGE = 6000


async def misuse(deployment: Deployment, rng: random.Random, rounds: int, *paces: Pace) -> None:
    """Kill, stop and start workers at random moments; at least one always runs."""
    for number in range(rounds):
        victim = await at_work(deployment, rng)
        await asyncio.sleep(rng.uniform(0.0, 1.0))
        if number % 3 == 2:
            assert await victim.stop() == 0, victim.tail()
        else:
            victim.kill()
        for _ in range(rng.choice([1, 1, 2]) if len(deployment.alive) < 3 else 0):
            deployment.start()
    for pace in paces:
        pace.end()


async def at_work(deployment: Deployment, rng: random.Random) -> WorkerProcess:
    """Return a worker that runs tasks: killing a worker that still imports modules tests nothing."""
    while True:
        for worker in rng.sample(deployment.alive, len(deployment.alive)):
            metrics = await worker.metrics()
            if metrics and total([metrics], "retention_worker_tasks_owned"):
                return worker
        await asyncio.sleep(0.1)


async def send_garbage(cluster: Cluster, count: int, pace: Pace) -> None:
    """Return invalid records, enough for dead letters in each transaction."""
    rng = random.Random(count)
    partitions = {topic: await cluster.partitions(topic) for topic in INPUTS}
    records = []
    for number in range(count):
        topic = rng.choice(INPUTS)
        records.append(Record(topic, b"garbage %d" % number, partition=rng.randrange(partitions[topic])))
    await cluster.send(records, pace=pace)


async def test_killed_stopped_and_added_workers_lose_nothing(deploy):
    await survive(deploy(), history(2, size=4000), 2, DEFINITIONS)


async def test_crashes_change_no_number_of_any_family(deploy, tmp_path):
    """Merges of customers and crashes of workers change no cohort, segment, period, team or schedule."""
    config = tmp_path / "complete.toml"
    config.write_text(complete_shop.configuration())
    events = complete_shop.with_attributes(history(3, size=4000, identities=True))
    await survive(deploy(RETENTION_CONFIG=str(config)), events, 3, complete_shop.definitions())


async def survive(
    deployment: Deployment, events: list[Event], workers: int, definitions: Definitions
) -> None:
    """Kill, stop and start workers while events arrive, and compare all numbers and outputs."""
    cluster = deployment.cluster
    await deployment.started(workers)
    pace, dense = Pace(0.6), Pace(0.1)
    flowing = [
        cluster.produce(duplicated(events, workers), STYLES, pace=pace),
        send_garbage(cluster, GARBAGE, pace=dense),
    ]
    await asyncio.gather(*flowing, misuse(deployment, random.Random(workers), 6, pace, dense))
    await deployment.equal(events, definitions=definitions)
    await assert_published(deployment, events, definitions=definitions)
    rejected = count_by_origin(
        dead_letter
        for dead_letter in await cluster.read("retention.dead-letters")
        if dead_letter.value.startswith(b"garbage")
    )
    assert len(rejected) == GARBAGE
    assert set(rejected.values()) == {1}, "a dead letter was written twice"
    for worker in deployment.alive:
        assert await worker.stop() == 0, worker.tail()


async def test_stopped_group_resumes_where_it_stopped(deploy):
    events = history(7)
    deployment = deploy()
    await deployment.started(2)
    half = len(events) // 2
    await deployment.cluster.produce(events[:half])
    await deployment.equal(events[:half])
    for worker in deployment.alive:
        assert await worker.stop() == 0, worker.tail()
    await deployment.cluster.produce(events[half:])
    deployment.start()
    await deployment.equal(events)


async def test_worker_is_expected_until_it_leaves_in_order(deploy):
    deployment = deploy()
    await deployment.started(2)
    await expecting(deployment, 2)
    assert await deployment.alive[0].stop() == 0
    await expecting(deployment, 1)
    deployment.start()
    await expecting(deployment, 2)
    deployment.alive[0].kill()
    await deployment.owning()
    await asyncio.sleep(6)  # the presences of the new generation come within five seconds
    await expecting(deployment, 2)


async def expecting(deployment: Deployment, workers: int) -> None:
    """Wait until the roll-up leader expects as many workers."""
    await deployment.until(
        lambda scraped: total(scraped, "retention_workers_expected") == workers, f"{workers} are expected"
    )
