"""`retention simulate`, to files and to a real Kafka."""

import asyncio
import gzip
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.cli.group import run
from streams.config.load import load
from streams.kafka import topics
from streams.partitioner import tasks_of
from streams.simulator import simulate, topic_of
from streams.simulator.live import Plan, play
from streams.simulator.writers import to_kafka

START = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2026, 6, 1, tzinfo=UTC)
PARTITIONS = 3


@pytest.fixture
def settings(empty_kafka):
    return load({"broker": empty_kafka.bootstrap, "partitions": str(PARTITIONS)})


async def ends(bootstrap):
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        await consumer.topics()
        partitions = [TopicPartition(topic, index) for topic in topics.INPUTS for index in range(PARTITIONS)]
        return await consumer.end_offsets(partitions)


async def read(bootstrap, since):
    """Every record of the input topics from the offsets `since` on."""
    records = []
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        upto = await consumer.end_offsets(list(since))
        consumer.assign(list(since))
        for partition, offset in since.items():
            consumer.seek(partition, offset)
        while sum(upto.values()) - sum(since.values()) > len(records):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records += batch
    return records


async def write(settings, plan, key="customer"):
    """Play `plan` into Kafka and read it back."""
    async with to_kafka(settings, key) as to:
        before = await ends(settings.broker)
        await play(plan, to, lambda _: None)
    return await read(settings.broker, before)


async def test_history_arrives_whole_in_its_topics_keyed_by_customer(settings):
    plan = Plan(start=START, end=END, customers=200)
    records = await write(settings, plan)
    expected = list(simulate(1, START, END, 200))
    assert Counter(record.value for record in records) == Counter(map(msgspec.json.encode, expected))
    for record in records:
        event = msgspec.json.decode(record.value)
        assert record.topic == topic_of(event)
        assert record.key == event["customer_id"].encode()
        assert record.partition == tasks_of([record.key], PARTITIONS)[0]


async def test_within_a_partition_a_customers_events_are_in_order(settings):
    last = defaultdict(str)
    for record in await write(settings, Plan(start=START, end=END, customers=100, seed=2)):
        event = msgspec.json.decode(record.value)
        key = (record.topic, record.partition)
        assert last[key] < event["time"]
        last[key] = event["time"]


async def test_other_keys_scatter_a_customers_events(settings):
    plan = Plan(start=START, end=END, customers=100, seed=3)
    assert {record.key for record in await write(settings, plan, "none")} == {None}
    by_event = await write(settings, plan, "event")
    assert all(record.key == msgspec.json.decode(record.value)["id"].encode() for record in by_event)
    partitions = defaultdict(set)
    for record in by_event:
        partitions[msgspec.json.decode(record.value)["customer_id"]].add(record.partition)
    assert max(map(len, partitions.values())) == PARTITIONS


async def test_garbage_is_sent_in_addition_to_valid_events(settings):
    records = await write(settings, Plan(start=START, end=END, customers=100, seed=4, garbage=0.1))
    good = Counter(map(msgspec.json.encode, simulate(4, START, END, 100)))
    values = Counter(record.value for record in records)
    assert good <= values
    assert 0.05 < (values - good).total() / good.total() < 0.2


async def test_live_events_are_never_sent_early():
    """History first, then a rush: the clock is the wall's."""
    early, live, seen = [], [], []

    async def to(records):
        now = time.time()
        for record in records:
            event = msgspec.json.decode(record.value)
            at = datetime.fromisoformat(event["time"]).timestamp()
            early.append(at > now)
            if at > began:
                live.append(event)

    began = time.time()
    start = datetime.now(UTC) - timedelta(days=60)
    task = asyncio.create_task(play(Plan(start=start, customers=100, rate=50.0), to, seen.append))
    async with asyncio.timeout(60):
        while len(live) <= 20:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    task.cancel()
    assert not any(early)
    assert len(live) < 100 + 100 * (time.time() - began), "twice its rate, and no backlog at once"
    assert seen[-1].live


async def test_paced_play_waits_for_keep_up():
    now = datetime.now(UTC)
    paced = now - timedelta(days=20)
    plan = Plan(start=now - timedelta(days=50), paced_from=paced, customers=500, speed=100 * 86_400)
    reached, sent = [], []

    async def to(records):
        sent.extend(msgspec.json.decode(record.value)["time"] for record in records)

    async def keep_up(latest):
        assert latest == datetime.fromisoformat(sent[-1]).timestamp()
        reached.append(latest)
        if len(reached) == 1:
            assert max(sent) < paced.isoformat(), "nothing of what comes after"
            await asyncio.sleep(1)

    live = asyncio.Event()
    playing = asyncio.create_task(
        play(plan, to, lambda progress: progress.live and live.set(), keep_up=keep_up)
    )
    await asyncio.wait_for(live.wait(), 60)
    playing.cancel()
    assert reached == sorted(reached)
    leap = 100 * 86_400 * 0.5
    assert all(later - earlier <= leap for earlier, later in pairwise(reached)), "nothing is made up for"
    assert max(sent) > (now - timedelta(days=1)).isoformat()


async def test_play_does_not_wait_when_no_events_are_due():
    now = datetime.now(UTC)
    plan = Plan(
        start=now - timedelta(days=90), paced_from=now - timedelta(days=60), customers=30, speed=30 * 86_400
    )
    sent = []

    async def to(records):
        sent.extend(datetime.fromisoformat(msgspec.json.decode(r.value)["time"]).timestamp() for r in records)

    async def keep_up(latest):
        assert latest <= max(sent)

    live = asyncio.Event()
    playing = asyncio.create_task(
        play(plan, to, lambda progress: progress.live and live.set(), keep_up=keep_up)
    )
    done = asyncio.create_task(live.wait())
    await asyncio.wait({playing, done}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    assert live.is_set(), playing
    playing.cancel()


async def test_speed_paces_the_history():
    now = datetime.now(UTC)
    plan = Plan(start=now - timedelta(days=50), customers=100, speed=10 * 86_400)  # ten days a second
    times = []

    async def to(records):
        times.extend(msgspec.json.decode(record.value)["time"] for record in records)

    began = time.monotonic()
    task = asyncio.create_task(play(plan, to, lambda _: None))
    async with asyncio.timeout(60):
        while not times or datetime.fromisoformat(times[-1]) - plan.start < timedelta(days=10):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    task.cancel()
    reached = datetime.fromisoformat(times[-1]) - plan.start
    assert reached < timedelta(days=10 * (time.monotonic() - began))


def test_file_of_one_seed_has_the_same_bytes(tmp_path):
    files = [tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz"]
    for file in files:
        arguments = [
            "--customers",
            "50",
            "--start",
            "2026-01-01",
            "--end",
            "2026-02-01T12:00:00Z",
            "--out",
            str(file),
        ]
        assert run(["simulate", *arguments]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    events = [msgspec.json.decode(line) for line in gzip.decompress(files[0].read_bytes()).splitlines()]
    assert events == list(
        simulate(1, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, 12, tzinfo=UTC), 50)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--end", "2999-01-01"], "later than now"),
        (["--start", "2026-02-01", "--end", "2026-01-01"], "opens after the end"),
        (["--start", "tomorrow"], "not a time"),
        (["--since", "soon"], "not a time"),
        (["--scenario", "zombies"], "support-backlog"),
    ],
)
def test_invalid_flags_are_named(arguments, message, capsys):
    assert run(["simulate", "--out", "-", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_full_disk_is_named_with_its_file(capsys):
    arguments = ["--customers", "5", "--end", "2026-06-01T00:00:00Z", "--out", "/dev/full"]
    assert run(["simulate", *arguments]) == 1
    assert "retention: /dev/full: No space left on device" in capsys.readouterr().err


def test_missing_kafka_is_an_error(capsys):
    assert run(["simulate", "--broker", "127.0.0.1:1", "--customers", "5"]) == 3
    assert "no Kafka responds at 127.0.0.1:1" in capsys.readouterr().err


def test_simulate_to_a_topic_that_is_no_input_sends_nothing(tmp_path, empty_kafka, capsys):
    config = tmp_path / "retention.toml"
    config.write_text('[[inputs]]\ntopic = "shop.orders"\nkind = "orders"\n')
    assert (
        run(["simulate", "--end", "2026-06-01", "--broker", empty_kafka.bootstrap, "--config", str(config)])
        == 2
    )
    error = capsys.readouterr().err
    assert "no worker reads the events of orders, to which the simulated shop sends them; nothing" in error
    assert 'add [[inputs]] with topic = "orders", kind = "orders"' in error
