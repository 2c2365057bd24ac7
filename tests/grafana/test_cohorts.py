"""The cells of cohorts are in the order of months and ages, and effects below 0 have bars."""

import json
from pathlib import Path

import pytest

from models.definitions.cohorts import MAX_PERIODS
from tests.support.prometheus_server import all_panels

DASHBOARDS = Path(__file__).parents[2] / "grafana" / "dashboards"
AGES = [str(age) for age in range(MAX_PERIODS)]


def panels(uid):
    board = json.loads((DASHBOARDS / f"{uid}.json").read_text(encoding="utf-8"))
    return {panel["title"]: panel for panel in all_panels(board)}


def transformations(panel):
    return {each["id"]: each["options"] for each in panel["transformations"]}


def test_grid_has_months_from_the_top_and_ages_from_the_left():
    grid = panels("retention-cohorts")["Grid, $kind"]
    steps = transformations(grid)
    assert (steps["groupingToMatrix"]["rowField"], steps["groupingToMatrix"]["columnField"]) == (
        "cohort",
        "age",
    )
    order = steps["organize"]["indexByName"]
    assert sorted(order, key=order.get) == ["cohort\\age", *AGES]
    assert grid["options"]["sortBy"] == [{"displayName": "cohort"}]


@pytest.mark.parametrize("title", ["Ordered again by age", "Value of a customer by age"])
def test_ages_of_a_curve_are_sorted_as_numbers(title):
    panel = panels("retention-cohorts")[title]
    assert [each["id"] for each in panel["transformations"]][-2:] == ["convertFieldType", "sortBy"]
    steps = transformations(panel)
    assert steps["convertFieldType"]["conversions"] == [{"targetField": "age", "destinationType": "number"}]
    assert steps["sortBy"]["sort"] == [{"field": "age", "desc": False}]
    assert panel["options"]["xField"] == "age"


@pytest.mark.parametrize("within", ["a week", "four weeks"])
def test_effect_below_0_has_a_bar(within):
    panel = panels("retention-overview")[f"Why it moved within {within}, $window"]
    assert (panel["type"], "min" in panel["fieldConfig"]["defaults"]) == ("barchart", False)
    assert transformations(panel)["sortBy"]["sort"] == [{"field": "Last *", "desc": True}]
