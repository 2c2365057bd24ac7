"""The id of an erased customer is in no file and no topic once Kafka has compacted and deleted segments."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from redis import Redis

from streams.config.load import load
from streams.kafka.topics import COMPACTED_DAYS, DEAD_LETTERS, INPUTS, KEPT_DAYS
from streams.local.redis import RedisServer, find_program
from streams.operations import dead_letter_retention
from tests.support.deployment import PATIENCE
from tests.support.worker_process import ROOT

NOW = datetime.now(UTC)
PARTITIONS = 4
#: No other customer's id begins with this prefix.
MARK = "zaphod-beeblebrox"
#: The broker stores records without compression, so that its files can be searched.
_EAGER = {"segment.ms": "500", "compression.type": "uncompressed"}


def event(kind, number, customer, **fields):
    time = (NOW - timedelta(minutes=100 + number)).isoformat()
    return {"id": f"e{number}", "type": kind, "time": time, "customer_id": customer, **fields}


def order(number, customer, **fields):
    money = {"amount": 1000, "currency": "USD"}
    return event("order.placed", number, customer, order_id=f"o{number}", **money, **fields)


EVENTS = [
    order(1, MARK, referred_by="trillian"),
    order(2, f"{MARK}-guest", cart_id="k"),
    order(3, "trillian", referred_by=MARK),
    order(4, "ford", referred_by=f"{MARK}-guest"),
    event("ticket.opened", 5, f"{MARK}-guest", ticket_id="t", priority="low"),
    event("survey.answered", 6, MARK, survey="nps", score=3),
    event("customer.merged", 7, f"{MARK}-guest", into=MARK),
    order(8, f"{MARK}-guest") | {"currency": "XXX"},
]


@pytest.fixture
def redis(tmp_path):
    program = find_program()
    assert program is not None
    with RedisServer(program, tmp_path / "redis") as server, Redis(port=server.port) as client:
        yield client


@pytest.mark.program("redis-server|valkey-server")
async def test_erased_customer_is_left_in_no_topic_and_no_file(deploy, broker, redis):
    port = redis.connection_pool.connection_kwargs["port"]
    deployment = deploy(RETENTION_CLOCK="wall", RETENTION_REDIS=f"redis://127.0.0.1:{port}/0")
    cluster = deployment.cluster
    await create_topics(cluster, deployment.group)
    await deployment.started(2)
    await cluster.produce(EVENTS)
    await deployment.until(lambda scraped: customers(scraped) == 3, "three customers")
    places = {"retention.customers", f"{deployment.group}-customers-changelog", DEAD_LETTERS}
    async with asyncio.timeout(PATIENCE):
        while not places <= set(await found_in(cluster, broker, deployment)) or not held_by(redis):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    settings = load({}, environ := deployment.settings)
    erased = await asyncio.to_thread(erase, environ, f"{MARK}-guest")
    assert "\ndone: " in erased  # the message names no customer where tombstones are removed within a second
    for days in (COMPACTED_DAYS, KEPT_DAYS):
        assert f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" in erased
    await cluster.produce([order(9, MARK)])
    await deployment.until(lambda scraped: dropped(scraped) == 1, "a later event is dropped and counted")
    await deployment.until(lambda scraped: customers(scraped) == 2, "two customers")
    assert await dead_letter_retention.remove(settings, 1, NOW + timedelta(days=KEPT_DAYS - 1)) == 0
    assert await dead_letter_retention.remove(settings, 1, NOW + timedelta(days=KEPT_DAYS + 1)) == 1
    async with asyncio.timeout(PATIENCE):
        while held_by(redis):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    number, deadline = 100, monotonic() + 200
    while left := await found_in(cluster, broker, deployment):
        assert monotonic() < deadline, left
        # Kafka closes a segment only when a later record arrives, such as another dead letter.
        others = [order(number + n, f"somebody-{n}") for n in range(20)]
        await cluster.produce([*others, order(number + 20, "somebody") | {"currency": "XXX"}])
        number += 21
        await asyncio.sleep(1)
    assert dropped(await deployment.scrape()) == 1


async def create_topics(cluster, group):
    compacted = {
        "cleanup.policy": "compact",
        "delete.retention.ms": "100",
        "max.message.bytes": str(16 << 20),
    }
    passing = {"cleanup.policy": "delete", "retention.ms": "4000"}
    names = [f"{group}-customers-changelog", "retention.customers", "retention.metrics"]
    await cluster.create(dict.fromkeys(names, PARTITIONS), compacted | _EAGER)
    names = ["retention.transitions", "retention.ticket-sla", "retention.actions"]
    await cluster.create(dict.fromkeys([f"{group}-facts", *names], PARTITIONS), passing | _EAGER)
    await cluster.create({DEAD_LETTERS: 1}, {"retention.ms": "-1"} | _EAGER)


def customers(scraped):
    return sum(
        value
        for metrics in scraped
        for (name, _), value in metrics.items()
        if name == "retention_loyalty_customers"
    )


def dropped(scraped):
    return sum(
        value
        for metrics in scraped
        for (name, _), value in metrics.items()
        if name == "retention_worker_erased_events_total"
    )


def erase(environ, customer):
    command = [sys.executable, "-m", "streams.cli", "erase", "--yes", customer]
    done = subprocess.run(
        command, env=os.environ | environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def found_in(cluster, broker, deployment):
    """Return the project's topics and files that hold the id."""
    own_topics = [name for name in await cluster.topics() if name not in INPUTS and not name.startswith("__")]
    topics = []
    for topic in own_topics:
        records = await cluster.read(topic)
        if any(MARK.encode() in (record.key or b"") + (record.value or b"") for record in records):
            topics.append(topic)
    return topics + await asyncio.to_thread(lambda: list(files(broker, deployment, own_topics)))


def held_by(redis):
    """Return the Redis keys that hold the id or contain it in their name."""
    read = {b"hash": redis.hgetall, b"zset": lambda key: redis.zrange(key, 0, -1)}
    return [key for key in redis.keys("*") if MARK in f"{key} {read[redis.type(key)](key)}"]


def files(broker, deployment, own_topics):
    logs = [
        path
        for path in (broker.data_dir / "log").glob("*/*.log")
        if path.parent.name.rpartition("-")[0] in own_topics
    ]
    local = [path for path in deployment.directory.rglob("*") if path.is_file()]
    for path in [*logs, *local]:
        try:
            if MARK.encode() in path.read_bytes():
                yield str(path)
        except FileNotFoundError:  # removed since
            continue
