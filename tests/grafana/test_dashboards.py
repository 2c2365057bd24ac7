"""Dashboards are current, and pass the rules of Grafana's dashboard-linter."""

import re
from collections import Counter
from itertools import pairwise

import pytest
import yaml

from grafana import generate
from tests.support.dashboards import ALERTS, BOARDS, ROOT, each_board, excluded, expressions, variables
from tests.support.generated_files import outdated
from tests.support.prometheus_server import all_panels


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


def test_generated_files_are_current():
    assert outdated(generate.files()) == [], "run `make generate`"


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
