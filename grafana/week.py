"""*The week*: this against the last, and against a year ago."""

from grafana.charts import MONEY, NUMBER, RATIO, SECONDS, Board, Chart, Query, business

WEEK = "7d"
TIMES = (("", "this week"), ("1w", "the week before"), ("52w", "a year ago"))
YOUNG = "Prometheus is younger than this"


def _against(
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
        empty=YOUNG,
        do=do,
    )


CUSTOMERS = (
    _against("Active customers", "short", "Against a year ago, not last week: weeks differ.", "retention_customers",
             set="end"),
    _against("New customers", "short", "Below both: marketing's question for Monday.", "retention_customers", set="new"),
    _against("Customers who stayed", RATIO, "Below both: start with Promises and causes.", "retention_rate_ratio", 1,
             method="cohort"),
)  # fmt: skip

SALES = (
    _against("Orders", "short", "Fewer orders and as many customers: they buy less often.", "retention_orders"),
    _against("Net revenue", MONEY, "Compare with orders: if only revenue fell, baskets shrank.", "retention_net_revenue"),
    _against("Orders refunded", RATIO, "A quarter above the week before raises an alert.", "retention_refund_ratio", 1,
             basis="orders"),
)  # fmt: skip

SERVICE = (
    _against("First human response, mean", SECONDS, "Longer than both: plan next week's shifts with it.",
             "retention_first_response_mean_seconds", by="human", priority="all"),
    _against("First responses too late", RATIO, "Above 5 % eats next month's budget.", "retention_sla_breach_ratio", 1,
             sla="first_response", priority="all"),
    _against("Net promoter score", NUMBER, "Read ten answers of this week before the meeting.", "retention_nps", 0),
)  # fmt: skip

OVER_TIME = tuple(
    Chart(
        title=title,
        unit=unit,
        width=8,
        queries=tuple(
            Query(business(metric, offset=offset, window=WEEK, **labels), legend) for offset, legend in TIMES
        ),
        empty=YOUNG,
        means="Each day's line is the seven days that end there.",
        do=do,
    )
    for title, unit, metric, labels, do in (
        (
            "Orders, day by day",
            "short",
            "retention_orders",
            {},
            "Where the lines part, look what happened that day.",
        ),
        (
            "Customers who stayed, day by day",
            RATIO,
            "retention_rate_ratio",
            {"method": "cohort"},
            "A step is a day, a slope is a cause: look for each in its own place.",
        ),
        (
            "First human response, day by day",
            SECONDS,
            "retention_first_response_mean_seconds",
            {"by": "human", "priority": "all"},
            "The days that rise every week are shifts; a single one is an incident.",
        ),
    )
)

BOARD = Board(
    uid="retention-week",
    title="The week",
    description="This week against the last, and a year ago: for the Monday meeting.",
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
