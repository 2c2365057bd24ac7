"""Describe a dashboard as data: charts with queries, definitions and instructions. `build` renders the JSON."""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from grafana.definitions import DEFINITIONS
from grafana.units import DATE, MONEY, Unit, unit_of

SUFFIXES = re.compile(r"_(bucket|sum|count)$")
METRIC = re.compile(r"\b(?:job:)?(retention_\w+|up)(?=[:{\s)\[]|$)")
SOURCES = {  # recorded name -> the exported metric that it is computed from
    "retention_sla_budget_burn": "retention_sla_breach_ratio",
    "retention_churn_effect": "retention_channel_rate_ratio",
    **{
        f"retention_stratum_{part}": "retention_channel_rate_ratio"
        for part in ("start", "lost", "weight", "churn", "whole")
    },
    "retention_workers": "up",
    "retention_worker_events": "retention_worker_events_total",
}
#: Text of a ratio, a mean or a score over nothing.
NO_DENOMINATOR = "denominator is 0"
#: A part of the description of a chart whose axis begins elsewhere.
CROPPED = "The axis does not begin at 0."
#: A part of the description of a chart with lines that compare.
PAST = "A comparison begins as soon as Prometheus has a past of its length: The week says from when on."


@dataclass(frozen=True)
class Limit:
    """The values at which the colour changes. Red is the threshold of the alert on the same number.

    Attributes:
        value: red beyond it; None without a red step.
        bad_above: whether larger values are worse.
        amber: amber beyond it; None without an amber step.
    """

    value: float | None
    bad_above: bool = True
    amber: float | None = None


@dataclass(frozen=True)
class Query:
    """One query of a panel.

    Attributes:
        expr: PromQL.
        legend: name of each series, with `{{label}}` as a placeholder.
        stated: unit of a calculation; None where `units.unit_of` knows it. A unit that differs from the
            chart's has an axis of its own, on the right.
        limit: threshold of these series alone.
    """

    expr: str
    legend: str
    stated: Unit | None = None
    limit: Limit | None = None

    @property
    def unit(self) -> Unit:
        """The unit of the series."""
        return self.stated or unit_of(self.expr)

    def metrics(self) -> set[str]:
        """Return the exported metrics that the query uses: the ratio for a denominator, the histogram for a bucket."""
        names = (SUFFIXES.sub("", name) for name in METRIC.findall(self.expr))
        return {SOURCES.get(name, name.replace("_denominator", "_ratio")) for name in names}


class Grid(NamedTuple):
    """How the series of a query become a table of cells.

    Attributes:
        row: label with the name of a row.
        column: label with the name of a column.
        columns: the names of all possible columns, from the left.
    """

    row: str
    column: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """One panel.

    Attributes:
        title: the number that the panel shows.
        unit: the unit of its axis.
        do: advice for the reader; the last paragraph of the description.
        queries: at least one query.
        kind: `timeseries`, `stat`, `bargauge`, `states` (a bar of words over time), `table`, `grid` (a table
            of coloured cells), `columns` (bars for the columns of a grid, over its rows), or `effects` (bars
            to both sides of 0, the largest value first).
        width: columns, of 24.
        height: rows.
        limit: the alert's threshold.
        opens: the dashboard that the panel links to.
        from_zero: whether the axis begins where the unit does.
        alert: the alert whose runbook section the panel links to.
        empty: text without data, instead of "No data".
        undefined: text of a NaN.
        means: definition of the panel, where those of the metrics are not enough.
        decimals: digits after the point; None for Grafana's choice.
        exemplars: whether exemplars are shown as dots.
        grid: rows and columns of a `grid` or of `columns`, whose rows are numbers.
    """

    title: str
    unit: Unit
    do: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    limit: Limit | None = None
    opens: str | None = None
    from_zero: bool = True
    alert: str | None = None
    empty: str = "nothing yet"
    undefined: str = NO_DENOMINATOR
    means: str = ""
    decimals: int | None = None
    exemplars: bool = False
    grid: Grid | None = None

    def __post_init__(self) -> None:
        """Check that each axis has one unit, and money its currency.

        Raises:
            ValueError: it has not.
        """
        others = {query.unit for query in self.queries} - {self.unit, DATE}
        if len(others) > (self.kind == "timeseries"):
            raise ValueError(f"{self.title}: {self.unit} beside {others}")
        for query in self.queries:
            if query.unit == MONEY and "{{currency}}" not in query.legend:
                raise ValueError(f"{self.title}: {query.legend} has no currency")

    def description(self) -> str:
        """Return the definitions of the metrics shown, then the advice."""
        names = dict.fromkeys(name for query in self.queries for name in sorted(query.metrics()))
        quoted = [f'"{DEFINITIONS[name]}"' for name in names if name in DEFINITIONS]
        cropped = "" if self.from_zero else CROPPED
        return "\n\n".join([*filter(None, [self.means, cropped]), *quoted, self.do])

    def restricted_to(self, exported: AbstractSet[str]) -> "Chart | None":
        """Return the chart with the queries on exported metrics only; None if no query remains."""
        queries = tuple(query for query in self.queries if query.metrics() <= exported)
        return replace(self, queries=queries) if queries else None


class Row(NamedTuple):
    """A row of charts with a title.

    Attributes:
        title: title of the row; empty for none.
        charts: the charts, from the left.
        collapsed: whether the row shows only its title at first.
    """

    title: str
    charts: tuple[Chart, ...]
    collapsed: bool = False


@dataclass(frozen=True)
class Board:
    """One dashboard: rows of charts.

    Attributes:
        uid: Grafana's id of the dashboard, part of its URL.
        title: name of the dashboard.
        description: the questions that it answers.
        rows: the rows, from the top.
        variables: variables beside `job`: keys of `build.SINGLE` or `build.MULTIPLE`.
        span: start of the default time range, as `now-7d`.
        alerts: alerts that are annotated on the panels.
    """

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
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
