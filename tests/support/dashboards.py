"""The generated dashboards and rules, and marks that run a test for each dashboard or panel."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from grafana_foundation_sdk.models import units

from tests.support.prometheus_server import all_panels

ROOT: Final = Path(__file__).parents[2]
FILES: Final = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
BOARDS: Final[dict[str, dict[str, Any]]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES
}
#: Each panel that is no row, with its dashboard.
PANELS: Final = [
    pytest.param(board, panel, id=f"{uid}: {panel['title']}")
    for uid, board in BOARDS.items()
    for panel in all_panels(board)
    if panel["type"] != "row"
]
each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
each_panel = pytest.mark.parametrize(("board", "panel"), PANELS)
each_panel_only = pytest.mark.parametrize("panel", [pytest.param(p.values[1], id=p.id) for p in PANELS])
UNITS: Final = {value for name, value in vars(units).items() if name.isupper() or isinstance(value, str)}
#: A series in a query, and its selector.
SELECTOR: Final = re.compile(r"((?:[a-z]+:)?(?:retention_\w+|up)(?::\w+)?)(\{[^}]*\})?")
#: Alert or recorded series -> its rule.
RULES: Final[dict[str, dict[str, Any]]] = {
    rule.get("alert") or rule["record"]: rule
    for name in ("recording", "alerts")
    for group in yaml.safe_load((ROOT / "prometheus" / "rules" / f"{name}.yml").read_text())["groups"]
    for rule in group["rules"]
}
ALERTS: Final = {name: rule for name, rule in RULES.items() if "alert" in rule}
#: Rule of the linter -> its exceptions.
LINT: Final[dict[str, Any]] = yaml.safe_load((ROOT / "grafana" / "dashboards" / ".lint").read_text())[
    "exclusions"
]


def excluded(rule: str, board: Mapping[str, Any], panel: str | None = None) -> bool:
    """Return whether a rule of the linter has an exception for a dashboard or its panel."""
    return any(
        entry["dashboard"] == board["title"] and entry.get("panel") in {None, panel}
        for entry in LINT[rule]["entries"]
    )


def variables(board: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return name -> variable of a dashboard."""
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def expressions(panel: Mapping[str, Any]) -> list[str]:
    """Return the queries of a panel."""
    return [target["expr"] for target in panel["targets"]]
