"""The commands of docker-compose.yml in the real programs, hardened as their containers are."""

import asyncio
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from prometheus.thresholds import THRESHOLDS as T
from streams.local.kafka import DEFAULT_SETTINGS
from streams.local.kafka_runtime import java_command
from tests.support.compose_file import ROOT, SERVICES
from tests.support.hardened import hardened


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running(command, log, *writable):
    """A real program, hardened as in Compose, while the block lasts; its log is the message of a failure."""
    with (
        log.open("wb") as out,
        subprocess.Popen(hardened(command, *writable), stdout=out, stderr=out) as process,
    ):
        try:
            yield process
        except Exception as error:
            raise AssertionError(log.read_text(errors="replace")[-3000:]) from error
        finally:
            process.terminate()


def eventually(ask, process, seconds=30):
    """Return the result of `ask` when it no longer raises OSError."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


@pytest.mark.program("redis-server")
def test_redis_accepts_its_command_and_health_check(tmp_path):
    port = free_port()
    program, *flags = SERVICES["redis"]["command"]
    with running([program, *flags, "--port", str(port), "--bind", "127.0.0.1"], tmp_path / "log") as redis:
        _, client, *ask = SERVICES["redis"]["healthcheck"]["test"]

        def ping():
            done = subprocess.run(
                [client, "-p", str(port), *ask], capture_output=True, text=True, check=False
            )
            if done.returncode or "PONG" not in done.stdout:
                raise OSError(done.stderr)
            return done.stdout

        assert "PONG" in eventually(ping, redis)


@pytest.mark.program("prometheus")
def test_prometheus_accepts_its_command_and_serves_the_runbook(tmp_path):
    port, flags = free_port(), SERVICES["prometheus"]["command"]
    (tmp_path / "rules").symlink_to(ROOT / "prometheus" / "rules")
    (tmp_path / "user").symlink_to(ROOT / "prometheus" / "user")
    shutil.copy(ROOT / "prometheus" / "prometheus.yml", tmp_path)
    moved = [
        flag.replace("=/etc/prometheus", f"={tmp_path}").replace("=/prometheus", f"={tmp_path}/data")
        for flag in flags
    ]
    (tmp_path / "data").mkdir()
    command = ["prometheus", *moved, f"--web.listen-address=127.0.0.1:{port}"]
    with running(command, tmp_path / "log", tmp_path / "data") as server:
        health = SERVICES["prometheus"]["healthcheck"]["test"][-1].replace("9090", str(port))
        assert "Ready" in eventually(lambda: get(health), server)
        page = get(f"{T['links']['runbook'].replace('9090', str(port))}")
        assert 'id="retentionchurnrising"' in page
        assert "RetentionChurnRising" in get(f"http://127.0.0.1:{port}/api/v1/rules")


@pytest.mark.program("prometheus-alertmanager|alertmanager")
def test_alertmanager_accepts_its_command(tmp_path):
    port = free_port()
    program = shutil.which("prometheus-alertmanager") or "alertmanager"
    moved = [
        flag.replace("=/etc/alertmanager", f"={ROOT}/prometheus").replace(
            "=/alertmanager", f"={tmp_path}/data"
        )
        for flag in SERVICES["alertmanager"]["command"]
    ]
    (tmp_path / "data").mkdir()
    command = [program, *moved, f"--web.listen-address=127.0.0.1:{port}"]
    with running(command, tmp_path / "log", tmp_path / "data") as server:
        health = SERVICES["alertmanager"]["healthcheck"]["test"][-1].replace("9093", str(port))
        assert "OK" in eventually(lambda: get(health), server)


def kafka_properties(data):
    """What the image makes of its environment, with this machine's ports and names."""
    environment = SERVICES["kafka"]["environment"]
    named = {
        key.removeprefix("KAFKA_").lower().replace("_", "."): value
        for key, value in environment.items()
        if key.startswith("KAFKA_") and key != "KAFKA_HEAP_OPTS"
    }
    ports = {port: str(free_port()) for port in ("19092", "9092", "9093")}
    for key, value in named.items():
        moved = re.sub(r":(19092|9092|9093)\b", lambda match: f":{ports[match[1]]}", value)
        named[key] = moved.replace("//kafka:", "//127.0.0.1:").replace("/var/lib/kafka/data", str(data))
    return named, ports


async def sent(port):
    """Send a record as our programs do, with zstd, and through a topic that they would make."""
    address = f"127.0.0.1:{port}"
    async with asyncio.timeout(30):
        client = AIOKafkaAdminClient(bootstrap_servers=address)
        await client.start()
        try:
            await client.create_topics([NewTopic("orders", 1, 1)])
        finally:
            await client.close()
        async with AIOKafkaProducer(
            bootstrap_servers=address, compression_type="zstd", enable_idempotence=True
        ) as producer:
            await producer.send_and_wait("orders", b"{}")


@pytest.mark.kafka
def test_kafka_accepts_its_settings_and_large_records(tmp_path):
    named, ports = kafka_properties(tmp_path / "data")
    config = tmp_path / "server.properties"
    config.write_text("".join(f"{key}={value}\n" for key, value in named.items()))
    (options,) = (mount.partition(":")[2] for mount in SERVICES["kafka"]["tmpfs"] if mount.startswith("/tmp"))
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    java = java_command(f"-Djava.io.tmpdir={scratch}")
    cluster = SERVICES["kafka"]["environment"]["CLUSTER_ID"]
    command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(config)]
    formatted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert formatted.returncode == 0, formatted.stderr
    command = [*java, "kafka.Kafka", str(config)]
    with running(command, tmp_path / "log", tmp_path / "data", f"{scratch}:{options}") as broker:
        for outside in (ports["9092"], ports["19092"]):
            eventually(
                lambda port=outside: socket.create_connection(("127.0.0.1", int(port)), 1).close(), broker
            )
        asyncio.run(sent(ports["9092"]))


def test_kafka_settings_equal_those_of_the_embedded_one():
    named, _ = kafka_properties("")
    for key in (
        "auto.create.topics.enable",
        "log.retention.ms",
        "message.max.bytes",
        "replica.fetch.max.bytes",
    ):
        assert named[key] == DEFAULT_SETTINGS[key]
