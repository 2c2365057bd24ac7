"""Define the dashboard *The week*: this week compared with the week before and with a year ago."""

from grafana.charts import MONEY, NUMBER, RATIO, SECONDS, Board, Chart, Query, business

WEEK = "7d"
TIMES = (("", "this week"), ("1w", "the week before"), ("52w", "a year ago"))
TOO_SHORT = "Prometheus has no data that old"


def _compared(
    title: str, unit: str, do: str, metric: str, decimals: int | None = None, **labels: str
) -> Chart:
    return Chart(
        title=title,
        unit=unit,
        kind="stat",
        width=8,
        height=5,
        decimals=decimals,
        queries=tuple(
            Query(business(metric, offset=offset, window=WEEK, **labels), legend) for offset, legend in TIMES
        ),
        empty=TOO_SHORT,
        do=do,
    )


CUSTOMERS = (
    _compared("Active customers", "short", "Compare with a year ago, because weeks differ by season.", "retention_customers",
             set="end"),
    _compared("New customers", "short", "If it is below both, review marketing.", "retention_customers", set="new"),
    _compared("Customers who stayed", RATIO, "If it is below both, open Promises and causes.", "retention_rate_ratio", 1,
             method="cohort"),
)  # fmt: skip

SALES = (
    _compared("Orders", "short", "If orders fall and customers do not, customers buy less often.", "retention_orders"),
    _compared("Net revenue", MONEY, "If revenue falls and orders do not, orders are smaller.", "retention_net_revenue"),
    _compared("Orders refunded", RATIO, "An alert fires at a quarter above the week before.", "retention_refund_ratio", 1,
             basis="orders"),
)  # fmt: skip

SERVICE = (
    _compared("First human response, mean", SECONDS, "If it is longer than both, plan next week's shifts by it.",
             "retention_first_response_mean_seconds", by="human", priority="all"),
    _compared("First responses too late", RATIO, "Above 5 % it uses up next month's budget.", "retention_sla_breach_ratio", 1,
             sla="first_response", priority="all"),
    _compared("Net promoter score", NUMBER, "Read ten answers of this week.", "retention_nps", 0),
)  # fmt: skip

OVER_TIME = tuple(
    Chart(
        title=title,
        unit=unit,
        width=8,
        queries=tuple(
            Query(business(metric, offset=offset, window=WEEK, **labels), legend) for offset, legend in TIMES
        ),
        empty=TOO_SHORT,
        means="Each point covers the seven days before it.",
        do=do,
    )
    for title, unit, metric, labels, do in (
        (
            "Orders, day by day",
            "short",
            "retention_orders",
            {},
            "Where the lines diverge, find the events of that day.",
        ),
        (
            "Customers who stayed, day by day",
            RATIO,
            "retention_rate_ratio",
            {"method": "cohort"},
            "A step points to an event on that day, a slope to a lasting cause.",
        ),
        (
            "First human response, day by day",
            SECONDS,
            "retention_first_response_mean_seconds",
            {"by": "human", "priority": "all"},
            "A rise on the same day every week points to shifts, a single rise to an incident.",
        ),
    )
)

BOARD = Board(
    uid="retention-week",
    title="The week",
    description="This week compared with the week before and with a year ago.",
    rows=(("Customers", CUSTOMERS), ("Sales", SALES), ("Service", SERVICE), ("Day by day", OVER_TIME)),
    alerts=(
        "RetentionChurnRising",
        "RetentionNpsFalling",
        "RetentionRefundsRising",
        "RetentionDeliveriesOverdueRising",
        "RetentionFirstResponseBudgetEroding",
        "RetentionFirstHumanResponseBudgetEroding",
    ),
)
