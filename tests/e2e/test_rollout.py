"""During a rollout, workers with different definitions run side by side, and their results are not mixed."""

import json

from msgspec.structs import replace

from tests.support.deployment import AS_OF, CAUGHT_UP, business, differences, total
from tests.support.events import Record, history
from tests.support.strategies import DEFINITIONS

NEWER = replace(
    DEFINITIONS,
    windows=("7d", "60d"),
    rates={currency: 2 * rate for currency, rate in DEFINITIONS.rates.items()} | {"USD": 1.0},
)
CONFIG = "\n".join(
    [
        f"windows = {json.dumps(NEWER.windows)}",
        "[rates]",
        *(f"{currency} = {rate}" for currency, rate in NEWER.rates.items()),
    ]
)


async def test_metrics_wait_until_all_workers_have_equal_definitions(deploy):
    events = history(71, size=900)
    deployment = deploy()
    await deployment.started(1)
    await deployment.cluster.produce(events[:600])
    before = await deployment.equal(events[:600])
    config = deployment.directory / "newer.toml"
    config.write_text(CONFIG)
    [old] = deployment.workers
    deployment.start(RETENTION_CONFIG=str(config))
    await deployment.sharing()
    await deployment.cluster.produce(events[600:])

    def held(scraped):
        """Return whether everything is read and the partial results are not merged."""
        logged = any(worker.has_logged("run on workers with another") for worker in deployment.alive)
        read = total(scraped, "retention_worker_events_total") >= len(events)
        return logged and read and total(scraped, CAUGHT_UP[0]) == 0

    [exported] = [metrics for metrics in await deployment.until(held, "held") if AS_OF in metrics]
    assert exported[AS_OF] == before[AS_OF]
    assert differences(business(exported), business(before)) == []
    assert await old.stop() == 0
    await deployment.equal(events, definitions=NEWER)


MAPPING = """
[[inputs]]
topic = "shop.orders"
mapping = "orders"

[mappings.orders]
customer_id = "customer"

[[mappings.orders.events]]
type = "order.placed"
order_id = "id"
time = "at"
amount = "total"
currency = "currency"
"""


async def test_worker_with_another_mapping_warns_of_it(deploy, tmp_path):
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    old.write_text(MAPPING)
    new.write_text(MAPPING.replace("total", "net"))
    deployment = deploy(RETENTION_CONFIG=str(old))
    await deployment.cluster.create({"shop.orders": 4})
    order = {
        "customer": "a",
        "id": "o",
        "at": "2026-05-01T10:00:00Z",
        "total": 10,
        "net": 8,
        "currency": "USD",
    }
    await deployment.cluster.send([Record("shop.orders", json.dumps(order).encode())])
    await deployment.started(1)
    [former] = deployment.workers
    await deployment.until(lambda scraped: total(scraped, CAUGHT_UP[0]) == 1, "caught up")
    latter = deployment.start(RETENTION_CONFIG=str(new))

    def held(scraped):
        changed = [total([one], "retention_worker_mapping_changed") for one in scraped]
        return total(scraped, CAUGHT_UP[0]) == 0 and sorted(changed) == [0, 1]

    await deployment.until(held, "held")
    logged = "records of shop.orders were counted by another mapping than the present one"
    assert not former.has_logged(logged)
    assert await former.stop() == 0
    await deployment.until(lambda scraped: total(scraped, CAUGHT_UP[0]) == 1, "caught up")
    assert latter.has_logged(logged)
