"""Compacted state is restored; after a loss of state, the inputs are read again and the loss is logged."""

import asyncio
from collections import Counter

from aiokafka import TopicPartition

from tests.support.deployment import PATIENCE, SERIES, total
from tests.support.events import Style, by_thing, history
from tests.support.redis_contents import COMPACTED, last

STYLES = [Style(), Style(by_thing)]


async def stop_all(deployment):
    for worker in deployment.alive:
        assert await worker.stop() == 0, worker.tail()


async def settle(deployment, events):
    """Return stopped workers that have read and committed everything. Changelog records may be deleted."""
    changelog = {"cleanup.policy": "compact,delete", "retention.ms": "-1", "max.message.bytes": str(16 << 20)}
    await deployment.cluster.create({f"{deployment.group}-customers-changelog": 4}, changelog)
    await deployment.started(1)
    await deployment.cluster.produce(events, STYLES)
    await deployment.equal(events)
    await stop_all(deployment)


async def test_a_compacted_changelog_restores_the_state(deploy):
    events = history(41)
    deployment = deploy()
    cluster = deployment.cluster
    changelog = f"{deployment.group}-customers-changelog"
    eager = {
        "cleanup.policy": "compact",
        "segment.ms": "500",
        "min.cleanable.dirty.ratio": "0.01",
        "max.message.bytes": str(16 << 20),
    }
    await cluster.create({changelog: 4}, eager)
    await deployment.started(2)
    third = len(events) // 3
    old_to = {}
    for start in range(0, len(events), third):
        old_to = await cluster.ends_of(changelog)
        await cluster.produce(events[start : start + third], STYLES)
        await deployment.equal(events[: start + third])
    await stop_all(deployment)
    await until_cleaned(cluster, changelog, old_to)
    await deployment.started(2)
    await deployment.equal(events)


async def until_cleaned(cluster, changelog, old_to):
    """Wait until the records before `old_to` hold no key twice."""
    async with asyncio.timeout(PATIENCE):
        while True:
            old = [
                record for record in await cluster.read(changelog) if record.offset < old_to[record.partition]
            ]
            if len(old) == len({(record.partition, record.key) for record in old}):
                return
            await asyncio.sleep(0.5)


async def test_deleted_changelog_is_rebuilt_from_the_earliest_records(deploy):
    events = history(42)
    deployment = deploy()
    await settle(deployment, events)
    await deployment.cluster.delete(f"{deployment.group}-customers-changelog")
    # As after a long stop: deleted ticks and partial results are no loss of state.
    await deployment.cluster.truncate(TopicPartition(f"{deployment.group}-ticks", 1))
    await deployment.started(2)
    await deployment.equal(events)
    assert any(worker.has_logged(r"state of task \d is gone") for worker in deployment.alive)
    assert total(await deployment.scrape(), "retention_worker_records_lost_total") == 0


async def test_lost_state_of_one_task_makes_all_tasks_read_again(deploy):
    """The lost customers' facts came from all tasks, so nothing is published while all tasks read again."""
    events = history(43, size=6000, identities=True)
    deployment = deploy()
    cluster = deployment.cluster
    await settle(deployment, events)
    before = await business_records(cluster)
    await cluster.truncate(TopicPartition(f"{deployment.group}-customers-changelog", 2))
    await deployment.started(2)
    await deployment.equal(events)
    assert any(worker.has_logged("state of task 2 is gone") for worker in deployment.alive)
    after = await business_records(cluster)
    assert after == before, f"numbers of a part of the events were published: {(after - before).total()}"


async def business_records(cluster):
    """Return every (key, value) written to `retention.metrics` that depends on the events alone."""
    return Counter(
        (record.key, record.value)
        for record in await cluster.read("retention.metrics")
        if record.key.partition(b"{")[0].decode() in SERIES
    )


async def test_worker_killed_while_rebuilding_state_starts_over(deploy):
    events = history(44, size=6000, identities=True)
    deployment = deploy()
    await settle(deployment, events)
    await deployment.cluster.truncate(TopicPartition(f"{deployment.group}-customers-changelog", 1))
    for delay in (0.0, 0.25, 0.5, 0.75):
        worker = deployment.start()
        await deployment.until(lambda _, worker=worker: worker.has_logged("task 1 restored"), "task 1 opened")
        await asyncio.sleep(delay)
        worker.kill()
    deployment.start()
    await deployment.equal(events)


async def test_records_that_no_longer_exist_are_counted_as_lost(deploy):
    events = history(45)
    deployment = deploy()
    await settle(deployment, events)
    cluster = deployment.cluster
    tps = [TopicPartition("orders", number) for number in range(4)]
    gone = sum(min(50, end) for end in (await cluster.ends(tps)).values())
    await cluster.truncate(*tps, before=50)
    await cluster.delete(f"{deployment.group}-customers-changelog")
    worker = deployment.start()
    scraped = await deployment.until(lambda scraped: total(scraped, "retention_caught_up") == 1, "caught up")
    assert total(scraped, "retention_worker_records_lost_total", topic="orders") == gone
    assert worker.has_logged(r"records of orders partition \d were removed by the topic's own retention")


async def test_records_deleted_under_a_worker_are_counted_as_lost(deploy):
    """The worker was suspended for longer than the topic's retention."""
    events = history(46, size=500)
    deployment = deploy(RETENTION_SESSION_TIMEOUT="30")
    cluster = deployment.cluster
    await deployment.started(1)
    [worker] = deployment.workers
    await cluster.produce(events)
    await deployment.equal(events)
    tp = TopicPartition("orders", 1)
    before = (await cluster.ends([tp]))[tp]
    worker.pause()
    # The broker still answers the worker's pending fetch, with all records of the next 250 ms.
    await asyncio.sleep(1)
    more = [event for event in history(47, size=500) if event["type"].startswith("order.")]
    await cluster.produce(more, [Style(partitioner=lambda *_: 1)])
    await cluster.truncate(tp, before=before + 40)
    worker.wake()
    scraped = await deployment.until(
        lambda scraped: total(scraped, "retention_worker_records_lost_total", topic="orders") > 0,
        "records counted as lost",
    )
    # Records fetched before the suspension are not lost.
    assert 0 < total(scraped, "retention_worker_records_lost_total", topic="orders") <= 40
    assert worker.has_logged("records of orders partition 1 were removed")


async def assert_last_values_return(deployment):
    """Delete the topics of last values, create them again, and wait until they hold all values again."""
    cluster = deployment.cluster
    for topic in COMPACTED:
        before = await last(cluster, topic)
        await cluster.delete(topic)
        await cluster.create({topic: 4}, {"cleanup.policy": "compact"})
        async with asyncio.timeout(PATIENCE):
            while (await last(cluster, topic)).keys() != before.keys():  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.2)


async def test_topics_lost_under_workers_change_no_number(deploy):
    """The changelog and the facts are deleted and created again; Kafka's clients read and write on."""
    events = history(48, size=1500)
    half = len(events) // 2
    deployment = deploy()
    cluster = deployment.cluster
    await deployment.started(2)
    await cluster.produce(events[:half], STYLES)
    await deployment.equal(events[:half])
    for topic, consequence in (
        (f"{deployment.group}-customers-changelog", r"lost rows, or was created again; writing its \d+ rows"),
        (f"{deployment.group}-facts", "reading all inputs again from the earliest offsets"),
    ):
        await cluster.delete(topic)
        await cluster.create({topic: 4}, {"max.message.bytes": str(16 << 20)})
        for worker in deployment.workers:
            await worker.until_logged(consequence)
    await cluster.produce(events[half:], STYLES)
    await deployment.equal(events)
    await assert_last_values_return(deployment)
    await deployment.equal(events)
    for worker in deployment.workers:
        worker.kill()
    successor = deployment.start()
    await deployment.equal(events)
    assert not successor.has_logged("reading all inputs again")
