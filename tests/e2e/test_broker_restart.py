"""Workers wait for a broker that stops and restarts while events arrive."""

import asyncio

from tests.support.cluster import Pace
from tests.support.deployment import SESSION_SECONDS
from tests.support.events import Style, by_thing, duplicated, history


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
    await asyncio.sleep(SESSION_SECONDS)
    await asyncio.to_thread(cluster.broker.start)
    await flowing
    await deployment.equal(events)
    assert len(deployment.alive) == 2, deployment.tails()
