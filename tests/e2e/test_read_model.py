"""Redis goes away while events flow: nobody waits for it, and it holds everything once it is back."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from redis import Redis

from streams.read_model.server import RedisServer
from tests.e2e.cluster import Pace
from tests.e2e.deployment import total
from tests.e2e.events import Style, by_thing, duplicated, history

pytestmark = pytest.mark.program("redis-server|valkey-server")

#: Records that are on their way at any moment: what is read and not yet answered, one commit's worth.
_ON_THEIR_WAY = 400


TOPICS = ("retention.metrics", "retention.customers")


async def held(deployment, redis):
    """Wait until Redis holds what the compacted topics do, and nothing else."""
    async with asyncio.timeout(30):
        while True:
            rows = {topic: await last(deployment.cluster, topic) for topic in TOPICS}
            if contents(deployment.group, redis) == rows:
                return rows
            await asyncio.sleep(0.3)


def contents(group, redis):
    prefix = f"{group}:customer:".encode()
    profiles = {key.removeprefix(prefix): redis.hget(key, "profile") for key in redis.keys(prefix + b"*")}
    return {"retention.metrics": redis.hgetall(f"{group}:metrics"), "retention.customers": profiles}


async def last(cluster, topic):
    if topic not in await cluster.topics():
        return {}
    found = {record.key: record.value for record in await cluster.read(topic)}
    return {key: value for key, value in found.items() if value is not None}


async def test_a_redis_that_is_away_holds_up_nobody_and_is_complete_again_after(deploy, tmp_path):
    events = history(31, size=1500)
    program = Path(shutil.which("redis-server") or shutil.which("valkey-server") or "")
    with RedisServer(program, tmp_path / "redis") as server, Redis(port=server.port) as redis:
        deployment = deploy(RETENTION_REDIS=server.url)
        await deployment.started(1)
        pace = Pace(0.05)
        flowing = asyncio.create_task(
            deployment.cluster.produce(duplicated(events, 31), [Style(), Style(by_thing)], pace=pace)
        )
        await deployment.until(
            lambda scraped: total(scraped, "retention_worker_read_model_up") == 1, "the read model is up"
        )
        server.stop()
        await deployment.until(
            lambda scraped: {total([one], "retention_worker_read_model_up") for one in scraped} == {0.0},
            "it is away",
        )
        lags = []
        for _ in range(6):
            await asyncio.sleep(1)
            lags.append(total(await deployment.scrape(), "retention_worker_lag_records"))
        server.start()
        pace.end()
        await flowing
        assert max(lags[3:]) < _ON_THEIR_WAY, lags
        await deployment.equal(events)
        rows = await held(deployment, redis)
        assert len(rows["retention.metrics"]) > 300
        assert json.loads(next(iter(rows["retention.metrics"].values())))["metric"]
        for worker in deployment.alive:
            assert await worker.stop() == 0
        assert any(
            worker.says(r"Redis at redis://127.0.0.1:\d+ does not take the read model")
            for worker in deployment.workers
        )
