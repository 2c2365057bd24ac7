"""`retention doctor`: each problem is reported with its correction, against a real Kafka."""

import asyncio
import shutil
import socket
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.structs import TopicPartition
from redis import Redis

from models.partition.metadata import ClockJump
from streams.config.load import load
from streams.kafka.topics import ensure, required
from streams.local.redis import RedisServer
from streams.rollup.protocol import Tick
from tests.support.cli_calls import visible

_DEAD_LETTER = {
    "reason": "not_json",
    "message": "truncated",
    "topic": "orders",
    "partition": "0",
    "offset": "1",
}


@pytest.fixture
def prepare(kafka, unique, monkeypatch, free):
    """Make all topics as a worker does, except for those that are there already; settings to match."""
    settings = {"BROKER": kafka, "GROUP": unique, "TOPIC_PREFIX": unique, "PARTITIONS": "2"}
    for name, value in {**settings, "PORT": str(free)}.items():
        monkeypatch.setenv(f"RETENTION_{name}", value)

    def make(*first):
        async def go(admin):
            await admin.create_topics(list(first))
            await visible(admin, [topic.name for topic in first])
            await ensure(admin, required(unique, 2, prefix=unique), replication=1)

        with_admin(kafka, go)
        return unique

    return make


@pytest.fixture
def healthy(prepare):
    return prepare()


@pytest.fixture
def free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def with_admin(bootstrap, act):
    async def go():
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            return await act(admin)
        finally:
            await admin.close()

    return asyncio.run(go())


def test_new_installation_has_no_findings(retention, healthy):
    result = retention("doctor")
    assert result.code == 0, result.out
    assert "ok    Kafka answers at 127.0.0.1:" in result.out
    assert "ok    all topics exist" in result.out
    assert "ok    all records are read" in result.out
    assert f"warn  no worker of group {healthy} is running" in result.out
    assert "start one with `retention worker`" in result.out
    assert "fail" not in result.out


@pytest.mark.usefixtures("healthy")
def test_settings_show_their_source_and_no_secrets(retention):
    result = retention("doctor", "--port", "0", redis="redis://me:secret@localhost:1/0")
    lines = [line for line in result.out.splitlines() if line.startswith("RETENTION_")]
    settings = {name: value.lstrip() for name, _, value in (line.partition(" ") for line in lines)}
    assert settings["RETENTION_PORT"] == "0  (flag --port)"
    assert settings["RETENTION_CLOCK"] == "wall  (default)"
    assert settings["RETENTION_PARTITIONS"] == "2  (environment RETENTION_PARTITIONS)"
    assert len({line.index(settings[line.split()[0]]) for line in lines}) == 1, "all in one column"
    assert "redis://me:***@localhost:1/0" in result.out
    assert "secret" not in result.out
    assert "warn  Redis at redis://localhost:1 does not accept the read model" in result.out


@pytest.mark.parametrize("name", ["shop", "User:", ":shop"])
def test_rights_are_printed_for_the_principal(retention, name):
    result = retention("doctor", "--setup", "commands", "--principal", name)
    assert result.code == 2
    assert f"{name!r} is not a Kafka principal" in result.err


def test_missing_broker_fails_with_advice(retention):
    result = retention("doctor", broker="127.0.0.1:1")
    assert result.code == 1
    assert "on port 1)\n      start one with `retention broker`" in result.out


def test_missing_topics_are_named(retention, kafka):
    result = retention("doctor", broker=kafka)
    assert result.code == 0
    assert (
        "warn  missing topics: orders, refunds, tickets, reviews, customers, retention-facts, " in result.out
    )


def test_a_changed_partition_count_fails(retention, healthy):
    result = retention("doctor", "--partitions", "3")
    assert result.code == 1
    assert f"fail  topic {healthy}-facts has 2 partitions where 3 are expected" in result.out
    assert f"topic {healthy}-partials has" not in result.out
    assert "topic orders has" not in result.out


@pytest.mark.parametrize(
    ("topic", "config", "level", "message"),
    [
        ("{}-customers-changelog", {"cleanup.policy": "delete"}, "fail", "is deleted by age or size"),
        ("{}-customers-changelog", {"cleanup.policy": "compact,delete"}, "fail", "is deleted by age or size"),
        ("{}-facts", {"cleanup.policy": "compact"}, "fail", "is compacted"),
        ("{}-customers-changelog", {"cleanup.policy": "compact", "max.message.bytes": "1000000"}, "warn",
         "accepts records of at most 1000000 bytes"),
        ("orders", {"cleanup.policy": "compact"}, "fail", "the input orders is compacted"),
        ("orders", {"retention.ms": "604800000"}, "warn",
         "the input orders keeps events for 7 days; the horizon is 800"),
    ],
)  # fmt: skip
def test_wrong_topic_configuration_is_reported(retention, prepare, unique, topic, config, level, message):
    prepare(NewTopic(topic.format(unique), 2, 1, topic_configs=config))
    result = retention("doctor")
    assert message in result.out
    assert f"{level}  " in result.out
    assert result.code == (level == "fail")


def test_times_of_producers_in_partials_are_reported(retention, prepare, unique):
    """An earlier release created the topic. Workers cannot compare their clocks with Kafka's by it."""
    prepare(NewTopic(f"{unique}-partials", 1, 1))
    result = retention("doctor")
    assert f"warn  {unique}-partials has the times of its producers" in result.out


def test_workers_and_their_lag_are_shown(retention, healthy, kafka, broker_calls):
    dead_letter_headers = [(f"retention.error.{key}", value.encode()) for key, value in _DEAD_LETTER.items()]
    broker_calls.produce(
        *[("orders", 0, b"k", b"v", [])] * 5,
        (f"{healthy}.dead-letters", 0, b"k", b"v", dead_letter_headers),
    )

    async def go():
        consumer = AIOKafkaConsumer(
            "orders",
            bootstrap_servers=kafka,
            group_id=healthy,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            await consumer.getone()
            await consumer.commit({TopicPartition("orders", 0): 2})
            return await asyncio.to_thread(retention, "doctor")
        finally:
            await consumer.stop()

    result = asyncio.run(go())
    assert result.code == 0
    assert f"ok    1 worker of group {healthy} on 127.0.0.1: Stable" in result.out
    assert "not read yet: 3 of orders\n" in result.out
    assert "warn  1 dead letter not redriven" in result.out


def test_clock_jump_and_limits_of_the_latest_tick_are_named(retention, healthy, broker_calls, monkeypatch):
    monkeypatch.setenv("RETENTION_CLOCK", "event")
    jump = ClockJump("orders", 1, 17, 0, 40 * 86_400_000_000)
    beyond = [("a\x1b", None), ("b", "x")]
    ticks = [Tick(1, 1, 0, 0, 0), Tick(2, 1, 0, 0, 0, clock_jump=jump, beyond=beyond)]
    broker_calls.produce(*((f"{healthy}-ticks", 0, None, msgspec.msgpack.encode(tick), []) for tick in ticks))
    result = retention("doctor")
    assert "warn  the record at offset 17 of orders-1 moved the clock by 40 days" in result.out
    assert "warn  experiments and variants beyond the limits" in result.out
    assert r"count as `other` (2): 'a\x1b', 'b'='x'" in result.out
    assert result.code == 0


def test_mapping_that_did_not_make_the_state_is_named(
    retention, healthy, broker_calls, monkeypatch, tmp_path
):
    config = tmp_path / "retention.toml"
    config.write_text('[[inputs]]\ntopic = "orders"\nkind = "orders"\n')
    monkeypatch.setenv("RETENTION_CONFIG", str(config))
    tick = Tick(1, 1, 0, 0, 0, mappings={"orders": ("another",), "elsewhere": ("x",)})
    broker_calls.produce((f"{healthy}-ticks", 0, None, msgspec.msgpack.encode(tick), []))
    result = retention("doctor")
    assert "warn  records of orders were counted by another mapping than the present one" in result.out
    assert "`retention reset` reads all records again" in result.out
    assert result.code == 0


def test_derived_topics_of_another_group_fail(retention, healthy, broker_calls, monkeypatch):
    mark = [("retention.group", healthy.encode())]
    broker_calls.produce((f"{healthy}.metrics", 0, b"key", b"{}", mark))
    monkeypatch.setenv("RETENTION_GROUP", f"{healthy}-other")
    result = retention("doctor")
    assert f"fail  the topics {healthy}.* belong to group {healthy}" in result.out
    assert result.code == 1


def test_records_removed_before_they_were_read_fail(retention, healthy, kafka, broker_calls):
    broker_calls.produce(*[("orders", 0, b"k", b"v", [])] * 5)

    async def go():
        consumer = AIOKafkaConsumer(
            "orders", bootstrap_servers=kafka, group_id=healthy, auto_offset_reset="earliest"
        )
        await consumer.start()
        await consumer.getone()
        await consumer.commit({TopicPartition("orders", 0): 1})
        await consumer.stop()

    asyncio.run(go())
    with_admin(kafka, lambda admin: admin.delete_records({TopicPartition("orders", 0): RecordsToDelete(4)}))
    result = retention("doctor")
    assert result.code == 1
    assert "fail  3 records of orders were deleted by its retention before they were read" in result.out


@pytest.mark.usefixtures("healthy")
def test_misspelt_variable_is_reported(retention):
    result = retention("doctor", partition="4")
    assert (
        "warn  the variable RETENTION_PARTITION is not a setting\n      did you mean RETENTION_PARTITIONS?\n"
        in result.out
    )
    assert "RETENTION_PARTITION" not in result.err  # once is enough


@pytest.mark.usefixtures("healthy")
def test_port_in_use_is_reported(retention):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = retention("doctor", port=taken.getsockname()[1])
    assert "cannot bind port" in result.out


@pytest.mark.usefixtures("healthy")
def test_a_directory_that_cannot_be_made_fails(retention, tmp_path):
    (tmp_path / "file").touch()
    result = retention("doctor", data_dir=tmp_path / "file" / "data")
    assert result.code == 1
    assert f"fail  {tmp_path / 'file'} is not writable" in result.out


def test_doctor_changes_nothing(retention, kafka, broker_calls):
    retention("doctor", broker=kafka)
    assert broker_calls.topics() == {}
    assert load({}, {}).broker == "127.0.0.1:9092"


@pytest.mark.program("redis-server|valkey-server")
def test_redis_that_evicts_keys_is_a_warning(retention, healthy, tmp_path):
    program = Path(shutil.which("redis-server") or shutil.which("valkey-server") or "")
    with RedisServer(program, tmp_path / "redis") as server, Redis(port=server.port) as redis:
        name = f"Redis at redis://127.0.0.1:{server.port}"
        assert f"ok    {name} answers" in retention("doctor", redis=server.url, group=healthy).out
        redis.config_set("maxmemory-policy", "allkeys-lru")
        redis.config_set("maxmemory", "100mb")
        assert f"warn  {name} evicts keys" in retention("doctor", redis=server.url, group=healthy).out


@pytest.mark.usefixtures("healthy")
def test_a_schema_registry_that_does_not_answer_fails(retention):
    result = retention("doctor", schema_registry="http://127.0.0.1:1")
    assert result.code == 1
    assert "fail  the schema registry at http://127.0.0.1:1 is not available (" in result.out


def test_open_transaction_is_named_with_its_place(retention, healthy, kafka):
    async def go():
        producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=healthy)
        async with producer:
            await producer.begin_transaction()
            await producer.send_and_wait("orders", b"{}", partition=0)
            opened = await asyncio.to_thread(retention, "doctor")
            await producer.abort_transaction()
        return opened, await asyncio.to_thread(retention, "doctor")

    opened, ended = asyncio.run(go())
    assert "warn  a transaction of a producer is open at offset " in opened.out
    assert " of partition 0 of orders, and holds up 1 record" in opened.out
    assert "kafka-transactions.sh find-hanging" in opened.out
    assert "a transaction of a producer is open" not in ended.out
