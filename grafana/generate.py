"""Write grafana/dashboards/*.json. A panel is included only if the worker exports its metrics.

Run: python -m grafana.generate
"""

from pathlib import Path

from grafana import (
    cohorts,
    customers,
    month_end,
    pipeline,
    promises,
    response_times,
    retention,
    support_now,
    week,
)
from grafana.build import render
from grafana.charts import Board, Row
from grafana.definitions import OPERATIONAL
from models.metrics.catalogue import CATALOGUE

BOARDS = tuple(
    module.BOARD
    for module in (
        retention,
        response_times,
        promises,
        customers,
        cohorts,
        month_end,
        support_now,
        week,
        pipeline,
    )
)
DASHBOARDS = Path(__file__).parent / "dashboards"
#: Exported by the roll-up leader, in addition to the catalogue.
ROLLUP = frozenset({"retention_as_of_timestamp_seconds", "retention_caught_up", "retention_workers_expected"})
EXPORTED = OPERATIONAL | ROLLUP | CATALOGUE.keys()


def shown(board: Board) -> list[Row]:
    """Return the rows of a dashboard, without charts whose metrics are not exported."""
    rows = [
        row._replace(charts=tuple(kept for chart in row.charts if (kept := chart.restricted_to(EXPORTED))))
        for row in board.rows
    ]
    return [row for row in rows if row.charts]


def files() -> dict[Path, str]:
    """Return path -> content of every dashboard."""
    return {DASHBOARDS / f"{board.uid}.json": render(board, shown(board)) for board in BOARDS}


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, encoding="utf-8")
        print("wrote", path.relative_to(DASHBOARDS.parents[1]))
