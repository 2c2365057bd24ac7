"""docker-compose.yml in a real engine, on a busy machine, from the first start to the removal."""

import json
import os
import re
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
import yaml

from streams.local.ports import free_port
from tests.support.container_engine import Project, call, docker, eventually, volumes

#: Customers of the shop: enough for numbers in every window.
CUSTOMERS = os.environ.get("CUSTOMERS", "2000")
#: Containers that only use the processor while the services start.
BUSY = int(os.environ.get("BUSY", "4"))
ENDING = {"history", "history-import"}
WAITING = 1200


def with_free_ports(compose):
    """Replace the ports on this machine, which other programs may use, and return port -> its replacement."""
    ports = {}
    for service in compose["services"].values():
        for index, port in enumerate(service.get("ports", [])):
            host, outside, inside = port.split(":")
            ports[outside] = free_port()
            service["ports"][index] = f"{host}:{ports[outside]}:{inside}"
    return ports


def of_another_size(compose):
    services = compose["services"]
    services["shop"]["command"] += ["--customers", CUSTOMERS]
    [script] = services["history"]["command"]
    services["history"]["command"] = [script.replace("simulate", f"simulate --customers {CUSTOMERS}")]


class Running(Project):
    """The project on free ports.

    Attributes:
        ports: port in the Compose file -> port on this machine.
    """

    def __init__(self, checkout, environ):
        compose = yaml.safe_load((checkout / "docker-compose.yml").read_text())
        self.ports = with_free_ports(compose)
        of_another_size(compose)
        file = checkout / "docker-compose.proof.yml"
        file.write_text(yaml.safe_dump(compose))
        super().__init__(file, checkout, "proof", environ)

    def get(self, port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=20) as answer:
            return answer.read().decode()

    def query(self, expr):
        answer = json.loads(self.get("9090", f"/api/v1/query?{urlencode({'query': expr})}"))
        return [float(each["value"][1]) for each in answer["data"]["result"]]

    def targets(self):
        targets = json.loads(self.get("9090", "/api/v1/targets?state=active"))["data"]["activeTargets"]
        return [each for each in targets if each["labels"]["job"] == "retention"]


@pytest.fixture(scope="module")
def before():
    return volumes()


@contextmanager
def busy_machine(image):
    """Keep the processors busy with containers that only count."""
    flags = ("--detach", "--no-healthcheck", "--entrypoint", "sh")
    busy = [docker("run", *flags, image, "-c", "while :; do :; done").strip() for _ in range(BUSY)]
    try:
        yield
    finally:
        for each in busy:
            docker("rm", "--force", each)


@pytest.fixture(scope="module")
def running(checkout, image, build_arguments, before):
    project = Running(checkout, {**os.environ, **build_arguments})
    try:
        project.compose("build")  # with the arguments of the environment; every step is in the cache
        with busy_machine(image):
            project.compose("up", "--detach")
        yield project
    finally:
        logs = project.logs()
        project.compose("down", "--volumes", "--timeout", "40")
        print(logs)  # noqa: T201 - pytest shows it if a test failed
    assert volumes() <= before


def healthy(running):
    states = {each["Name"]: each["State"] for each in running.containers()}
    return all(state.get("Health", {}).get("Status", "healthy") == "healthy" for state in states.values())


def test_all_services_are_healthy_after_up_on_a_busy_machine(running):
    eventually(lambda: healthy(running), WAITING, running.logs)
    for container in running.containers():
        service = container["Config"]["Labels"]["com.docker.compose.service"]
        assert service in ENDING or container["State"]["Running"], container["State"]
        assert container["RestartCount"] == 0, service


def test_health_checks_are_light(running):
    for container in running.containers():
        checks = container["State"].get("Health", {}).get("Log", [])
        assert all(each["ExitCode"] == 0 for each in checks[-1:])
        took = [moment(each["End"]) - moment(each["Start"]) for each in checks]
        assert not took or min(took) < timedelta(seconds=2), container["Name"]


def moment(text):
    """Return the time of Go's text, which has nanoseconds."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text))


def test_kafka_owns_the_directories_that_it_writes(running):
    owner = running.execute("kafka", "stat", "-c", "%u:%g", "/opt/kafka/config", "/opt/kafka/logs")
    assert owner.split() == ["1000:1000"] * 2


def test_restarted_kafka_starts_again(running):
    running.compose("restart", "--timeout", "30", "kafka")
    eventually(lambda: healthy(running), WAITING, running.logs)


def test_all_workers_are_scraped_by_their_alias(running):
    eventually(lambda: len(up(running)) == 2, WAITING, lambda: str(running.targets()))


def up(running):
    return [each for each in running.targets() if each["health"] == "up"]


def test_a_worker_reads_the_customers_of_the_other_one(running):
    eventually(lambda: running.query("max(retention_caught_up) == 1"), WAITING, running.logs)
    # 503 while a task moves to another worker.
    ask = "/customers?set=lost&window=90d&limit=5"
    eventually(lambda: json.loads(running.get("6066", ask))["items"], 120, running.logs)


def test_read_model_is_filled_and_reached_by_workers_only(running):
    eventually(lambda: running.query("max(retention_worker_read_model_up) == 1"), WAITING, running.logs)
    eventually(lambda: int(running.execute("redis", "redis-cli", "dbsize")) > 100, WAITING, running.logs)
    networks = running.containers("redis")[0]["NetworkSettings"]
    assert list(networks["Networks"]) == ["proof_read-model"]
    assert not any(networks["Ports"].values())
    [network] = json.loads(docker("network", "inspect", "proof_read-model"))
    assert network["Internal"]


def test_prometheus_has_the_past_of_the_shop(running):
    eventually(
        lambda: ended(running, "history-import"),
        WAITING,
        lambda: running.compose("logs", "history", "history-import"),
    )
    past = 'last_over_time(job:retention_churn_ratio:held{window="30d"}[1h] offset %s)'
    for before in ("1w", "4w"):
        eventually(lambda back=before: running.query(past % back), 180, f"{before} before")
    assert running.query('count(count_over_time(retention_churn_ratio{window="30d"}[30d]) > 1000)')
    assert not {"history"} & set(running.execute("prometheus", "ls", "/prometheus").split())


def ended(running, service):
    state = running.containers(service)[0]["State"]
    return state["Status"] == "exited" and state["ExitCode"] == 0


def test_worker_is_at_its_port_after_down_and_up(running):
    assert "live" in running.get("6066", "/live")
    running.compose("down", "--timeout", "40")
    with pytest.raises(OSError, match="refused"):
        running.get("6066", "/live")
    running.compose("up", "--detach")
    eventually(lambda: "live" in running.get("6066", "/live"), WAITING, running.logs)


def test_more_workers_need_no_port(running):
    running.compose("up", "--detach", "--scale", "more-workers=3")
    eventually(lambda: len(up(running)) == 4, WAITING, lambda: str(running.targets()))
    ports = [each["NetworkSettings"]["Ports"].get("6066/tcp") for each in running.containers("more-workers")]
    assert not any(ports)
    assert "live" in running.get("6066", "/live")


def test_past_is_computed_only_once(running):
    running.compose("up", "--detach", "--scale", "more-workers=1")
    eventually(lambda: ended(running, "history") and ended(running, "history-import"), 60, running.logs)


def test_nothing_is_left_after_down(running, before):
    mounts = {
        mount["Name"]
        for each in running.containers()
        for mount in each["Mounts"]
        if mount["Type"] == "volume"
    }
    assert {name.removeprefix("proof_") for name in mounts} == {
        "kafka",
        "prometheus",
        "alertmanager",
        "grafana",
    }
    running.compose("down", "--timeout", "40")
    left = volumes() - before
    assert {name.removeprefix("proof_") for name in left} == {
        "kafka",
        "prometheus",
        "alertmanager",
        "grafana",
    }
    assert (
        call(["docker", "ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=proof"]) == ""
    )
