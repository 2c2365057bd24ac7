"""What an audit finds in a real Redis, compared with real topics."""

from contextlib import aclosing

import pytest
import redis as redis_py
from aiokafka import TopicPartition

from streams.read_model.audit import Audit
from streams.read_model.store import Store
from tests.support.kafka_calls import create, producer
from tests.support.read_model_samples import profile, record

pytestmark = pytest.mark.program("redis-server|valkey-server")


class Model:
    """A model of two partitions of profiles and one of series, and its audits."""

    def __init__(self, kafka, group, store, raw):
        self.kafka, self.group, self.store, self.raw = kafka, group, store, raw
        self.series = TopicPartition(f"{group}-metrics", 0)
        self.profiles = [TopicPartition(f"{group}-profiles", number) for number in range(2)]
        self.taken = {}

    async def fill(self):
        rows = {self.series: [("m", b"1"), ("gone", b"2"), ("gone", None)]}
        for number, tp in enumerate(self.profiles):
            names = [f"c{n}" for n in range(number, 10, 2)]
            rows[tp] = [(name, profile(name, n + 1.0)) for n, name in enumerate(names)]
        await create(self.kafka, self.series.topic, 1, cleanup_policy="compact")
        await create(self.kafka, self.profiles[0].topic, 2, cleanup_policy="compact")
        async with producer(self.kafka) as client:
            for tp, of_tp in rows.items():
                for key, value in of_tp:
                    await client.send_and_wait(tp.topic, value, key.encode(), tp.partition)
                records = [record(tp, offset, *row) for offset, row in enumerate(of_tp)]
                self.taken[tp] = await self.store.take(tp, "id", 0, len(of_tp), records)
        self._saved = {key: self.raw.dump(key) for key in self.raw.scan_iter()}

    def restore(self):
        self.raw.flushall()
        for key, dumped in self._saved.items():
            self.raw.restore(key, 0, dumped)

    def audit(self):
        return Audit(self.store, {"bootstrap_servers": self.kafka}, self.taken)

    async def found(self):
        series = await self.audit().of_series([self.series])
        return series or await self.audit().of_customers(self.profiles[1])


@pytest.fixture
async def model(kafka, unique, shared_redis, redis):  # noqa: ARG001 - emptied
    with redis_py.Redis(port=shared_redis.port) as raw:
        async with aclosing(Store(shared_redis.url, unique, f"{unique}-metrics")) as store:
            made = Model(kafka, unique, store, raw)
            await made.fill()
            yield made


#: What others write -> command and arguments; `G` is the group. c7 is in the second partition.
WRITTEN = {
    "foreign series": ("hset", "G:metrics", "junk", "1"),
    "changed series": ("hset", "G:metrics", "m", "2"),
    "deleted series": ("hdel", "G:metrics", "m"),
    "foreign customer": ("hset", "G:customer:junk", "profile", "{}"),
    "foreign customer of ours": ("hset", "G:customer:junk", "version", "G-profiles/1:3"),
    "foreign string": ("set", "G:customer:junk", "{}"),
    "changed profile": ("hset", "G:customer:c7", "profile", "{}"),
    "version beyond the end": ("hset", "G:customer:c7", "version", "G-profiles/1:999999"),
    "version of no partition": ("hset", "G:customer:c7", "version", "junk"),
    "deleted customer": ("del", "G:customer:c7"),
    "foreign rank": ("zadd", "G:valuable", "1", "junk"),
    "changed rank": ("zadd", "G:at-risk", "99", "c7"),
    "deleted rank": ("zrem", "G:valuable", "c7"),
}


async def test_audit_finds_what_others_have_written(model):
    assert await model.found() is None
    for what, (command, *arguments) in WRITTEN.items():
        model.raw.execute_command(command, *(one.replace("G", model.group) for one in arguments))
        assert await model.found(), what
        model.restore()
    assert await model.found() is None


async def test_keys_that_are_written_meanwhile_are_left_out(model):
    model.raw.hset(f"{model.group}:customer:c7", "profile", "newer")
    audit = model.audit()
    audit.written.add(b"c7")
    assert await audit.of_customers(model.profiles[1]) is None
    model.taken[model.profiles[1]] = 3  # c7 is at offset 3, which the model does not have yet
    for name in ("c7", "c9"):
        model.raw.delete(f"{model.group}:customer:{name}")
    assert await model.audit().of_customers(model.profiles[1]) is None


async def test_deviation_names_no_customer(model):
    model.raw.hset(f"{model.group}:customer:c7", "profile", "{}")
    assert str(await model.found()) == "1 foreign or changed values (customer)"
