"""`retention reset`, against a real Kafka."""

import asyncio
import shutil
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from redis import Redis

from streams.ingest.dead_letter_record import Rejection, encode
from streams.kafka.topics import METRICS, PERIODS, Names
from streams.local.redis import RedisServer


@asynccontextmanager
async def consuming(bootstrap, group):
    consumer = AIOKafkaConsumer(
        "orders",
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        await consumer.getone()
        await consumer.commit()
        yield
    finally:
        await consumer.stop()


def offsets(bootstrap, group):
    async def go():
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            return await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()

    return asyncio.run(go())


async def consume_once(bootstrap, group):
    async with consuming(bootstrap, group):
        pass


def test_reset_removes_state_offsets_and_metrics_only(
    retention, kafka, broker_calls, make_topics, unique, tmp_path
):
    group = unique
    others = [*Names(f"{group}-eu").internal, "retention.dead-letters", PERIODS]
    make_topics(*Names(group).internal, METRICS, "orders", *others)
    broker_calls.produce(("orders", 0, b"k", b"v", []))
    asyncio.run(consume_once(kafka, group))
    asyncio.run(consume_once(kafka, f"{group}-eu"))
    assert TopicPartition("orders", 0) in offsets(kafka, group)
    data = tmp_path / "data"
    (data / "faust").mkdir(parents=True)
    (data / "kafka").mkdir()
    result = retention("reset", "--yes", broker=kafka, group=group)
    assert result.code == 0, result.err
    assert set(broker_calls.topics()) == {"orders", *others}
    assert offsets(kafka, group) == {}
    assert offsets(kafka, f"{group}-eu") != {}
    assert [path.name for path in data.iterdir()] == ["kafka"]
    for topic in [*Names(group).internal, METRICS]:
        assert f"deleted topic {topic}\n" in result.out
    assert len(broker_calls.records("orders")) == 1


@pytest.mark.program("redis-server|valkey-server")
def test_reset_clears_the_read_model(retention, kafka, unique, tmp_path):
    program = Path(shutil.which("redis-server") or shutil.which("valkey-server") or "")
    with RedisServer(program, tmp_path / "redis") as server, Redis(port=server.port) as redis:
        for name in (f"{unique}:customer:ann", f"{unique}:metrics", "other:customer:ann"):
            redis.hset(name, "a", 1)
        result = retention("reset", "--yes", broker=kafka, group=unique, redis=server.url)
        assert f"deleted the read model at redis://127.0.0.1:{server.port} (2 keys)" in result.out
        assert redis.keys() == [b"other:customer:ann"]
    away = retention("reset", "--yes", broker=kafka, group=unique, redis=server.url)
    assert away.code == 0
    assert "kept the read model" in away.err


def test_second_reset_changes_nothing(retention, kafka, unique):
    for _ in range(2):
        result = retention("reset", "--yes", broker=kafka, group=unique)
        assert (result.code, result.out) == (0, "The next worker starts from the earliest events.\n")


def test_dead_letters_read_again_after_reset_count_as_redriven(
    retention, kafka, broker_calls, make_topics, unique
):
    make_topics("orders", "retention.dead-letters")
    broker_calls.produce(*[("orders", 0, None, b"{", [])] * 2)
    for offset in (0, 1, 2):  # the third is beyond the end of the input
        rejection = Rejection("not_json", "m", "orders", 0, offset)
        headers = encode(rejection, datetime.now(UTC))
        broker_calls.produce(("retention.dead-letters", 0, None, b"{", headers))
    options = {"broker": kafka, "group": unique}
    assert "3 dead letters, 3 not redriven" in retention("dead-letters", "list", broker=kafka).err
    result = retention("reset", "--yes", **options)
    assert "marked 2 dead letters as redriven: the next worker reads them again" in result.out
    assert "3 dead letters, 1 not redriven" in retention("dead-letters", "list", broker=kafka).err


def raising(error):
    raise error


def test_reset_that_is_not_confirmed_changes_nothing(
    retention, kafka, broker_calls, make_topics, unique, monkeypatch
):
    make_topics(*Names(unique).internal)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    result = retention("reset", broker=kafka, group=unique)
    assert result.code == 1
    assert f"topic {unique}-facts" in result.err
    assert result.err.endswith("retention: nothing was changed\n")
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: raising(KeyboardInterrupt))
    result = retention("reset", broker=kafka, group=unique)
    assert (result.code, result.err[-23:]) == (130, "retention: interrupted\n")
    assert set(broker_calls.topics()) == set(Names(unique).internal)


def test_reset_with_running_workers_is_refused(retention, kafka, broker_calls, make_topics, unique):
    make_topics(*Names(unique).internal, "orders")
    broker_calls.produce(("orders", 0, b"k", b"v", []))

    async def go():
        async with consuming(kafka, unique):
            return await asyncio.to_thread(retention, "reset", broker=kafka, group=unique)

    result = asyncio.run(go())
    assert result.code == 6
    assert f"group {unique} has 1 running worker\n" in result.err
    assert set(broker_calls.topics()) == {*Names(unique).internal, "orders"}


def test_missing_broker_is_one_line(retention):
    assert retention("reset", "--yes", broker="127.0.0.1:1").code == 3
