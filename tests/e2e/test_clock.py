"""Numbers change as time passes, and `now` never goes back."""

import asyncio
import time

import pytest

from streams.clock import wall_us
from tests.support.deployment import AS_OF, CAUGHT_UP, PATIENCE, business, total
from tests.support.events import DAY, END, HOUR, history, order
from tests.support.worker_process import WallClock

SECOND = 1_000_000


@pytest.fixture
def clock(tmp_path):
    return WallClock(tmp_path)


async def test_customer_lapses_as_the_hour_passes_without_events(deploy, clock):
    """An order leaves the window of 7 days at the full hour."""
    boundary = END // HOUR * HOUR
    lapsing = order("lapsing", "ada", boundary - 7 * DAY + HOUR // 2)
    staying = order("staying", "bob", boundary - 2 * DAY)
    deployment = deploy(RETENTION_CLOCK="wall", **clock.settings)
    clock.set(boundary - HOUR // 2)
    await deployment.started(1)
    await deployment.cluster.produce([lapsing, staying])

    def active(scraped):
        return total(scraped, "retention_customers", window="7d", set="end")

    await deployment.until(lambda scraped: active(scraped) == 2, "both are active")
    clock.set(boundary - 2 * SECOND)
    ends = {
        topic: await deployment.cluster.ends_of(topic) for topic in ("orders", f"{deployment.group}-facts")
    }
    [after] = await deployment.until(lambda scraped: active(scraped) == 1, "one has lapsed")
    assert boundary <= round(after[AS_OF] * SECOND) < boundary + HOUR // 2
    assert total([after], "retention_customers", window="7d", set="lost") == 1
    assert {topic: await deployment.cluster.ends_of(topic) for topic in ends} == ends
    series = "retention_customers", frozenset({"window": "7d", "set": "end"}.items())
    async with asyncio.timeout(PATIENCE):
        while (await deployment.published())[series] != 1:  # noqa: ASYNC110 - Kafka sends no event
            await asyncio.sleep(0.3)


async def test_event_mode_depends_on_no_wall_clock(deploy, tmp_path):
    """Workers whose wall clocks are a year apart agree, because `now` comes from the events only."""
    events = history(61, size=800)
    ahead, behind = WallClock(tmp_path / "ahead"), WallClock(tmp_path / "behind")
    ahead.set(time.time_ns() // 1000 + 400 * DAY)
    behind.set(time.time_ns() // 1000 - DAY)
    deployment = deploy()
    deployment.start(**ahead.settings)
    deployment.start(**behind.settings)
    await deployment.sharing()
    await deployment.cluster.produce(events)
    await deployment.equal(events)


@pytest.mark.parametrize("end", ["stopped", "killed"])
async def test_now_never_goes_back_over_a_restart(deploy, clock, end):
    """The second worker's wall clock is an hour behind the first one's."""
    deployment = deploy(RETENTION_CLOCK="wall", **clock.settings)
    clock.set(END)
    await deployment.started(1)
    await deployment.cluster.produce([order("one", "ada", END - DAY)])
    await deployment.until(lambda scraped: total(scraped, "retention_caught_up") == 1, "caught up")
    last = 0.0
    for _ in range(15):
        [metrics] = await deployment.scrape()
        last = max(last, metrics[AS_OF])
        await asyncio.sleep(0.2)
    if end == "stopped":
        assert await deployment.workers[0].stop() == 0
    else:
        deployment.workers[0].kill()
    clock.set(END - HOUR)
    deployment.start()
    seen = []

    def caught_up(scraped):
        seen.extend(metrics[AS_OF] for metrics in scraped if metrics.get(CAUGHT_UP) == 1)
        return total(scraped, "retention_caught_up") == 1

    await deployment.until(caught_up, "caught up again")
    for _ in range(10):
        caught_up(await deployment.scrape())
        await asyncio.sleep(0.2)
    assert min(seen) >= last


@pytest.mark.parametrize("jump", [DAY, -DAY])
async def test_worker_whose_clock_jumps_stops_and_counts_nothing(deploy, clock, jump):
    """The events would be future ones to it, or `now` would stay a day ahead for the whole group."""
    deployment = deploy(RETENTION_CLOCK="wall", **clock.settings | {"RETENTION_CLOCK_TOLERANCE": "300"})
    cluster = deployment.cluster
    clock.set(wall_us())
    await deployment.started(1)
    [worker] = deployment.workers
    await cluster.produce([order("before", "ada", wall_us())])
    await deployment.until(lambda scraped: total(scraped, "retention_orders", window="7d") == 1, "one order")
    clock.set(wall_us() + jump)
    await cluster.produce([order("after", "ada", wall_us())])
    assert await worker.exit_code(60) == 1
    assert worker.has_logged(rf"(1 day, 0:0|23:5).* {'ahead of' if jump > 0 else 'behind'} Kafka's")
    refused = deployment.start()
    assert await refused.exit_code(60) == 1
    assert not refused.has_logged("restored")
    clock.set(wall_us())
    deployment.start()
    scraped = await deployment.until(
        lambda scraped: total(scraped, "retention_orders", window="7d") == 2, "both orders"
    )
    assert abs(total(scraped, AS_OF[0]) * SECOND - wall_us()) < 60 * SECOND
    assert await cluster.read("retention.dead-letters") == []


async def test_worker_catching_up_keeps_the_last_complete_values(deploy):
    """No customer is reported as churned before the backlog with the customer's orders is read."""
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
            assert exactly(metrics) == exactly(last)
            assert metrics[AS_OF] == last[AS_OF]
        await asyncio.sleep(0.05)
        assert worker.alive, worker.tail()
    assert behind > 0
    await deployment.equal([*early, *backlog])


def exactly(metrics):
    """Return business series in a form in which NaN equals NaN."""
    return {series: repr(value) for series, value in business(metrics).items()}


async def test_only_one_worker_exports_while_the_owner_changes(deploy):
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
