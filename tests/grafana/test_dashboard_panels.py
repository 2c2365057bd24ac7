"""Panels and their queries: units, descriptions, metrics, and thresholds that equal those of the alerts."""

import json
import re
import subprocess

import pytest
import yaml

from grafana import generate
from grafana.charts import Query
from grafana.definitions import DEFINITIONS
from models.metrics.catalogue import CATALOGUE
from prometheus.thresholds import THRESHOLDS as T
from tests.support.dashboards import (
    ALERTS,
    BOARDS,
    RULES,
    SELECTOR,
    UNITS,
    each_board,
    each_panel,
    each_panel_only,
    excluded,
    expressions,
    variables,
)
from tests.support.prometheus_server import all_panels


@each_panel_only
def test_title_description_unit_and_source(panel):
    assert panel["title"]
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["fieldConfig"]["defaults"]["noValue"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"
        assert target["legendFormat"]


@each_panel_only
def test_description_quotes_definitions_then_advises(panel):
    *quoted, do = panel["description"].split("\n\n")
    for name in set().union(*(Query(expr, "").metrics() for expr in expressions(panel))):
        assert f'"{DEFINITIONS[name]}"' in quoted
    assert re.match(r"\w", do)


@each_panel_only
def test_every_metric_is_exported_or_recorded(panel):
    known = generate.EXPORTED
    for expr in expressions(panel):
        assert Query(expr, "").metrics() <= known
        for name, _ in SELECTOR.findall(expr):
            assert not name.startswith("job:") or name in RULES


def test_rules_use_only_defined_metrics():
    for rule in RULES.values():
        assert Query(rule["expr"], "").metrics() <= DEFINITIONS.keys(), rule


def test_every_exported_metric_has_a_definition():
    assert CATALOGUE.keys() <= DEFINITIONS.keys()


@each_panel
def test_series_are_selected_by_job_and_instance(board, panel):
    for expr in expressions(panel):
        for name, selector in SELECTOR.findall(expr):
            assert 'job=~"$job"' in selector, name
            if not excluded("target-instance-rule", board, panel["title"]):
                assert 'instance=~"$instance"' in selector, name


@each_panel_only
def test_business_series_are_independent_of_the_worker(panel):
    for expr in expressions(panel):
        if re.search(r"(?<!:)\bretention_(?!worker)", expr):
            assert "max without (instance) (" in expr


@each_panel_only
def test_counters_are_rates_over_the_rate_interval(panel):
    for expr in expressions(panel):
        counters = re.findall(r"\b(?:\w+\()?retention_worker\w*_(?:total|sum|count|bucket)\{", expr)
        assert all(counter.startswith(("rate(", "increase(")) for counter in counters)
        for interval in re.findall(r"rate\([^\[]+\[([^\]]+)\]", expr):
            assert interval == "$__rate_interval"


def test_action_ratio_is_shown_with_its_denominator():
    [panel] = [
        each for each in all_panels(BOARDS["retention-customers"]) if "Returned after" in each["title"]
    ]
    for target, name in zip(panel["targets"], ("ratio", "denominator"), strict=True):
        assert (
            f'retention_action_return_{name}{{job=~"$job", window=~"$window", action=~"$action"}}'
            in target["expr"]
        )
        assert "{{group}}" in target["legendFormat"]


def test_latency_panels_show_exemplars():
    panels = {panel["title"]: panel for panel in all_panels(BOARDS["retention-pipeline"])}
    for title in ("Event-to-metric latency", "Transaction time"):
        assert all(target["exemplar"] for target in panels[title]["targets"])
        assert "histogram_quantile" in expressions(panels[title])[0]


@each_panel
def test_variables_used_are_defined(board, panel):
    text = json.dumps([panel["targets"], panel["title"]])
    used = set(re.findall(r"\$\{?([a-z]\w*)", text))
    assert used <= variables(board).keys()


def substituted(expr):
    for name, value in (("$__rate_interval", "1m"), ("$window", "30d"), ("$priority", "all")):
        expr = expr.replace(name, value)
    return expr.replace("$job", ".+").replace("$instance", ".+")


@each_board
@pytest.mark.program("promtool")
def test_every_query_parses(board, tmp_path):
    queries = [expr for panel in all_panels(board) if panel["type"] != "row" for expr in expressions(panel)]
    queries += [annotation["expr"] for annotation in board["annotations"]["list"]]
    rules = [{"record": f"query:{n}", "expr": substituted(expr)} for n, expr in enumerate(queries)]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    result = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


# Panel -> its red threshold, and its amber one if it has one. A panel is red exactly when its alert fires.
GUARDED = {
    **{
        ("retention-overview", f"Churn, {window}"): [limit - T["churn"]["near"], limit]
        for window, limit in T["churn"]["ceiling"].items()
    },
    **{
        (uid, "Age of the numbers"): [T["trust"]["fresh_seconds"], T["pipeline"]["stale_seconds"]]
        for uid in BOARDS
    },
    ("retention-pipeline", "Lag"): T["pipeline"]["lag_records"],
    ("retention-pipeline", "Event-to-metric latency"): T["pipeline"]["latency_seconds"],
    ("retention-pipeline", "Caught up"): 1,
    ("retention-pipeline", "Records lost, last day"): 1,
    ("retention-response-times", "Burn rate of the month's error budget"): [1, T["slo"]["fast_day"]],
    ("retention-response-times", "Burn rate over a week and a month"): T["slo"]["slow_month"],
    ("retention-promises", "Overdue deliveries"): T["deliveries"]["minimum_overdue"],
}


@each_panel
def test_thresholds_equal_those_of_the_alerts(board, panel):
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    expected = GUARDED.get((board["uid"], panel["title"]), [])
    expected = expected if isinstance(expected, list) else [expected]
    assert [step["value"] for step in steps] == [None, *map(pytest.approx, expected)]
    if len(expected) > 1:
        assert [step["color"] for step in steps] == ["green", "orange", "red"]


@pytest.mark.parametrize("window", T["churn"]["ceiling"])
def test_churn_is_amber_below_its_ceiling(window):
    [panel] = [
        each for each in all_panels(BOARDS["retention-overview"]) if each["title"] == f"Churn, {window}"
    ]
    _, amber, red = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert (amber["color"], red["color"]) == ("orange", "red")
    assert 0 < amber["value"] < red["value"] == T["churn"]["ceiling"][window]


def test_workers_that_answer_are_compared_with_those_expected():
    [panel] = [
        each for each in all_panels(BOARDS["retention-pipeline"]) if each["title"] == "Workers that answer"
    ]
    answer, should, missing = expressions(panel)
    assert "job:retention_workers:up" in answer
    assert "job:retention_workers_expected:held" in should
    assert missing == f"clamp_min({should} - {answer}, 0)"


@each_panel_only
def test_links_open_the_runbook_of_the_alert(panel):
    for link in panel.get("links", []):
        alert = link["title"].removeprefix("What to do: ")
        if alert != "Open":
            assert link["url"] == ALERTS[alert]["annotations"]["runbook_url"]


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_links_to_dashboard_with_it_and_its_variables(alert):
    url = ALERTS[alert]["annotations"]["dashboard_url"]
    uid, *names = re.search(r"/d/([a-z-]+)(?:\?var-(\w+)=)?", url).groups()
    board = BOARDS[uid]
    assert re.search(rf'[|"]{alert}[|"]', board["annotations"]["list"][0]["expr"])
    assert {name for name in names if name} <= variables(board).keys()
