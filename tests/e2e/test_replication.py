"""Workers survive the kill and restart of one of three brokers under load; all topics have three replicas."""

import asyncio

from tests.support.brokers import ThreeBrokers
from tests.support.cluster import Cluster, Pace
from tests.support.deployment import Deployment
from tests.support.events import Style, by_thing, duplicated, history


async def test_broker_lost_and_back_under_load_changes_no_number(tmp_path):
    events = history(61, size=3000)
    async with ThreeBrokers(tmp_path) as brokers:
        cluster = Cluster(brokers)
        deployment = Deployment(cluster, "replicated", tmp_path, RETENTION_REPLICATION="3")
        try:
            await deployment.started(2)
            assert await cluster.replicas() == {3}
            pace = Pace(0.1)
            flowing = asyncio.create_task(
                cluster.produce(duplicated(events, 61), [Style(), Style(by_thing)], pace=pace)
            )
            await asyncio.sleep(2)
            # Kill the leader of the partition with the tasks' partial results: its end decides completeness.
            lost = brokers.brokers[await cluster.leader("replicated-partials", 0) - 1]
            lost.kill()
            await asyncio.sleep(4)
            await asyncio.to_thread(lost.start)
            pace.end()
            await flowing
            await deployment.equal(events)
            assert len(deployment.alive) == 2, deployment.tails()
            await cluster.in_sync(3)
        finally:
            deployment.close()
