"""During a rollout, workers with different definitions run side by side, and their results are not mixed."""

import json

from msgspec.structs import replace

from tests.support.deployment import AS_OF, CAUGHT_UP, business, differences, total
from tests.support.events import history
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
