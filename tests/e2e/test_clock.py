"""Time alone changes numbers, and goes one way."""

import asyncio
import time

from tests.e2e.deployment import AS_OF, CAUGHT_UP, business, total
from tests.e2e.events import DAY, END, HOUR, history, order

SECOND = 1_000_000


def shift_to(instant):
    """Setting a worker's wall clock, now, to `instant` (microseconds)."""
    return str(instant / 1e6 - time.time())


async def test_with_no_event_arriving_a_customer_lapses_as_the_hour_passes(deploy):
    """A wall clock that is set to 20 s before a full hour; at the hour an order leaves the 7 days."""
    boundary = END // HOUR * HOUR
    lapsing = order("lapsing", "ada", boundary - 7 * DAY + HOUR // 2)
    staying = order("staying", "bob", boundary - 2 * DAY)
    events = [lapsing, staying]
    deployment = deploy(RETENTION_CLOCK="wall", CLOCK_SHIFT=shift_to(boundary - 20 * SECOND))
    await deployment.started(1)
    await deployment.cluster.produce(events)

    def active(scraped):
        return total(scraped, "retention_customers", window="7d", set="end")

    [before] = await deployment.until(lambda scraped: active(scraped) == 2, "both are active")
    assert before[AS_OF] * SECOND < boundary
    ends = {
        topic: await deployment.cluster.ends_of(topic) for topic in ("orders", f"{deployment.group}-facts")
    }
    [after] = await deployment.until(lambda scraped: active(scraped) == 1, "one has lapsed")
    assert boundary <= after[AS_OF] * SECOND < boundary + 15 * SECOND
    assert total([after], "retention_customers", window="7d", set="lost") == 0
    assert {topic: await deployment.cluster.ends_of(topic) for topic in ends} == ends
    rows = await deployment.published()
    assert rows["retention_customers", frozenset({"window": "7d", "set": "end"}.items())] == 1


async def test_event_mode_depends_on_no_wall_clock(deploy):
    """Workers a year apart agree: nothing but the events says what time it is."""
    events = history(61, size=800)
    deployment = deploy()
    deployment.start(CLOCK_SHIFT=str(400 * 86_400))
    deployment.start(CLOCK_SHIFT=str(-86_400))
    await deployment.sharing()
    await deployment.cluster.produce(events)
    await deployment.equal(events)


async def test_now_never_goes_back_over_a_restart(deploy):
    """The second worker's wall clock is an hour behind the first one's."""
    events = [order("one", "ada", END - DAY)]
    deployment = deploy(RETENTION_CLOCK="wall")
    cluster = deployment.cluster
    worker = deployment.start(CLOCK_SHIFT=shift_to(END))
    await deployment.owning()
    await cluster.produce(events)
    [first] = await deployment.until(lambda scraped: total(scraped, "retention_caught_up") == 1, "caught up")
    await asyncio.sleep(3)
    last = max((await deployment.scrape())[0][AS_OF], first[AS_OF])
    assert await worker.stop() == 0
    deployment.start(CLOCK_SHIFT=shift_to(END - HOUR))
    seen = []
    for _ in range(30):
        seen += [metrics[AS_OF] for metrics in await deployment.scrape() if AS_OF in metrics]
        await asyncio.sleep(0.2)
    assert seen
    assert min(seen) >= last - 1e-6
    await deployment.until(lambda scraped: total(scraped, "retention_caught_up") == 1, "caught up again")


async def test_a_worker_that_catches_up_says_so_and_keeps_the_last_complete_values(deploy):
    """Until the backlog is read, nobody is reported churned for want of the orders in it."""
    early = history(62, size=1500, until=END - 200 * DAY)
    deployment = deploy()
    cluster = deployment.cluster
    await deployment.started(1)
    await cluster.produce(early)
    last = await deployment.equal(early)
    assert await deployment.workers[0].stop() == 0
    backlog = [
        order(f"backlog-{number}", f"customer-{number % 60:02}", END - (20_000 - number) * HOUR // 100)
        for number in range(20_000)
    ]
    await cluster.produce(backlog)
    worker = deployment.start()
    behind = 0
    while True:
        metrics = await worker.metrics()
        if metrics is not None and AS_OF in metrics:
            if metrics[CAUGHT_UP] == 1:
                break
            behind += 1
            assert repr(business(metrics)) == repr(business(last))
            assert metrics[AS_OF] == last[AS_OF]
        await asyncio.sleep(0.02)
        assert worker.alive, worker.tail()
    assert behind > 0
    await deployment.equal([*early, *backlog])


async def test_one_worker_exports_at_a_time_as_the_owner_changes(deploy):
    events = history(63, size=600)
    deployment = deploy()
    await deployment.started(1)
    await deployment.cluster.produce(events)
    await deployment.equal(events)
    most = 0
    for _ in range(2):
        deployment.start()
        leaving = deployment.alive[0]
        for round_ in range(40):
            exporting = sum(AS_OF in metrics for metrics in await deployment.scrape())
            most = max(most, exporting)
            if round_ == 20:
                assert await leaving.stop() == 0
            await asyncio.sleep(0.1)
    await deployment.equal(events)
    assert most == 1
