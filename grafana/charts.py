"""Describe a dashboard as data: charts with queries, definitions and instructions. `build` renders the JSON."""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from grafana.definitions import DEFINITIONS

SUFFIXES = re.compile(r"_(bucket|sum|count)$")
METRIC = re.compile(r"\b(?:job:)?(retention_\w+|up)(?=[:{\s)\[]|$)")
SOURCES = {  # recorded name -> the exported metric that it is computed from
    "retention_sla_budget_burn": "retention_sla_breach_ratio",
    "retention_workers": "up",
    "retention_worker_events": "retention_worker_events_total",
}
RATIO, SECONDS, COUNT, MONEY, NUMBER = "percentunit", "s", "short", "short", "none"


@dataclass(frozen=True)
class Query:
    """One query of a panel.

    Attributes:
        expr: PromQL.
        legend: name of each series, with `{{label}}` as a placeholder.
        own_axis: whether the series have an axis of numbers of their own, on the right.
    """

    expr: str
    legend: str
    own_axis: bool = False

    def metrics(self) -> set[str]:
        """Return the exported metrics that the query uses: the ratio for a denominator, the histogram for a bucket."""
        names = (SUFFIXES.sub("", name) for name in METRIC.findall(self.expr))
        return {SOURCES.get(name, name.replace("_denominator", "_ratio")) for name in names}


@dataclass(frozen=True)
class Limit:
    """The value at which the colour changes. It is the threshold of the alert on the same number."""

    value: float
    bad_above: bool = True


@dataclass(frozen=True)
class Chart:
    """One panel.

    Attributes:
        title: the number that the panel shows.
        unit: Grafana's name of the unit.
        do: advice for the reader; the last paragraph of the description.
        queries: at least one query.
        kind: `timeseries`, `stat` or `bargauge`.
        width: columns, of 24.
        height: rows.
        limit: the alert's threshold.
        alert: the alert whose runbook section the panel links to.
        empty: text without data, instead of "No data".
        means: definition of the panel, where those of the metrics are not enough.
        decimals: digits after the point; None for Grafana's choice.
        exemplars: whether exemplars are shown as dots.
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
        """Return the definitions of the metrics shown, then the advice."""
        names = dict.fromkeys(name for query in self.queries for name in sorted(query.metrics()))
        quoted = [f'"{DEFINITIONS[name]}"' for name in names if name in DEFINITIONS]
        return "\n\n".join([*filter(None, [self.means]), *quoted, self.do])

    def restricted_to(self, exported: AbstractSet[str]) -> "Chart | None":
        """Return the chart with the queries on exported metrics only; None if no query remains."""
        queries = tuple(query for query in self.queries if query.metrics() <= exported)
        return replace(self, queries=queries) if queries else None


@dataclass(frozen=True)
class Board:
    """One dashboard: rows of charts.

    Attributes:
        uid: Grafana's id of the dashboard, part of its URL.
        title: name of the dashboard.
        description: the questions that it answers.
        rows: (title, charts) of each row.
        variables: variables beside `job`: keys of `build.SINGLE` or `build.MULTIPLE`.
        span: start of the default time range, as `now-7d`.
        alerts: alerts that are annotated on the panels.
    """

    uid: str
    title: str
    description: str
    rows: tuple[tuple[str, tuple[Chart, ...]], ...]
    variables: tuple[str, ...] = ()
    span: str = "now-7d"
    alerts: tuple[str, ...] = field(default=())


def business(metric: str, aggregate: str = "max", offset: str = "", **labels: str) -> str:
    """Return the query of a business series, independent of the worker that exports it.

    Args:
        metric: name of the metric.
        aggregate: PromQL aggregation over the workers.
        offset: age of the values, as `1w`.
        labels: label -> value. `$x` is a variable, `a|b` matches either value.
    """
    selector = "".join(f', {name}{_operator(value)}"{value}"' for name, value in labels.items())
    shift = f" offset {offset}" if offset else ""
    return f'{aggregate} without (instance) ({metric}{{job=~"$job"{selector}}}{shift})'


def recorded(name: str, **labels: str) -> str:
    """Return the query of a series of the recording rules."""
    selector = "".join(f', {label}{_operator(value)}"{value}"' for label, value in labels.items())
    return f'{name}{{job=~"$job"{selector}}}'


def worker(metric: str, wrap: Callable[[str], str] = str) -> str:
    """Return the query of an operational series of the chosen workers."""
    return wrap(f'{metric}{{job=~"$job", instance=~"$instance"}}')


def rate(metric: str) -> str:
    """Return the rate per second of a counter, over the interval that fits the data source's scrape interval."""
    return worker(metric, lambda series: f"rate({series}[$__rate_interval])")


def _operator(value: str) -> str:
    return "=~" if "|" in value or "$" in value or ".+" in value else "="
