"""Workers do not wait for an absent Redis, and fill it completely once it is back."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator
from redis import Redis

from streams.local.redis import RedisServer
from tests.support.cluster import Pace
from tests.support.deployment import AS_OF, CAUGHT_UP, PATIENCE, total
from tests.support.events import Style, by_thing, duplicated, history, latest
from tests.support.redis_contents import COMPACTED, contents, last

pytestmark = pytest.mark.program("redis-server|valkey-server")

#: Records in flight at any moment: those read and not yet committed, about one commit.
_ON_THEIR_WAY = 400
#: Number of events that arrive while Redis is absent.
_AWAY_SECONDS, _EVENTS = 60.0, 18_000


def keeps_up_without_redis(scraped):
    """Return whether the lag stays near zero while Redis is absent."""
    away = total(scraped, "retention_worker_read_model_up") == 0
    return away and total(scraped, "retention_worker_lag_records") < _ON_THEIR_WAY


def all_counted(scraped, now):
    return total(scraped, CAUGHT_UP[0]) == 1 and round(total(scraped, AS_OF[0]) * 1e6) == now


TYPES = {
    "retention.metrics": "retention.metric",
    "retention.customers": "retention.customer",
    "retention.transitions": "retention.transition",
    "retention.ticket-sla": "retention.ticket-sla",
    "retention.actions": "retention.action",
}
SCHEMAS = Path(__file__).parents[2] / "schemas/v1"


async def assert_valid(deployment, topic, name):
    """Assert that every record matches its schema, and is a CloudEvent unless it is a metric."""
    schema = Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))
    records = [record for record in await deployment.cluster.read(topic) if record.value is not None]
    assert records or name == "retention.action", topic
    for record in records:
        schema.validate(json.loads(record.value))
        if name != "retention.metric":
            message = kafka.KafkaMessage(dict(record.headers), record.key, record.value)
            event = kafka.from_kafka(message, JSONFormat())
            assert (event.get_type(), event.get_source()) == (name, f"/retention/{deployment.group}")
            assert event.get_dataschema() == schema.schema["$id"]


async def held(deployment, redis):
    """Wait until everything is published and Redis holds exactly the contents of the compacted topics."""
    async with asyncio.timeout(PATIENCE):
        while True:
            rows = {topic: await last(deployment.cluster, topic) for topic in COMPACTED}
            published = len(rows["retention.metrics"]) > 300 and len(rows["retention.customers"]) > 10
            if published and contents(deployment.group, redis) == rows:
                return
            await asyncio.sleep(0.3)


async def test_unavailable_redis_delays_no_worker_and_recovers(deploy, tmp_path):
    events = history(31, size=_EVENTS)
    program = Path(shutil.which("redis-server") or shutil.which("valkey-server") or "")
    with RedisServer(program, tmp_path / "redis") as server, Redis(port=server.port) as redis:
        deployment = deploy(RETENTION_REDIS=server.url)
        await deployment.started(1)
        pace = Pace(0.5)  # slow enough for a busy machine: events must flow until Redis is back
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
        await asyncio.sleep(_AWAY_SECONDS)
        await deployment.until(keeps_up_without_redis, "the worker keeps up without it")
        assert not flowing.done(), "under load"
        server.start()
        pace.end()
        await flowing
        await deployment.until(lambda scraped: all_counted(scraped, latest(events)), "all events are counted")
        await held(deployment, redis)
        for topic, name in TYPES.items():
            await assert_valid(deployment, topic, name)
        for worker in deployment.alive:
            assert await worker.stop() == 0
        assert any(
            worker.has_logged(r"Redis at redis://127.0.0.1:\d+ does not accept the read model")
            for worker in deployment.workers
        )
