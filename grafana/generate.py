"""Writes grafana/dashboards/*.json. A panel appears as soon as the worker exports what it shows.

Run: python -m grafana.generate
"""

from pathlib import Path

from grafana import customers, pipeline, promises, response_times, retention, support_now, week
from grafana.build import render
from grafana.charts import Board, Chart
from grafana.definitions import OPERATIONAL
from models.metrics.catalogue import CATALOGUE

BOARDS = tuple(
    module.BOARD for module in (retention, response_times, promises, customers, support_now, week, pipeline)
)
DASHBOARDS = Path(__file__).parent / "dashboards"
# Exported beside the catalogue, by whoever owns the roll-up.
OF_THE_WHOLE = frozenset({"retention_as_of_timestamp_seconds", "retention_caught_up"})
EXPORTED = OPERATIONAL | OF_THE_WHOLE | CATALOGUE.keys()


def shown(board: Board) -> list[tuple[str, list[Chart]]]:
    """The rows of a dashboard, without what nobody exports yet."""
    rows = [
        (title, [kept for chart in charts if (kept := chart.of(EXPORTED))]) for title, charts in board.rows
    ]
    return [(title, charts) for title, charts in rows if charts]


def files() -> dict[Path, str]:
    """Every dashboard's file and content."""
    return {DASHBOARDS / f"{board.uid}.json": render(board, shown(board)) for board in BOARDS}


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, encoding="utf-8")
        print("wrote", path.relative_to(DASHBOARDS.parents[1]))
