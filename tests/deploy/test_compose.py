"""docker-compose.yml without an engine: its schema, our rules, and each command in the real program."""

import asyncio
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from prometheus.thresholds import THRESHOLDS as T
from streams.config.load import SETTINGS
from streams.local.kafka import DEFAULT_SETTINGS
from streams.local.kafka_runtime import java_command
from tests.support.hardened import hardened

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = {"worker", "shop"}
each_service = pytest.mark.parametrize("name", SERVICES)


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


@pytest.mark.program("docker-compose")
def test_compose_file_is_valid():
    result = subprocess.run(
        ["docker-compose", "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_services_are_the_expected_ones():
    assert set(SERVICES) == {"kafka", "redis", "worker", "shop", "prometheus", "alertmanager", "grafana"}
    assert SERVICES["worker"]["scale"] == 2
    assert "container_name" not in SERVICES["worker"]


@each_service
def test_image_is_pinned_by_version(name):
    assert re.search(r":v?\d+\.\d+\.\d+(-\w+)?$", SERVICES[name]["image"])


@each_service
def test_service_is_hardened(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0:", "root"))
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["pids_limit"]
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"]["max-size"]


@each_service
def test_ports_are_bound_to_loopback_only(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@each_service
def test_service_has_a_health_check(name):
    check = SERVICES[name].get("healthcheck")
    assert check or name in OURS  # the image's own
    if name != "shop" and check:
        assert check["test"][0] in {"CMD", "CMD-SHELL"}
        assert check["interval"]


@each_service
def test_service_starts_after_its_healthy_dependencies(name):
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] == "service_healthy"
        assert "disable" not in SERVICES[needed].get("healthcheck", {})


def test_workers_start_before_the_shop():
    assert set(SERVICES["worker"]["depends_on"]) == {"kafka", "redis"}
    assert set(SERVICES["shop"]["depends_on"]) == {"worker"}


@each_service
def test_mounts_exist_and_are_read_only_and_volumes_are_declared(name):
    for mount in SERVICES[name].get("volumes", []):
        source, _, mode = mount.split(":")[0], mount.split(":")[1], mount.split(":")[2:]
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


@each_service
def test_retention_settings_exist(name):
    known = {setting.variable for setting in SETTINGS.values()}
    if name in OURS:
        assert SERVICES[name]["environment"].keys() <= known


def test_worker_settings_name_the_kafka_and_redis_services():
    environment = SERVICES["worker"]["environment"]
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert f"INSIDE://{environment['RETENTION_BROKER']}" in advertised
    assert environment["RETENTION_REDIS"].startswith("redis://redis:6379")


def test_worker_without_a_token_is_reached_locally_only():
    assert SERVICES["worker"]["environment"]["RETENTION_OPEN"] == "true"
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["worker"]["ports"])


@pytest.mark.parametrize("name", sorted(OURS))
def test_retention_commands_exist_with_their_options(name):
    retention = shutil.which("retention") or ROOT / ".venv" / "bin" / "retention"
    command, *options = SERVICES[name]["command"]
    result = subprocess.run(
        [retention, command, *options, "--no-such-option"], capture_output=True, text=True, check=False
    )
    assert "No such option" in result.stderr
    assert "--no-such-option" in result.stderr


def test_addresses_of_scraping_and_data_source_exist():
    config = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    (job,) = [job for job in config["scrape_configs"] if job["job_name"] == T["scrape"]["job"]]
    (discovery,) = job["dns_sd_configs"]
    assert discovery["names"] == ["worker"]
    assert SERVICES["worker"]["ports"][0].endswith(f":{discovery['port']}")
    sources = yaml.safe_load((ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text())
    for source in sources["datasources"]:
        service, port = re.fullmatch(r"http://(\w+):(\d+)", source["url"]).groups()
        assert SERVICES[service]["ports"][0].endswith(f":{port}")


def test_dashboards_are_mounted_at_the_provisioned_path():
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/retention.yml").read_text())
    path = provider["providers"][0]["options"]["path"]
    assert f"./grafana/dashboards:{path}:ro" in SERVICES["grafana"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "grafana" / "dashboards" / Path(home).relative_to(path)).exists()


def test_alert_links_are_served_by_a_service():
    ports = {name: SERVICES[name]["ports"][0].rsplit(":", 1)[0] for name in ("grafana", "prometheus")}
    assert T["links"]["grafana"] == f"http://{ports['grafana']}"
    assert T["links"]["runbook"].startswith(f"http://{ports['prometheus']}/user/")


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
