"""A dashboard as data: charts with queries, what they mean, what to do. `build` makes it Grafana's."""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from grafana.definitions import DEFINITIONS

SUFFIXES = re.compile(r"_(bucket|sum|count)$")
METRIC = re.compile(r"\b(?:job:)?(retention_\w+|up)(?=[:{\s)\[]|$)")
SOURCES = {  # of what the recording rules named anew
    "retention_sla_budget_burn": "retention_sla_breach_ratio",
    "retention_workers": "up",
    "retention_worker_events": "retention_worker_events_total",
}
RATIO, SECONDS, COUNT, MONEY, NUMBER = "percentunit", "s", "short", "short", "none"


@dataclass(frozen=True)
class Query:
    """PromQL and the legend of its series; `beside` the others, it has an axis of its own, of numbers."""

    expr: str
    legend: str
    beside: bool = False

    def metrics(self) -> set[str]:
        """The exported metrics it rests on: of a denominator the ratio, of a bucket the histogram."""
        names = (SUFFIXES.sub("", name) for name in METRIC.findall(self.expr))
        return {SOURCES.get(name, name.replace("_denominator", "_ratio")) for name in names}


@dataclass(frozen=True)
class Limit:
    """Where the colour turns: the threshold of the alert that guards the number."""

    value: float
    bad_above: bool = True


@dataclass(frozen=True)
class Chart:
    """One panel.

    Attributes:
        title: What it shows.
        unit: Grafana's name of the unit.
        do: What its reader does about it; ends the description, after the definitions.
        queries: At least one.
        kind: `timeseries`, `stat` or `bargauge`.
        width: Of 24.
        height: In rows.
        limit: The alert's threshold.
        alert: The alert whose runbook section the panel links to.
        empty: What it says where there is nothing, instead of "No data".
        means: Definition, where the metrics' own do not say it.
        decimals: Digits after the point, or as many as Grafana likes.
        exemplars: Whether examples of what was measured are shown as dots.
    """

    title: str
    unit: str
    do: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    limit: Limit | None = None
    alert: str | None = None
    empty: str = "nothing yet"
    means: str = ""
    decimals: int | None = None
    exemplars: bool = False

    def description(self) -> str:
        """The definitions of the metrics shown, and what to do."""
        names = dict.fromkeys(name for query in self.queries for name in sorted(query.metrics()))
        quoted = [f'"{DEFINITIONS[name]}"' for name in names if name in DEFINITIONS]
        return "\n\n".join([*filter(None, [self.means]), *quoted, self.do])

    def of(self, exported: AbstractSet[str]) -> "Chart | None":
        """Without the queries of metrics that nobody exports yet; None if none remains."""
        queries = tuple(query for query in self.queries if query.metrics() <= exported)
        return replace(self, queries=queries) if queries else None


@dataclass(frozen=True)
class Board:
    """One dashboard: rows of charts."""

    uid: str
    title: str
    description: str
    rows: tuple[tuple[str, tuple[Chart, ...]], ...]
    variables: tuple[str, ...] = ()
    span: str = "now-7d"
    alerts: tuple[str, ...] = field(default=())


def business(metric: str, aggregate: str = "max", offset: str = "", **labels: str) -> str:
    """A business series, whichever worker exports it. Labels: `$x` is a variable, `a|b` either value."""
    selector = "".join(f', {name}{_operator(value)}"{value}"' for name, value in labels.items())
    moved = f" offset {offset}" if offset else ""
    return f'{aggregate} without (instance) ({metric}{{job=~"$job"{selector}}}{moved})'


def recorded(name: str, **labels: str) -> str:
    """A series that the recording rules made."""
    selector = "".join(f', {label}{_operator(value)}"{value}"' for label, value in labels.items())
    return f'{name}{{job=~"$job"{selector}}}'


def worker(metric: str, wrap: Callable[[str], str] = str) -> str:
    """An operational series of the chosen workers."""
    return wrap(f'{metric}{{job=~"$job", instance=~"$instance"}}')


def rate(metric: str) -> str:
    """Per second, at the scrape interval that the data source knows."""
    return worker(metric, lambda series: f"rate({series}[$__rate_interval])")


def _operator(value: str) -> str:
    return "=~" if "|" in value or "$" in value or ".+" in value else "="
