"""A closed month: frozen once, over a killed worker, a late event, a reopening and a reset."""

import asyncio
import json

from streams.cli.group import run
from tests.support.deployment import total
from tests.support.events import microseconds, order

CONFIG = '[rates]\nUSD = 1\n\n[periods]\nkinds = ["month"]\n'
SEPTEMBER = microseconds("2024-09-10T10:00:00Z")
OCTOBER = microseconds("2024-10-10T10:00:00Z")
BEFORE_CLOSE = microseconds("2024-11-03T23:59:59Z")
CLOSE = microseconds("2024-11-04T00:00:00Z")


def orders(scraped, basis, period):
    """Return the exported number of orders of a month."""
    return total(scraped, "retention_period_orders", kind="month", period=period, basis=basis)


async def month(deployment, *, period="2024-10", **expected):
    """Wait until the group has caught up and exports the orders of a month with these values by basis."""
    return await deployment.until(
        lambda scraped: (
            total(scraped, "retention_caught_up") == 1
            and all(orders(scraped, basis, period) == value for basis, value in expected.items())
        ),
        f"{expected} are exported",
    )


async def frozen(cluster, period="2024-10"):
    """Return the committed values of `retention.periods` for a month, by version."""
    records = [json.loads(record.value) for record in await cluster.read("retention.periods")]
    return {one["version"]: one for one in records if one["period"] == period}


async def retention(deployment, *arguments):
    broker = ["--broker", deployment.settings["RETENTION_BROKER"], "--group", deployment.group]
    config = ["--config", deployment.settings["RETENTION_CONFIG"]]
    return await asyncio.to_thread(run, [*arguments, *broker, *config])


async def test_closed_month_keeps_its_value(deploy, tmp_path):
    config = tmp_path / "periods.toml"
    config.write_text(CONFIG)
    deployment = deploy(RETENTION_CONFIG=str(config), RETENTION_PARTITIONS="2")
    cluster = deployment.cluster
    await deployment.started(1)
    before = [order("a", "ann", SEPTEMBER), order("b", "ann", OCTOBER), order("c", "bea", BEFORE_CLOSE)]
    await cluster.produce(before)
    await month(deployment, as_now=1)
    await month(deployment, as_closed=1, period="2024-09")
    assert await frozen(cluster) == {}, "it is not closed yet"
    assert (await frozen(cluster, "2024-09"))[1]["first_start"]

    await cluster.produce([order("d", "bea", CLOSE)])
    await month(deployment, as_closed=1, as_now=1)
    [first] = (await frozen(cluster)).values()
    assert (first["closed"], first["first_start"]) == ("2024-11-04T00:00:00Z", False)

    deployment.alive[0].kill()
    deployment.start()
    await month(deployment, as_closed=1, as_now=1)
    await cluster.produce([order("late", "bea", OCTOBER)])
    scraped = await month(deployment, as_closed=1, as_now=2)
    assert total(scraped, "retention_period_changes", period="2024-10", cause="late") == 1
    assert await frozen(cluster) == {1: first}

    assert await retention(deployment, "periods", "reopen", "2024-10", "--because", "a late till") == 0
    scraped = await month(deployment, as_closed=2, as_now=2)
    assert total(scraped, "retention_period_changes", period="2024-10") == 0
    both = await frozen(cluster)
    assert both[1] == first
    assert both[2]["because"] == "a late till"

    assert await deployment.alive[0].stop() == 0
    assert await retention(deployment, "reset", "--yes") == 0
    await cluster.produce([order("later", "bea", OCTOBER + 1)])
    deployment.start()
    await month(deployment, as_closed=2, as_now=3)
    assert await frozen(cluster) == both
