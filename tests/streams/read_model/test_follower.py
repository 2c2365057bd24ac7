"""From a real Kafka into a real Redis: the model is complete after any fault of Redis."""

import asyncio
import json
import os
import signal
from contextlib import asynccontextmanager

import pytest
import redis as redis_py

from streams.kafka.protocol import topic_ids
from streams.local.redis import RedisServer
from streams.read_model import auditor, follower, store
from streams.read_model.follower import ReadModel
from streams.read_model.store import Store
from tests.support.kafka_calls import admin, create, producer
from tests.support.read_model_samples import profile, program

pytestmark = pytest.mark.program("redis-server|valkey-server")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    for name, seconds in {"_CHECK_SECONDS": 0.2, "_RETRY_SECONDS": 0.1}.items():
        monkeypatch.setattr(follower, name, seconds)
    monkeypatch.setattr(store, "_TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(auditor, "_AUDIT_SECONDS", 0.0)
    monkeypatch.setattr(auditor, "_AUDIT_SHARE", 1.0)


class World:
    """A topic of profiles and one of metrics, and the expected read model of them."""

    def __init__(self, kafka, unique):
        self.kafka, self.group = kafka, unique
        self.profiles, self.metrics = f"{unique}-profiles", f"{unique}-metrics"
        self.partitions = {self.profiles: 2, self.metrics: 1}
        self.values = {}

    async def create(self):
        for topic, count in self.partitions.items():
            await create(self.kafka, topic, count, cleanup_policy="compact")

    async def publish(self, count, first=0, value=1.0):
        """Publish `count` customers a profile, a metric a value, and remove the first customer."""
        async with producer(self.kafka, transactional_id=self.group) as sender, sender.transaction():
            for n in range(first, first + count):
                self.values[f"c{n}"] = value + n
                content = profile(f"c{n}", value + n)
                await sender.send(self.profiles, content, f"c{n}".encode(), n % 2)
            self.values.pop(f"c{first}")
            await sender.send(self.profiles, None, f"c{first}".encode(), first % 2)
            await sender.send(self.metrics, json.dumps(value).encode(), b"m")
        self.metric = json.dumps(value)

    async def publish_and_abort(self):
        async with producer(self.kafka, transactional_id=f"{self.group}-other") as sender:
            await sender.begin_transaction()
            await sender.send_and_wait(self.profiles, profile("never", 1.0), b"never", 0)
            await sender.abort_transaction()

    @asynccontextmanager
    async def model(self, url, active=lambda: True):
        made = ReadModel(
            Store(url, self.group, self.metrics),
            {"bootstrap_servers": self.kafka},
            self.partitions,
            active=active,
            busy=lambda: False,
        )
        made.start()
        try:
            yield made
        finally:
            await made.stop()

    def complete(self, redis):
        """Whether Redis has exactly the values of the topics."""
        ranks = redis.zrange(f"{self.group}:valuable", 0, -1, withscores=True)
        names = {key.rpartition(":")[2] for key in redis.keys(f"{self.group}:customer:*")}
        metrics = redis.hgetall(f"{self.group}:metrics")
        return (dict(ranks), names, metrics) == (self.values, set(self.values), {"m": self.metric})


@pytest.fixture
async def world(kafka, unique):
    made = World(kafka, unique)
    await made.create()
    return made


async def until(condition, what="condition", seconds=30):
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"waited in vain: {what}")


async def test_read_model_is_filled_followed_and_resumed(world, url, redis):
    await world.publish(1500)
    async with world.model(url) as model:
        await until(lambda: world.complete(redis))
        await world.publish_and_abort()
        await world.publish(10, 5, 100.0)
        await until(lambda: world.complete(redis))
        await until(lambda: model.up and model.behind == 0)
    await world.publish(10, 5, 200.0)
    redis.set(f"{world.group}:customer:mark", "not cleared")
    async with world.model(url):
        await until(lambda: redis.zscore(f"{world.group}:valuable", "c6") == 206.0)
    assert redis.delete(f"{world.group}:customer:mark") == 1, "from where it was, not from the beginning"
    assert world.complete(redis)


async def _never(*_, **__):
    await asyncio.Event().wait()


async def _nothing(*_, **__):
    await asyncio.sleep(0.05)
    return {}


@pytest.mark.parametrize("getmany", [_never, _nothing], ids=["hangs", "returns nothing"])
async def test_client_that_stalls_is_replaced(world, url, redis, monkeypatch, caplog, getmany):
    monkeypatch.setattr(follower, "_STALL_SECONDS", 1.0)
    await world.publish(5)
    with monkeypatch.context() as stalled:
        stalled.setattr(follower.AIOKafkaConsumer, "getmany", getmany)
        async with world.model(url):
            await until(lambda: "cannot read the topics of the read model" in caplog.text)
            stalled.undo()
            await until(lambda: world.complete(redis))


async def test_emptied_redis_is_filled_again(world, url, redis):
    await world.publish(50)
    async with world.model(url):
        await until(lambda: world.complete(redis))
        redis.flushall()
        await until(lambda: world.complete(redis))


async def test_keys_lost_by_a_restored_redis_are_written_again(world, url, redis):
    await world.publish(50)
    async with world.model(url):
        await until(lambda: world.complete(redis))
        field = f"{world.profiles}/1"
        old = redis.hget(f"{world.group}:positions", field).rpartition(":")[0]
        redis.hset(f"{world.group}:positions", field, f"{old}:2")
        redis.delete(f"{world.group}:customer:c7")
        await until(lambda: world.complete(redis))


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_unavailable_redis_only_pauses_the_follower(world, tmp_path, how, caplog):
    await world.publish(50)
    with (
        RedisServer(program(), tmp_path) as server,
        redis_py.Redis(port=server.port, decode_responses=True) as redis,
    ):
        async with world.model(server.url) as model:
            await until(lambda: world.complete(redis) and model.up)
            if how == "killed":
                server.stop()
            else:
                os.kill(server.pid, signal.SIGSTOP)
            await until(lambda: model.up is False)
            await world.publish(500, 10, 7.0)
            await until(lambda: model.behind >= 500)
            assert model.up is False
            assert sum("does not accept the read model" in line for line in caplog.messages) == 1, (
                "logged once"
            )
            if how == "killed":
                server.start()
            else:
                os.kill(server.pid, signal.SIGCONT)
            await until(lambda: model.up and model.behind == 0)
            assert world.complete(redis)


async def test_concurrent_followers_and_a_successor_agree(world, url, redis):
    await world.publish(300)
    revision = [True]
    async with (
        world.model(url, lambda: revision[0]),
        world.model(url),
        world.model(url, lambda: False) as idle,
    ):
        for round_ in range(3):
            await world.publish(200, round_ * 50, 10.0 * round_)
            revision[0] = round_ != 1
        await until(lambda: world.complete(redis))
        assert idle.up is None
    assert world.complete(redis)


async def test_recreated_topics_replace_the_read_model(world, url, redis):
    await world.publish(50)
    async with world.model(url):
        await until(lambda: world.complete(redis))
    async with admin(world.kafka) as client:
        await client.delete_topics(list(world.partitions))
        while set(world.partitions) & set(await client.list_topics()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
    await world.create()
    world.values.clear()
    await world.publish(80, 40)
    async with world.model(url):
        await until(lambda: world.complete(redis))


async def test_read_model_older_than_tombstones_is_rebuilt(world, url, redis):
    await world.publish(20)
    async with world.model(url) as model:
        await until(lambda: world.complete(redis) and model.behind == 0)
    key = f"{world.group}:positions"
    long_ago = float(redis.hget(key, "complete")) - 13 * 3600
    redis.hset(key, "complete", long_ago)
    redis.hset(f"{world.group}:customer:erased", "profile", "{}")
    async with world.model(url):
        await until(lambda: world.complete(redis))
    assert float(redis.hget(key, "complete")) > long_ago + 12 * 3600


async def test_topic_id_is_unique_and_stable(kafka, unique):
    await create(kafka, f"{unique}-a", 3)
    await create(kafka, f"{unique}-b")
    async with follower.AIOKafkaConsumer(bootstrap_servers=kafka) as consumer:
        found = await topic_ids.topic_ids(consumer, [f"{unique}-a", f"{unique}-b", f"{unique}-none"])
        again = await topic_ids.topic_ids(consumer, [f"{unique}-a"])
    assert set(found) == {f"{unique}-a", f"{unique}-b"}
    assert len(set(found.values())) == 2
    assert again[f"{unique}-a"] == found[f"{unique}-a"]


def content(redis, group):
    """Return everything under the keys of a model but its positions."""
    read = {
        "hash": redis.hgetall,
        "zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
        "string": redis.get,
        "none": lambda _: None,  # deleted meanwhile
    }
    keys = [key for key in redis.keys(f"{group}:*") if not key.endswith(":positions")]
    return {key: read[redis.type(key)](key) for key in keys}


def has_positions(redis, world):
    """Whether the positions are some that a worker writes."""
    if redis.type(f"{world.group}:positions") != "hash":
        return False
    found = redis.hgetall(f"{world.group}:positions")
    complete = found.pop("complete", "nan")
    fields = {f"{topic}/{number}" for topic, count in world.partitions.items() for number in range(count)}
    return complete[0].isdigit() and found.keys() == fields and "999999" not in str(found)


def write_strings(redis, group, _):
    for name in ("positions", "metrics", "at-risk", "valuable", "customer:c7", "customer:junk"):
        redis.delete(f"{group}:{name}")
        redis.set(f"{group}:{name}", "junk")


def write_positions(redis, group, world):
    field = f"{world.profiles}/0"
    topic_id = redis.hget(f"{group}:positions", field).rpartition(":")[0]
    beyond = {field: f"{topic_id}:999999", f"{world.profiles}/99": f"{topic_id}:1", "complete": "nan"}
    redis.hset(f"{group}:positions", mapping=beyond)


def write_values(redis, group, _):
    redis.hset(f"{group}:metrics", mapping={"junk": "1", "m": "junk"})
    redis.hset(f"{group}:customer:junk", "profile", "{}")
    redis.hset(f"{group}:customer:c7", "profile", "{}")
    redis.zadd(f"{group}:valuable", {"junk": 1, "c7": 99})


@pytest.mark.parametrize("write", [write_strings, write_positions, write_values])
async def test_junk_under_the_keys_of_the_model_is_replaced(world, url, redis, caplog, write):
    await world.publish(20)
    async with world.model(url) as model:
        await until(lambda: world.complete(redis) and model.up)
        right = content(redis, world.group)
        write(redis, world.group, world)
        await until(lambda: content(redis, world.group) == right and has_positions(redis, world))
        await world.publish(5, 30)
        await until(lambda: world.complete(redis))
    assert "something else under the keys of the read model" in caplog.text


async def test_right_model_is_not_built_again(world, url, redis, caplog):
    await world.publish(20)
    async with world.model(url) as model:
        await until(lambda: world.complete(redis) and model.up)
        redis.set(f"{world.group}:of-others", "not cleared")
        for first in (5, 10, 15):  # beside the audits
            await world.publish(5, first, 100.0)
            await until(lambda: world.complete(redis))
    assert redis.get(f"{world.group}:of-others") == "not cleared"
    assert "building it again" not in caplog.text
