"""Dashboards are current, pass the rules of Grafana's dashboard-linter and agree with the alerts."""

import json
import re
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.models import units

from grafana import generate
from grafana.charts import Query
from grafana.definitions import DEFINITIONS
from models.metrics.catalogue import CATALOGUE
from prometheus.thresholds import THRESHOLDS as T
from tests.support.prometheus_server import all_panels

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}
PANELS = [
    pytest.param(board, panel, id=f"{uid}: {panel['title']}")
    for uid, board in BOARDS.items()
    for panel in all_panels(board)
    if panel["type"] != "row"
]
each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
each_panel = pytest.mark.parametrize(("board", "panel"), PANELS)
each_panel_only = pytest.mark.parametrize("panel", [pytest.param(p.values[1], id=p.id) for p in PANELS])
UNITS = {value for name, value in vars(units).items() if name.isupper() or isinstance(value, str)}
SELECTOR = re.compile(r"((?:[a-z]+:)?(?:retention_\w+|up)(?::\w+)?)(\{[^}]*\})?")
RULES = {
    rule.get("alert") or rule["record"]: rule
    for name in ("recording", "alerts")
    for group in yaml.safe_load((ROOT / "prometheus" / "rules" / f"{name}.yml").read_text())["groups"]
    for rule in group["rules"]
}
ALERTS = {name: rule for name, rule in RULES.items() if "alert" in rule}
LINT = yaml.safe_load((ROOT / "grafana" / "dashboards" / ".lint").read_text())["exclusions"]


def excluded(rule, board, panel=None):
    return any(
        entry["dashboard"] == board["title"] and entry.get("panel") in {None, panel}
        for entry in LINT[rule]["entries"]
    )


def variables(board):
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def expressions(panel):
    return [target["expr"] for target in panel["targets"]]


def test_there_are_nine_dashboards():
    assert {board["title"] for board in BOARDS.values()} == {
        "Retention",
        "Response times",
        "Promises and causes",
        "Customers",
        "Cohorts",
        "Month end",
        "Support now",
        "The week",
        "Pipeline",
    }


@pytest.mark.parametrize("path", list(generate.files()), ids=lambda path: path.name)
def test_generated_files_are_current(path):
    assert path.read_text(encoding="utf-8") == generate.files()[path], "run `make generate`"


@each_board
def test_dashboard_is_read_only_tagged_and_linked(board):
    assert board["editable"] is False
    assert board["uid"].startswith("retention-")
    assert board["tags"] == ["retention"]
    assert board["description"]
    (links,) = board["links"]
    assert (links["type"], links["tags"], links["includeVars"], links["keepTime"]) == (
        "dashboards",
        ["retention"],
        True,
        True,
    )


@each_board
def test_alerts_that_exist_are_marked(board):
    (annotation,) = board["annotations"]["list"]
    names = re.search(r'alertname=~"([^"]+)"', annotation["expr"])[1].split("|")
    assert set(names) <= ALERTS.keys()


@each_board
def test_data_source_is_a_variable_and_provisioned(board):
    source = variables(board)["datasource"]
    assert (source["type"], source["query"], source["label"]) == ("datasource", "prometheus", "Data source")
    provisioned = yaml.safe_load((ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text())
    assert source["current"]["value"] in {each["uid"] for each in provisioned["datasources"]}


@each_board
def test_job_and_instance_are_variables(board):
    found = variables(board)
    for name in ("job", "instance"):
        if name == "instance" and excluded("template-instance-rule", board):
            assert name not in found
            continue
        assert found[name]["multi"]
        assert found[name]["includeAll"]
        assert found[name]["allValue"] == ".+"
        assert found[name]["label"] == name.capitalize()


@each_board
def test_query_variables_reload_with_the_time_range(board):
    for variable in variables(board).values():
        if variable["type"] == "query":
            assert variable["refresh"] == 2
            assert re.fullmatch(r"label_values\(.+, \w+\)", variable["query"]["query"])
            assert variable["datasource"]["uid"] == "${datasource}"


def expanded(board):
    """Return the panels as they are placed once the collapsed rows are opened."""
    shift, panels = 0, []
    for panel in board["panels"]:
        nested = panel.get("panels") or []
        for each in (panel, *nested):
            place = each["gridPos"]
            panels.append(each | {"gridPos": place | {"y": place["y"] + shift}})
        bottom = max((each["gridPos"]["y"] + each["gridPos"]["h"] for each in nested), default=0)
        shift += max(0, bottom - panel["gridPos"]["y"] - 1)
    return panels


@each_board
def test_panels_do_not_overlap_and_have_unique_titles(board):
    taken = set()
    for panel in expanded(board):
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    titles = [panel["title"] for panel in all_panels(board)]
    assert len(titles) == len(set(titles))
    ids = [panel["id"] for panel in all_panels(board)]
    assert len(ids) == len(set(ids))


@each_board
def test_rows_are_filled_completely(board):
    widths, heights = Counter(), {}
    for panel in expanded(board):
        at = panel["gridPos"]
        widths[at["y"]] += at["w"]
        heights.setdefault(at["y"], set()).add(at["h"])
    assert set(widths.values()) == {24}, "a row is as wide as the page"
    assert all(len(each) == 1 for each in heights.values())


@each_board
def test_no_dashboard_is_empty(board):
    rows = [panel["type"] == "row" for panel in all_panels(board)]
    assert not rows[-1]
    assert not any(one and other for one, other in pairwise(rows))
    for panel in board["panels"]:
        if panel["type"] == "row":
            assert panel["collapsed"] is bool(panel["panels"])


@pytest.mark.parametrize("uid", ["retention-overview", "retention-pipeline"])
def test_open_rows_of_the_long_dashboards_fit_a_screen(uid):
    """A grid row is 38 pixels high, and a browser's window on a common screen has room for 24."""
    open_panels = [panel["gridPos"] for panel in BOARDS[uid]["panels"] if not panel.get("collapsed")]
    assert max(at["y"] + at["h"] for at in open_panels) <= 24
    assert any(panel.get("collapsed") for panel in BOARDS[uid]["panels"])


def test_pipeline_begins_with_the_alerts_that_fire():
    first = next(panel for panel in all_panels(BOARDS["retention-pipeline"]) if panel["type"] != "row")
    assert (first["title"], first["gridPos"]["x"]) == ("What fires now", 0)
    assert 'alertstate="firing"' in first["targets"][0]["expr"]


@each_board
def test_alerts_that_fire_are_counted_on_the_first_line(board):
    [panel] = [panel for panel in board["panels"] if panel["title"] == "Alerts that fire"]
    assert panel["gridPos"]["y"] <= 1
    severities = [re.search(r'severity="(\w+)"', expr)[1] for expr in expressions(panel)]
    assert severities == ["critical", "warning"]
    colours = [one["properties"][-1]["value"]["steps"][-1] for one in panel["fieldConfig"]["overrides"]]
    assert colours == [{"value": 1, "color": "red"}, {"value": 1, "color": "orange"}]
    assert all(expr.endswith("or vector(0)") for expr in expressions(panel))
    assert panel["links"][0]["url"].startswith("/d/retention-pipeline?")


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
