"""docker-compose.yml without an engine: its schema, and the rules of this project."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from prometheus.thresholds import THRESHOLDS as T
from streams.config.load import SETTINGS
from tests.support.compose_file import COMPOSE, ROOT, SERVICES

WORKERS = {"worker", "more-workers"}
ENDING = {"history", "history-import"}
OURS = WORKERS | {"shop", "history"}
#: Services without a port for health checks.
SILENT = {"shop", *ENDING}
#: Directories for which an image declares a volume: Docker makes an anonymous one where nothing is mounted.
IMAGE_VOLUMES = {
    "apache/kafka": {"/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"},
    "redis": {"/data"},
    "prom/prometheus": {"/prometheus"},
    "prom/alertmanager": {"/alertmanager"},
}
each_service = pytest.mark.parametrize("name", SERVICES)


def seconds(duration):
    units = {"s": 1, "m": 60}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([sm])", duration))


@pytest.mark.program("docker-compose")
def test_compose_file_is_valid():
    result = subprocess.run(
        ["docker-compose", "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_services_are_the_expected_ones():
    assert set(SERVICES) == OURS | ENDING | {"kafka", "redis", "prometheus", "alertmanager", "grafana"}


def test_one_worker_has_the_port_and_the_others_none():
    assert SERVICES["worker"]["ports"] == ["127.0.0.1:6066:6066"]
    assert "scale" not in SERVICES["worker"]
    assert SERVICES["more-workers"]["scale"] == 1
    assert not SERVICES["more-workers"].keys() & {"ports", "container_name"}
    same = SERVICES["worker"].keys() - {"ports"}
    assert {key: SERVICES["worker"][key] for key in same} == {
        key: SERVICES["more-workers"][key] for key in same
    }


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
    assert service["restart"] == ("on-failure" if name in ENDING else "unless-stopped")
    assert service["logging"]["options"]["max-size"]


@each_service
def test_ports_are_bound_to_loopback_only(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@each_service
def test_service_has_a_health_check(name):
    check = SERVICES[name].get("healthcheck")
    if name in WORKERS:
        assert check is None  # the image's own
    elif name in SILENT:
        assert check == {"disable": True}
    else:
        assert check["test"][0] == "CMD"
        assert seconds(check["timeout"]) >= 10
        assert seconds(check["start_period"]) >= 600


def test_health_of_kafka_starts_no_jvm():
    [program, *_, code] = SERVICES["kafka"]["healthcheck"]["test"][1:]
    assert program == "bash"
    [port] = re.findall(r"/dev/tcp/127\.0\.0\.1/(\d+)", code)
    assert f"//kafka:{port}," in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]


@each_service
def test_service_starts_after_its_healthy_dependencies(name):
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] == "service_healthy"
        assert "disable" not in SERVICES[needed].get("healthcheck", {})


@each_service
def test_temporary_directory_belongs_to_the_user_of_the_service(name):
    user, group = SERVICES[name]["user"].split(":")
    for mount in SERVICES[name]["tmpfs"]:
        options = mount.partition(":")[2].split(",")
        assert {f"uid={user}", f"gid={group}"} <= set(options), mount


@each_service
def test_no_volume_is_anonymous(name):
    image = SERVICES[name]["image"].partition(":")[0]
    mounted = [mount.split(":")[1] for mount in SERVICES[name].get("volumes", [])]
    mounted += [mount.partition(":")[0] for mount in SERVICES[name]["tmpfs"]]
    assert IMAGE_VOLUMES.get(image, set()) <= set(mounted)


def test_redis_without_a_password_is_reached_by_workers_only():
    command = " ".join(SERVICES["redis"]["command"])
    assert "--protected-mode no" in command
    assert COMPOSE["networks"]["read-model"]["internal"] is True
    assert "ports" not in SERVICES["redis"]
    assert SERVICES["redis"]["networks"] == ["read-model"]
    assert {name for name in SERVICES if "read-model" in SERVICES[name].get("networks", [])} == {
        "redis",
        *WORKERS,
    }


def test_history_is_that_of_the_shop():
    _, *live = SERVICES["shop"]["command"]
    options = dict(zip(live[::2], live[1::2], strict=True))
    del options["--rate"]  # of the live events
    [script] = SERVICES["history"]["command"]
    [simulate] = re.findall(r"retention simulate (.*)", script.replace("\\\n", ""))
    named = dict(re.findall(r"(--[a-z-]+) (\"[^\"]*\"|\S+)", simulate))
    assert named.pop("--end").startswith('"$$(date')
    assert named.pop("--out") == "history/shop.jsonl.gz"
    assert named == options
    for name in OURS:
        assert SERVICES[name]["environment"]["RETENTION_CONFIG"] == "/etc/retention/shop.toml"


def test_image_can_be_built_behind_a_mirror():
    for name in OURS:
        assert set(SERVICES[name]["build"]["args"]) == {"PYTHON_IMAGE", "PIP_INDEX_URL"}


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
        assert SERVICES[name]["environment"].keys() <= known | {"TMPDIR"}


def test_worker_settings_name_the_kafka_and_redis_services():
    environment = SERVICES["worker"]["environment"]
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert f"INSIDE://{environment['RETENTION_BROKER']}" in advertised
    assert environment["RETENTION_REDIS"].startswith("redis://redis:6379")


def test_worker_without_a_token_is_reached_locally_only():
    assert SERVICES["worker"]["environment"]["RETENTION_OPEN"] == "true"
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["worker"]["ports"])


def retention_commands():
    """Yield each command line of `retention`, without the shell's expansions."""
    for name in sorted(WORKERS | {"shop"}):
        yield SERVICES[name]["command"]
    [script] = SERVICES["history"]["command"]
    script = re.sub(r'"\$\$\(.*?\)"', "2026-06-01T00:00:00Z", script.replace("\\\n", ""))
    yield from (line.split()[1:] for line in script.splitlines() if line.startswith("retention "))


@pytest.mark.parametrize("command", list(retention_commands()), ids=lambda command: command[0])
def test_retention_commands_exist_with_their_options(command):
    retention = shutil.which("retention") or ROOT / ".venv" / "bin" / "retention"
    command, *options = command
    result = subprocess.run(
        [retention, command, *options, "--no-such-option"], capture_output=True, text=True, check=False
    )
    assert "No such option" in result.stderr
    assert "--no-such-option" in result.stderr


def test_addresses_of_scraping_and_data_source_exist():
    config = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    (job,) = [job for job in config["scrape_configs"] if job["job_name"] == T["scrape"]["job"]]
    (discovery,) = job["dns_sd_configs"]
    for name in WORKERS:
        assert SERVICES[name]["networks"]["default"]["aliases"] == discovery["names"]
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
