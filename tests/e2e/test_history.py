"""A real Prometheus serves a computed history: panels and alerts of a shop that was not monitored before."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.support.optional_metrics import CONFIGURATION
from tests.support.prometheus_server import ROOT, PrometheusServer, filled, panels

#: Metrics without a history: those of workers, comparisons with a year before, results of later rules,
#: actions, and frozen periods. In a small shop, the number of waiting customers may also be absent. Dates
#: from which on a comparison exists are shown without a history.
OTHER = re.compile(
    r"retention_(?:worker|oldest|action_return|period)|\bup\b|ALERTS|offset 52w|job:\w+:(?!held)"
    r"|unless on \(job\)"
)
RULES = ROOT / "prometheus" / "rules"
NOW = datetime(2026, 6, 1, 18, tzinfo=UTC)
#: More than four weeks, so that the last instant has four weeks before it.
FIRST = NOW - timedelta(days=29)


def run(*arguments: str | Path, config: Path | None = None) -> str:
    command = [sys.executable, "-m", "streams.cli", *arguments]
    environ = os.environ | ({} if config is None else {"RETENTION_CONFIG": str(config)})
    result = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    """Return the events of a small shop over a year and a half."""
    path = tmp_path_factory.mktemp("shop") / "shop.jsonl.gz"
    run("simulate", "--customers", "400", "--end", NOW.isoformat(), "--out", path)
    return path


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    """Return a configuration with every metric that is off by default."""
    path = tmp_path_factory.mktemp("config") / "retention.toml"
    path.write_text(CONFIGURATION)
    return path


@pytest.fixture(scope="module")
def prometheus(shop, config, tmp_path_factory):
    directory = tmp_path_factory.mktemp("prometheus")
    text = directory / "history.om"
    steps = ("--from", FIRST.isoformat(), "--to", NOW.isoformat(), "--step", "12h", "--out", text)
    run("history", shop, *steps, config=config)
    made_of = ("--max-block-duration=8760h", "openmetrics", text, directory / "data")
    command = ["promtool", "tsdb", "create-blocks-from", *made_of]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    server = PrometheusServer([], directory)
    yield server
    server.close()


def at(prometheus, expr: str, moment: datetime) -> dict[frozenset, float]:
    data = prometheus.get("/api/v1/query", query=expr, time=moment.isoformat())
    return {frozenset(each["metric"].items()): float(each["value"][1]) for each in data["result"]}


def scraped(computed: str) -> dict[frozenset, float]:
    """Return the output of `compute --json` in the form of scraped series."""
    found = {}
    for row in map(json.loads, computed.splitlines()):
        series = {(metric, row["value"]) for metric in [row["metric"]] if row["value"] is not None}
        if row["metric"].endswith("_ratio"):
            series.add((row["metric"].removesuffix("_ratio") + "_denominator", row["denominator"]))
        for metric, value in series:
            labels = row["labels"] | {"job": "retention", "instance": "history", "__name__": metric}
            found[frozenset(labels.items())] = value
    return found


@pytest.mark.program("prometheus")
@pytest.mark.program("promtool")
def test_prometheus_values_equal_those_of_compute(prometheus, shop, config):
    prometheus.until("vector(1)")
    moment = NOW - timedelta(weeks=1)
    found = at(prometheus, '{instance="history", __name__!~"retention_(as_of|caught_up).*"}', moment)
    expected = scraped(run("compute", shop, "--json", "--now", moment.isoformat(), config=config))
    assert len(found) > 500
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.program("prometheus")
@pytest.mark.program("promtool")
def test_panels_and_comparing_alerts_have_a_history(prometheus):
    prometheus.until("vector(1)")
    expressions = [(name, filled(expr, chosen)) for name, expr, chosen in panels() if not OTHER.search(expr)]
    assert sum("offset 1w" in expr for _, expr in expressions) > 3
    # At a single instant, the last hour may contain no due target.
    moments = [NOW - timedelta(hours=12 * number) for number in range(14)]
    empty = {expr for _, expr in expressions if not any(at(prometheus, expr, moment) for moment in moments)}
    assert [f"{name}: {expr}" for name, expr in expressions if expr in empty] == []

    rules = "".join(path.read_text() for path in RULES.glob("*.yml"))
    past = set(
        re.findall(r"last_over_time\(job:retention_\w+:held(?:\{[^}]*\})?\[1h\] offset (?:1|4)w\)", rules)
    )
    assert len(past) > 3
    assert {expr for expr in past if not at(prometheus, expr, NOW)} == set()
    expected = [
        rule["expr"]
        for group in yaml.safe_load((RULES / "recording.yml").read_text())["groups"]
        for rule in group["rules"]
        if rule["record"].startswith("job:retention_churn_ratio:expected")
    ]
    assert len(expected) == 4
    assert [expr for expr in expected if not at(prometheus, expr, NOW)] == []
