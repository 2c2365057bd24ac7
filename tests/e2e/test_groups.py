"""Two groups on one Kafka, whose derived topics belong to one of them; and an erasure of today."""

import time

from tests.support.events import DAY, END, history
from tests.support.strategies import rfc3339


async def test_second_group_needs_its_own_derived_topics(deploy):
    first, second = deploy(), deploy()
    events = history(71, size=200)
    await first.started(1)
    await first.cluster.produce(events)
    await first.equal(events)
    refused = second.start()
    assert await refused.exit_code() == 4, refused.tail()
    assert f"the topics retention.* belong to group {first.group}" in refused.log
    assert "set RETENTION_TOPIC_PREFIX" in refused.log
    second.start(RETENTION_TOPIC_PREFIX="shop")
    await second.owning()
    assert "shop.customers" in await first.cluster.topics()
    await first.equal(events)


async def test_erasure_of_today_does_not_end_an_older_history(deploy):
    today = time.time_ns() // 1000
    events = history(72, size=200, until=END - 400 * DAY)
    erased = {"id": "e", "type": "customer.erased", "customer_id": "somebody", "time": rfc3339(today)}
    deployment = deploy()
    await deployment.started(1)
    await deployment.cluster.produce([*events, erased])
    await deployment.equal(events)
