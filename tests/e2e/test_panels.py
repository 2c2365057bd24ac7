"""Every panel and alert, asked of a real Prometheus that scrapes real workers: none empty, none wrong."""

import asyncio
import math
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from streams.local.redis import RedisServer, find_program
from tests.support.deployment import AS_OF, Deployment
from tests.support.prometheus_server import ROOT, PrometheusServer, filled, panels
from tests.support.worker_process import Metrics, WorkerProcess

PLAIN = re.compile(r"max without \(instance\) \((retention_\w+)\{[^}]*\}\)")
OFFSET = re.compile(r" offset \d+w")
#: What Prometheus adds to a worker's own labels.
ADDED = {"job", "instance", "__name__"}


class Shop:
    """`retention simulate`, history first, then live: two of three agents are gone."""

    def __init__(self, bootstrap: str, directory: Path) -> None:
        command = [sys.executable, "-m", "streams.cli", "simulate", "--broker", bootstrap]
        flags = ["--partitions", "4", "--customers", "600", "--rate", "40", "--garbage", "0.02"]
        flags += ["--scenario", "support-backlog"]
        with (directory / "shop.log").open("wb") as log:
            self._process = subprocess.Popen([*command, *flags], cwd=ROOT, stdout=log, stderr=log)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def shop(cluster, tmp_path) -> Iterator[Shop]:
    running = Shop(cluster.bootstrap, tmp_path)
    yield running
    running.close()


@pytest.fixture
def redis(tmp_path) -> Iterator[str]:
    program = find_program()
    assert program is not None
    with RedisServer(program, tmp_path / "redis") as server:
        yield server.url


@pytest.fixture
async def deployment(deploy, shop, redis) -> Deployment:  # noqa: ARG001 - its topics first
    """Two workers of the shop's events, as Compose has them: on the wall's clock, with a read model."""
    workers = deploy(RETENTION_CLOCK="wall", RETENTION_REDIS=redis)
    await workers.started(2)
    return workers


@pytest.fixture
def prometheus(deployment, tmp_path) -> Iterator[PrometheusServer]:
    directory = tmp_path / "prometheus"
    directory.mkdir()
    server = PrometheusServer([f"127.0.0.1:{worker.port}" for worker in deployment.workers], directory)
    yield server
    server.close()


async def owner(deployment: Deployment) -> tuple[WorkerProcess, Metrics]:
    """The worker that exports the business series, and what it says."""
    for worker in deployment.alive:
        metrics = await worker.metrics()
        if metrics is not None and AS_OF in metrics:
            return worker, metrics
    raise AssertionError(deployment.tails())


def same(one: float | None, other: float) -> bool:
    return one is not None and (one == other or (math.isnan(one) and math.isnan(other)))


@pytest.mark.timeout(300)
@pytest.mark.program("prometheus", "redis-server|valkey-server")
async def test_every_panel_and_alert(deployment, prometheus, shop):
    trusted = (
        "job:retention:trusted == 1 and on (job) sum by (job) (rate(retention_worker_events_total[10s])) > 5"
    )
    await asyncio.to_thread(prometheus.until, trusted, 120.0)
    await asyncio.sleep(16)  # a rate interval of live events

    await until_none(lambda: [*empty_panels(prometheus), *panels_over_nothing(prometheus)], 60)
    assert broken_rules(prometheus) == []
    assert {"topic", "partition", "offset"} <= batches_named(prometheus)
    assert alerts_that_hold(prometheus, "platform") == set()
    assert "RetentionFirstHumanResponseBudgetEroding" in alerts_that_hold(prometheus, "support")

    shop.close()
    await asyncio.sleep(6)  # the last events are in the numbers, and scraped
    assert await wrong_panels(deployment, prometheus) == []

    former, _ = await owner(deployment)
    former.kill()
    await deployment.owning()
    await asyncio.to_thread(
        prometheus.until,
        "count(retention_churn_ratio) unless on () ALERTS{alertname='RetentionNoRollupOwner'}",
    )
    await asyncio.sleep(6)
    assert await wrong_panels(deployment, prometheus) == []
    assert alerts_that_hold(prometheus, "platform") <= {"RetentionWorkerGone"}


async def until_none(find: Callable[[], list[str]], seconds: float) -> None:
    """Wait until nothing is found any more: the windows of an hour need some live events first."""
    deadline = time.monotonic() + seconds
    while found := await asyncio.to_thread(find):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(2)


def empty_panels(prometheus: PrometheusServer) -> list[str]:
    """Panels of which a query finds nothing. Those of a week or a year ago ask about now: we have no past."""
    return [
        f"{name}: {expr}"
        for name, expr, chosen in panels()
        if not prometheus.query(OFFSET.sub("", filled(expr, chosen)))
        and "job:retention_churn_ratio:expected" not in expr
    ]


def panels_over_nothing(prometheus: PrometheusServer) -> set[str]:
    """Panels that show no number, though a shop's history of 18 months is in."""
    shown = defaultdict(set)
    for name, expr, chosen in panels():
        shown[name] |= {value for _, value in prometheus.query(OFFSET.sub("", filled(expr, chosen)))}
    return {name for name, values in shown.items() if all(map(math.isnan, values))}


def broken_rules(prometheus: PrometheusServer) -> list[str]:
    rules = [rule for group in prometheus.get("/api/v1/rules")["groups"] for rule in group["rules"]]
    assert rules
    return [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] != "ok"]


def batches_named(prometheus: PrometheusServer) -> set[str]:
    """The labels of the examples of latency that Prometheus has kept."""
    now, series = time.time(), "retention_worker_event_to_metric_seconds_bucket"
    found = prometheus.get("/api/v1/query_exemplars", query=series, start=f"{now - 600}", end=f"{now}")
    return {label for each in found for exemplar in each["exemplars"] for label in exemplar["labels"]}


def alerts_that_hold(prometheus: PrometheusServer, team: str) -> set[str]:
    """Alerts of a team whose expression finds something now, waiting for its time or not."""
    groups = yaml.safe_load((ROOT / "prometheus" / "rules" / "alerts.yml").read_text())["groups"]
    found = {rule["alert"]: prometheus.query(rule["expr"]) for group in groups for rule in group["rules"]}
    teams = {rule["alert"]: rule["labels"]["team"] for group in groups for rule in group["rules"]}
    return {alert for alert, samples in found.items() if samples and teams[alert] == team}


async def wrong_panels(deployment: Deployment, prometheus: PrometheusServer) -> list[str]:
    """Panels that show another number than the worker that exports it, just before or just after."""
    queries = {filled(expr, chosen) for _, expr, chosen in panels()}
    plain = [(match[1], expr) for expr in queries if (match := PLAIN.fullmatch(expr))]
    assert len(plain) > 20
    _, before = await owner(deployment)
    await asyncio.sleep(4)
    shown = {expr: prometheus.query(expr) for _, expr in plain}
    _, after = await owner(deployment)
    wrong = []
    for metric, expr in plain:
        for labels, value in shown[expr]:
            own = (metric, frozenset(item for item in labels if item[0] not in ADDED))
            if own[0] != AS_OF[0] and not (same(before.get(own), value) or same(after.get(own), value)):
                wrong.append(f"{own}: shown {value}, exported {before.get(own)} and then {after.get(own)}")
    return wrong
