"""The demo's live view: retention, response times and the pipeline in a terminal."""

import math
from datetime import UTC, datetime

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.scrape import Scrape
from streams.simulator.live import Progress

#: A number over nothing.
_NOTHING = "-"

_WINDOWS = ("7d", "30d", "90d", "365d")
_RESPONSE_WINDOWS = ("1h", "24h", "7d", "30d")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def render(
    progress: Progress | None, scrape: Scrape | None, earlier: Scrape | None, url: str
) -> RenderableType:
    """Draw all that is known so far; latencies are those since `earlier`, and `url` is the worker's."""
    parts: list[RenderableType] = [_headline(progress, url)]
    if scrape is not None:
        parts += [
            _retention(scrape),
            Columns([_responses(scrape), _feedback(scrape)], expand=True),
            _pipeline(scrape, earlier),
        ]
    return Group(*parts)


def _headline(progress: Progress | None, url: str) -> RenderableType:
    where = Text.assemble(
        "Live page: ", (f"{url}/", "bold cyan"), "   for Prometheus: ", (f"{url}/metrics", "bold cyan"),
        "   stop with Ctrl-C", style="dim",
    )  # fmt: skip
    if progress is None:
        return Group(Text("The shop opens ...", style="bold"), where)
    if progress.live:
        return Group(Text(f"Live: {progress.sent:,} events sent so far", style="bold green"), where)
    day = datetime.fromtimestamp(progress.at, UTC).date().isoformat()
    line = Table.grid(padding=(0, 1))
    line.add_row(
        Text("18 months of history", style="bold"),
        ProgressBar(progress.end - progress.start, progress.at - progress.start, width=40),
        f"{day}  {progress.sent:,} events  {progress.rate:,.0f}/s",
    )
    return Group(line, where)


def _retention(scrape: Scrape) -> RenderableType:
    table = Table(title="Retention: who bought again", title_justify="left", expand=True)
    for name in (
        "window", "retention", "textbook", "churn", "active before", "kept", "lost", "reactivated", "new"
    ):  # fmt: skip
        table.add_column(name, justify="right")
    for window in _WINDOWS:
        people = {
            name: scrape.value("retention_customers", window=window, set=name)
            for name in ("start", "retained", "lost", "reactivated", "new")
        }
        table.add_row(
            window,
            Text(_share(scrape.value("retention_rate_ratio", window=window, method="cohort")), "bold green"),
            _share(scrape.value("retention_rate_ratio", window=window, method="textbook")),
            Text(_share(scrape.value("retention_churn_ratio", window=window)), "bold red"),
            *(_count(people[name]) for name in ("start", "retained", "lost", "reactivated", "new")),
        )
    return table


def _responses(scrape: Scrape) -> RenderableType:
    table = Table(title="Response times (a human's)", title_justify="left", expand=True)
    for name in ("window", "first, half", "first, 90 %", "resolved, half"):
        table.add_column(name, justify="right")
    for window in _RESPONSE_WINDOWS:
        labels = {"window": window, "priority": "all"}
        table.add_row(
            window,
            *(
                _duration(scrape.value("retention_first_response_seconds", by="human", quantile=q, **labels))
                for q in ("0.5", "0.9")
            ),
            _duration(scrape.value("retention_resolution_seconds", kind="first", quantile="0.5", **labels)),
        )
    return table


def _feedback(scrape: Scrape) -> RenderableType:
    table = Table(title="What customers say", title_justify="left", expand=True)
    for name in ("window", "NPS", "effort (CES)", "CSAT", "rating", "refunded orders"):
        table.add_column(name, justify="right")
    for window in _WINDOWS:
        table.add_row(
            window,
            _number(scrape.value("retention_nps", window=window), 0),
            _number(scrape.value("retention_ces", window=window), 2),
            _share(scrape.value("retention_csat_ratio", window=window)),
            _number(scrape.value("retention_review_rating", window=window), 2),
            _share(scrape.value("retention_refund_ratio", window=window, basis="orders")),
        )
    return table


def _pipeline(scrape: Scrape, earlier: Scrape | None) -> RenderableType:
    as_of = scrape.value("retention_as_of_timestamp_seconds")
    caught_up = scrape.value("retention_caught_up") == 1
    p99 = scrape.quantile("retention_worker_event_to_metric_seconds", 0.99, earlier)
    first = "the first numbers come when the history is in"
    behind = first if math.isnan(as_of) else "the last complete numbers"
    line = Text.assemble(
        ("caught up" if caught_up else f"catching up: {behind}", "green" if caught_up else "yellow"),
        f"   as of {_moment(as_of)}",
        f"   events in {_count(scrape.total('retention_worker_events_total'))}",
        f"   lag {_count(scrape.total('retention_worker_lag_records'))}",
        f"   event to metric, 99 %: within {_number(p99, 2)} s",
        f"   refused {_count(scrape.total('retention_worker_dead_letters_total'))}",
    )  # fmt: skip
    return Panel(line, title="Pipeline", title_align="left")


def _share(value: float) -> str:
    return _NOTHING if math.isnan(value) else f"{value:.1%}"


def _count(value: float) -> str:
    return _NOTHING if math.isnan(value) else f"{value:,.0f}"


def _number(value: float, digits: int) -> str:
    return _NOTHING if math.isnan(value) else f"{value:.{digits}f}"


def _moment(seconds: float) -> str:
    if math.isnan(seconds):
        return _NOTHING
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _duration(seconds: float) -> str:
    if math.isnan(seconds):
        return _NOTHING
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.1f} d"
