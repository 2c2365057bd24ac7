"""Every panel and alert in a real Prometheus that scrapes real workers: no panel is empty, none is wrong.

In the simulated shop, season and hour change how many tickets are answered too late.
`slow_answers` adds tickets that miss their target at any time of any day.
"""

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

from streams.local.processes import die_with_parent
from streams.local.redis import RedisServer, find_program
from tests.support.deployment import AS_OF, Deployment
from tests.support.events import Event
from tests.support.optional_metrics import CONFIGURATION
from tests.support.prometheus_server import ROOT, PrometheusServer, filled, panels
from tests.support.strategies import HOUR, rfc3339
from tests.support.worker_process import Metrics, WorkerProcess

PLAIN = re.compile(r"max without \(instance\) \((retention_\w+)\{[^}]*\}\)")
OFFSET = re.compile(r" offset \d+w")
#: Queries that need a past, those of when there will be one, and of the alerts that fire.
MAY_BE_EMPTY = re.compile(
    r"job:retention_churn_(ratio:expected|effect)|unless on \(job\)|ALERTS_FOR_STATE|retention_period_changes"
)
#: Panels of what has happened: alerts, changes of closed months, and of churn since a week.
MAY_SHOW_NOTHING = (
    "Retention: Why it moved within a week, $window",
    "Retention: Why it moved within four weeks, $window",
    "Pipeline: What fires now",
    "Month end: Changes since the close",
    "Month end: Changes since the close by $period_kind",
)
#: Labels that Prometheus adds to those of a worker.
ADDED = {"job", "instance", "__name__"}


#: Enough to outweigh the tickets that the live shop answers in time while the test runs.
SLOW_ANSWERS = 600


class SimulatedShop:
    """Run `retention simulate`: 18 months of history, then live events with two of three agents absent."""

    def __init__(self, bootstrap: str, directory: Path) -> None:
        command = [sys.executable, "-m", "streams.cli", "simulate", "--broker", bootstrap]
        flags = ["--partitions", "4", "--customers", "600", "--rate", "40", "--garbage", "0.005"]
        flags += ["--scenario", "support-backlog"]
        with (directory / "shop.log").open("wb") as log:
            self._process = subprocess.Popen(
                die_with_parent([*command, *flags]), cwd=ROOT, stdout=log, stderr=log
            )

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def shop(cluster, tmp_path) -> Iterator[SimulatedShop]:
    running = SimulatedShop(cluster.bootstrap, tmp_path)
    yield running
    running.close()


@pytest.fixture
def redis(tmp_path) -> Iterator[str]:
    program = find_program()
    assert program is not None
    with RedisServer(program, tmp_path / "redis") as server:
        yield server.url


@pytest.fixture
async def deployment(deploy, shop, redis, tmp_path) -> Deployment:  # noqa: ARG001 - its topics first
    """Return two workers for the shop's events, as in Compose: on the wall clock, with a read model."""
    config = tmp_path / "retention.toml"
    config.write_text(CONFIGURATION)
    workers = deploy(RETENTION_CLOCK="wall", RETENTION_REDIS=redis, RETENTION_CONFIG=str(config))
    await workers.started(2)
    await workers.cluster.produce(list(slow_answers(time.time_ns() // 1000)))
    return workers


def slow_answers(now: int) -> Iterator[Event]:
    """Yield urgent tickets of the day before `now` (microseconds), each answered an hour too late."""
    for number in range(SLOW_ANSWERS):
        opened = now - 23 * HOUR + number * 20 * HOUR // SLOW_ANSWERS
        ticket = {"customer_id": f"waiting-{number}", "ticket_id": f"slow-{number}"}
        steps = [
            ("ticket.opened", opened, {"priority": "urgent"}),
            ("ticket.replied", opened + 2 * HOUR, {"author": "agent"}),
            ("ticket.status_changed", opened + 2 * HOUR, {"status": "solved"}),
        ]
        for kind, at, fields in steps:
            yield {"id": f"slow-{number}-{kind}", "type": kind, "time": rfc3339(at), **ticket, **fields}


@pytest.fixture
def prometheus(deployment, tmp_path) -> Iterator[PrometheusServer]:
    directory = tmp_path / "prometheus"
    directory.mkdir()
    server = PrometheusServer([f"127.0.0.1:{worker.port}" for worker in deployment.workers], directory)
    yield server
    server.close()


async def exporting_worker(deployment: Deployment) -> tuple[WorkerProcess, Metrics]:
    """Return the worker that exports the business series, and its metrics."""
    for worker in deployment.alive:
        metrics = await worker.metrics()
        if metrics is not None and AS_OF in metrics:
            return worker, metrics
    raise AssertionError(deployment.tails())


def same(one: float | None, other: float) -> bool:
    return one is not None and (one == other or (math.isnan(one) and math.isnan(other)))


@pytest.mark.timeout(600)
@pytest.mark.program("prometheus", "redis-server|valkey-server")
async def test_panels_show_what_workers_export(deployment, prometheus, shop):
    trusted = (
        "job:retention:trusted == 1 and on (job) sum by (job) (rate(retention_worker_events_total[10s])) > 5"
    )
    await asyncio.to_thread(prometheus.until, trusted, 120.0)
    await asyncio.sleep(16)  # a rate interval of live events

    await until_none(lambda: [*empty_panels(prometheus), *panels_over_nothing(prometheus)], 180)
    assert broken_rules(prometheus) == []
    assert {"topic", "partition", "offset"} <= batches_named(prometheus)
    assert active_alerts(prometheus, "platform") == set()
    assert "RetentionFirstHumanResponseBudgetEroding" in active_alerts(prometheus, "support")

    shop.close()
    await asyncio.sleep(6)  # until the last events are counted and scraped
    assert await wrong_panels(deployment, prometheus) == []

    former, _ = await exporting_worker(deployment)
    former.kill()
    await deployment.owning()
    await asyncio.to_thread(
        prometheus.until,
        "count(retention_churn_ratio) unless on () ALERTS{alertname='RetentionNoRollupOwner'}",
    )
    await asyncio.sleep(6)
    assert await wrong_panels(deployment, prometheus) == []
    assert active_alerts(prometheus, "platform") <= {"RetentionWorkerGone", "RetentionTargetDown"}


async def until_none(find: Callable[[], list[str]], seconds: float) -> None:
    """Wait until `find` returns nothing: the windows of an hour need some live events first."""
    deadline = time.monotonic() + seconds
    while found := await asyncio.to_thread(find):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(2)


def empty_panels(prometheus: PrometheusServer) -> list[str]:
    """Return the panels with an empty query.

    Queries with an offset of a week or a year are evaluated without it, because this Prometheus has no past.
    """
    return [
        f"{name}: {expr}"
        for name, expr, chosen in panels()
        if not prometheus.query(OFFSET.sub("", filled(expr, chosen))) and not MAY_BE_EMPTY.search(expr)
    ]


def panels_over_nothing(prometheus: PrometheusServer) -> set[str]:
    """Return the panels that show no number, despite a shop's history of 18 months."""
    shown = defaultdict(set)
    for name, expr, chosen in panels():
        shown[name] |= {value for _, value in prometheus.query(OFFSET.sub("", filled(expr, chosen)))}
    for name in MAY_SHOW_NOTHING:
        shown.pop(name)
    return {name for name, values in shown.items() if all(map(math.isnan, values))}


def broken_rules(prometheus: PrometheusServer) -> list[str]:
    rules = [rule for group in prometheus.get("/api/v1/rules")["groups"] for rule in group["rules"]]
    assert rules
    return [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] != "ok"]


def batches_named(prometheus: PrometheusServer) -> set[str]:
    """Return the labels of the latency exemplars that Prometheus has stored."""
    now, series = time.time(), "retention_worker_event_to_metric_seconds_bucket"
    found = prometheus.get("/api/v1/query_exemplars", query=series, start=f"{now - 600}", end=f"{now}")
    return {label for each in found for exemplar in each["exemplars"] for label in exemplar["labels"]}


def active_alerts(prometheus: PrometheusServer, team: str) -> set[str]:
    """Return a team's alerts whose expression holds now, pending or firing."""
    groups = yaml.safe_load((ROOT / "prometheus" / "rules" / "alerts.yml").read_text())["groups"]
    found = {rule["alert"]: prometheus.query(rule["expr"]) for group in groups for rule in group["rules"]}
    teams = {rule["alert"]: rule["labels"]["team"] for group in groups for rule in group["rules"]}
    return {alert for alert, samples in found.items() if samples and teams[alert] == team}


async def wrong_panels(deployment: Deployment, prometheus: PrometheusServer) -> list[str]:
    """Return the panels that differ from the exporting worker's metrics, just before and just after."""
    queries = {filled(expr, chosen) for _, expr, chosen in panels()}
    plain = [(match[1], expr) for expr in queries if (match := PLAIN.fullmatch(expr))]
    assert len(plain) > 20
    _, before = await exporting_worker(deployment)
    await asyncio.sleep(4)
    shown = {expr: prometheus.query(expr) for _, expr in plain}
    _, after = await exporting_worker(deployment)
    wrong = []
    for metric, expr in plain:
        for labels, value in shown[expr]:
            own = (metric, frozenset(item for item in labels if item[0] not in ADDED))
            if own[0] != AS_OF[0] and not (same(before.get(own), value) or same(after.get(own), value)):
                wrong.append(f"{own}: shown {value}, exported {before.get(own)} and then {after.get(own)}")
    return wrong
