"""The rows by segment choose one segment, and say how to configure one where there is none."""

import json
from pathlib import Path

import pytest

from models.metrics.segment_series import CATALOGUE
from tests.support.prometheus_server import all_panels

DASHBOARDS = Path(__file__).parents[2] / "grafana" / "dashboards"
WINDOWS = {
    "retention-overview": "$window",
    "retention-promises": "$window",
    "retention-response-times": "$segment_window",
}


def panels(uid):
    board = json.loads((DASHBOARDS / f"{uid}.json").read_text(encoding="utf-8"))
    return [panel for panel in all_panels(board) if "$segment" in panel["title"]]


@pytest.mark.parametrize(("uid", "window"), WINDOWS.items())
def test_panel_shows_the_values_of_the_chosen_segment(uid, window):
    assert panels(uid)
    for panel in panels(uid):
        [target] = panel["targets"]
        assert f'segment=~"$segment", window=~"{window}"' in target["expr"]
        assert "{{value}}" in target["legendFormat"]


@pytest.mark.parametrize("uid", WINDOWS)
def test_empty_panel_names_the_setting(uid):
    for panel in panels(uid):
        assert "[[segments]]" in panel["fieldConfig"]["defaults"]["noValue"]


@pytest.mark.parametrize("uid", WINDOWS)
def test_missing_value_is_one_over_too_few(uid):
    for panel in panels(uid):
        [undefined, *_] = panel["fieldConfig"]["defaults"]["mappings"]
        assert undefined["options"]["result"]["text"] == "fewer than min_cell"


def test_every_metric_by_segment_is_on_a_dashboard():
    shown = "".join(target["expr"] for uid in WINDOWS for panel in panels(uid) for target in panel["targets"])
    assert [metric for metric in CATALOGUE if f"{metric}{{" not in shown] == ["retention_segment_orders"]
