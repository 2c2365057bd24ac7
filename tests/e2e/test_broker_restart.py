"""Workers wait for a broker that stops and restarts while events arrive."""

import asyncio
import time

import aiohttp

from tests.support.cluster import Pace
from tests.support.deployment import SESSION_SECONDS
from tests.support.events import Style, by_thing, duplicated, history


async def readiness(deployment, status, *, kafka):
    """Wait until every worker answers `/ready` with a status, and whether Kafka answers."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        for worker in deployment.workers:
            while True:
                async with session.get(f"http://127.0.0.1:{worker.port}/ready") as response:
                    if response.status == status and (await response.json())["kafka"] == kafka:
                        break
                await asyncio.sleep(0.2)


async def test_workers_survive_a_broker_down_longer_than_a_session(deploy):
    events = history(21, size=3000)
    deployment = deploy()
    cluster = deployment.cluster
    await deployment.started(2)
    flowing = asyncio.create_task(
        cluster.produce(duplicated(events, 21), [Style(), Style(by_thing)], pace=Pace(0.1))
    )
    await asyncio.sleep(2)
    await asyncio.to_thread(cluster.broker.stop)
    stopped = time.monotonic()
    await readiness(deployment, 503, kafka=False)
    assert time.monotonic() - stopped > SESSION_SECONDS
    await asyncio.to_thread(cluster.broker.start)
    await flowing
    await deployment.equal(events)
    await readiness(deployment, 200, kafka=True)
    assert len(deployment.alive) == 2, deployment.tails()
