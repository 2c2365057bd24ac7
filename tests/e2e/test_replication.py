"""Workers survive a lost and a slow broker of three under load; all topics have three replicas."""

import asyncio
import os
import signal

from tests.support.brokers import ThreeBrokers
from tests.support.cluster import Cluster, Pace
from tests.support.deployment import Deployment
from tests.support.events import Style, by_thing, duplicated, history


async def slow_down(broker, times=5):
    """Suspend a broker again and again, for less than its session with the controllers."""
    for _ in range(times):
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(0.9)
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        await asyncio.sleep(0.1)


async def test_lost_and_slow_brokers_change_no_number(tmp_path):
    events = history(61, size=3000)
    first, rest = duplicated(events[:2000], 61), events[2000:]
    async with ThreeBrokers(tmp_path) as brokers:
        cluster = Cluster(brokers)
        deployment = Deployment(cluster, "replicated", tmp_path, RETENTION_REPLICATION="3")
        try:
            await deployment.started(2)
            assert await cluster.replicas() == {3}
            pace = Pace(0.1)
            flowing = asyncio.create_task(cluster.produce(first, [Style(), Style(by_thing)], pace=pace))
            await asyncio.sleep(2)
            # Kill the leader of the partition with the tasks' partial results: its end decides completeness.
            lost = brokers.brokers[await cluster.leader("replicated-partials", 0) - 1]
            lost.kill()
            await asyncio.sleep(4)
            await asyncio.to_thread(lost.start)
            pace.end()
            await flowing
            slow = brokers.brokers[await cluster.leader("replicated-partials", 0) - 1]
            async with asyncio.TaskGroup() as both:
                both.create_task(slow_down(slow))
                both.create_task(cluster.produce(rest, pace=Pace(0.1)))
            await deployment.equal(events)
            assert len(deployment.alive) == 2, deployment.tails()
            await cluster.in_sync(3)
        finally:
            deployment.close()
