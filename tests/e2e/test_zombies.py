"""A worker paused beyond its session timeout resumes while another worker owns its tasks."""

import asyncio

from tests.support.cluster import Pace
from tests.support.deployment import AS_OF, SESSION_SECONDS
from tests.support.events import Style, by_thing, history
from tests.support.published_outputs import assert_published

#: Seconds until the next heartbeat, which reports the lost tasks to the resumed worker.
_NOTICED_SECONDS = SESSION_SECONDS / 3 + 2


async def test_woken_worker_overwrites_nothing_and_joins_again(deploy):
    """Customers order before and during the pause and not afterwards, so no later write corrects their rows.

    Events of other customers after the pause move the committed offsets past those of the zombie.
    """
    events = history(11, size=4000)
    others = [event for event in events if event["customer_id"] > "customer-45"]
    affected = [event for event in events if event not in others]
    third = len(affected) // 3
    deployment = deploy()
    cluster = deployment.cluster
    styles = [Style(), Style(by_thing)]
    await deployment.started(2)
    await cluster.produce(affected[:third], styles)
    flowing = asyncio.create_task(cluster.produce(affected[third : 2 * third], styles, pace=Pace(0.03)))
    await asyncio.sleep(0.3)
    zombie = deployment.workers[0]
    zombie.pause()
    await flowing
    await deployment.owning()  # the running worker owns all tasks: the paused worker does not answer
    await cluster.produce(affected[2 * third :], styles)
    await deployment.equal(affected)
    zombie.wake()
    await deployment.sharing()
    await cluster.produce(others, styles)
    await deployment.equal(events)
    for worker in deployment.alive:
        assert await worker.stop() == 0, worker.tail()
    deployment.start()
    await deployment.equal(events)
    await assert_published(deployment, events)


async def test_woken_worker_soon_stops_exporting_business_series(deploy):
    deployment = deploy()
    await deployment.started(2)
    events = history(12, size=200)
    await deployment.cluster.produce(events)
    await deployment.equal(events)
    scraped = {worker.name: await worker.metrics() for worker in deployment.workers}
    [zombie] = [worker for worker in deployment.workers if AS_OF in scraped[worker.name]]
    [other] = [worker for worker in deployment.workers if worker is not zombie]
    zombie.pause()
    await deployment.until(
        lambda scraped: any(AS_OF in metrics for metrics in scraped), "the other one exports"
    )
    zombie.wake()
    await asyncio.sleep(_NOTICED_SECONDS)
    scraped = [await zombie.metrics(), await other.metrics()]
    assert sum(AS_OF in metrics for metrics in scraped) <= 1
    await deployment.sharing()
    await deployment.equal(events)
