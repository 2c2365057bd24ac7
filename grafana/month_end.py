"""Define the dashboard *Month end*: a closed period as it was closed, as known now, and the difference."""

from grafana.charts import Board, Chart, Query, Row, business
from grafana.status import STATUS
from grafana.units import COUNT, MONEY, POINTS, RATIO, Unit

_NONE = "no closed period: kinds in [periods], and close_after since its end"
_CHOSEN = {"kind": "$period_kind", "period": "$period"}
_BOTH = "as_closed|as_now"


def _values(metric: str, basis: str = _BOTH) -> str:
    """Return the query of a metric of the chosen period."""
    return business(metric, **_CHOSEN, basis=basis)


def _difference(metric: str) -> str:
    """Return the query of what a metric is now, less what it was at the close."""
    return f"{_values(metric, 'as_now')} - ignoring (basis) {_values(metric, 'as_closed')}"


def _restated(title: str, unit: Unit, legend: str, *metrics: str, do: str) -> Chart:
    queries = tuple(Query(_difference(metric), legend, unit) for metric in metrics)
    return Chart(title=title, unit=unit, kind="stat", width=6, height=6, queries=queries, empty=_NONE, do=do)


def _bars(title: str, unit: Unit, *queries: Query, do: str) -> Chart:
    return Chart(
        title=title, unit=unit, kind="bargauge", width=8, height=12, queries=queries, empty=_NONE, do=do
    )


def _number(title: str, unit: Unit, *queries: Query, do: str) -> Chart:
    return Chart(title=title, unit=unit, kind="stat", width=8, height=5, queries=queries, empty=_NONE, do=do)


VALUES = (
    _bars(
        "Customers",
        COUNT,
        Query(_values("retention_period_customers"), "{{set}} {{basis}}"),
        do="Report as_closed, and use as_now to learn: if both differ, the causes are below.",
    ),
    _bars(
        "Rates",
        RATIO,
        Query(_values("retention_period_rate_ratio"), "{{method}} {{basis}}"),
        Query(_values("retention_period_churn_ratio"), "churn {{basis}}"),
        Query(_values("retention_period_refund_ratio"), "refunded {{basis}}"),
        Query(_values("retention_period_csat_ratio"), "satisfied {{basis}}"),
        do="If a rate moves after the close, close later: raise close_after until most late events are in.",
    ),
    _bars(
        "Targets missed",
        RATIO,
        Query(_values("retention_period_sla_breach_ratio"), "{{sla}} {{basis}}"),
        do="If a target is missed more often than in the period before, look at it on Response times.",
    ),
    _number(
        "Net revenue",
        MONEY,
        Query(_values("retention_period_net_revenue"), "{{basis}} {{currency}}"),
        Query(_values("retention_period_average_order_value"), "an order, {{basis}} {{currency}}"),
        do="Compare as_closed with the books: a later refund lowers as_now alone.",
    ),
    _number(
        "Orders",
        COUNT,
        Query(_values("retention_period_orders"), "{{basis}}"),
        do="If as_now is lower, orders of the period were cancelled or fully refunded after the close.",
    ),
    _number(
        "NPS",
        POINTS,
        Query(_values("retention_period_nps"), "{{basis}}"),
        do="A few answers move the score by several points: compare periods with many answers.",
    ),
)

DIFFERENCE = (
    _restated(
        "Customers restated",
        COUNT,
        "{{set}}",
        "retention_period_customers",
        do="If lost falls after the close, orders came late: find their source, or raise close_after.",
    ),
    _restated(
        "Churn restated",
        RATIO,
        "churn",
        "retention_period_churn_ratio",
        do="If the difference is as large as the change between two periods, do not compare them as closed.",
    ),
    _restated(
        "Revenue restated",
        MONEY,
        "{{currency}}",
        "retention_period_net_revenue",
        do="If it is far below 0, refunds come later than close_after: reserve for them in the report.",
    ),
    Chart(
        title="Changes since the close",
        unit=COUNT,
        kind="bargauge",
        width=6,
        height=6,
        queries=(Query(business("retention_period_changes", **_CHOSEN), "{{cause}}"),),
        empty="no change since the close",
        do="late: speed the source up. configuration: reopen the period if the new definitions should hold for it.",
    ),
)

PERIODS = (
    Chart(
        title="Churn by $period_kind, as closed",
        unit=RATIO,
        kind="bargauge",
        width=8,
        height=12,
        queries=(
            Query(
                business("retention_period_churn_ratio", kind="$period_kind", basis="as_closed"), "{{period}}"
            ),
        ),
        empty=_NONE,
        do="A month varies by season: compare it with the same month of the year before.",
    ),
    _bars(
        "Net revenue by $period_kind, as closed",
        MONEY,
        Query(
            business("retention_period_net_revenue", kind="$period_kind", basis="as_closed"),
            "{{period}} {{currency}}",
        ),
        do="These are the numbers of the reports; a later refund does not change them.",
    ),
    Chart(
        title="Changes since the close by $period_kind",
        unit=COUNT,
        kind="bargauge",
        width=8,
        height=12,
        queries=(Query(business("retention_period_changes", kind="$period_kind"), "{{period}} {{cause}}"),),
        empty="no change since the close",
        do="If every period has many late facts, raise close_after. If one has, look for what happened then.",
    ),
)

BOARD = Board(
    uid="retention-month-end",
    title="Month end",
    description="A closed week, month, quarter or year as it was closed, as known now, and why both differ.",
    rows=(
        STATUS,
        Row("$period_kind $period, as closed and as now", VALUES),
        Row("Difference: as now less as closed", DIFFERENCE),
        Row("Periods", PERIODS),
    ),
    variables=("period_kind", "period"),
    span="now-30d",
    alerts=("RetentionChurnRising",),
)
