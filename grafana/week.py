"""Define the dashboard *The week*: this week compared with the week before and with a year ago."""

from grafana.charts import PAST, Board, Chart, Query, Row, business, recorded
from grafana.status import STATUS
from grafana.units import COUNT, DATE, MONEY, POINTS, RATIO, SECONDS, Unit

WEEK = "7d"
TIMES = (("", "this week"), ("1w", "the week before"), ("52w", "a year ago"))
#: Age of a comparison -> its seconds, and the step at which Prometheus is searched for its first number.
AGES = {"1w": (7 * 86400, "1h"), "52w": (364 * 86400, "6h")}
NO_NUMBER = "no number yet"


def _begins(offset: str, without: str) -> str:
    """Return the query of when a comparison begins, in milliseconds, while `without` is empty."""
    seconds, step = AGES[offset]
    first = f"timestamp({recorded('job:retention_as_of_timestamp_seconds:held')})"
    return f"1000 * ({seconds} + min_over_time({first}[{offset}:{step}])) unless on (job) ({without})"


def _times(metric: str, unit: Unit, **labels: str) -> list[tuple[str, Query]]:
    """Return (age, query) of this week, of the week before and of a year ago."""
    currency = ", {{currency}}" if unit == MONEY else ""
    return [
        (offset, Query(business(metric, offset=offset, window=WEEK, **labels), legend + currency))
        for offset, legend in TIMES
    ]


def _compared(
    title: str, unit: Unit, do: str, metric: str, decimals: int | None = None, **labels: str
) -> Chart:
    times = _times(metric, unit, **labels)
    words = dict(TIMES)
    begins = (
        Query(_begins(offset, query.expr), f"{words[offset]}: from", stated=DATE)
        for offset, query in times
        if offset
    )
    return Chart(
        title=title,
        unit=unit,
        kind="stat",
        width=8,
        height=5,
        decimals=decimals,
        queries=(*(query for _, query in times), *begins),
        empty=NO_NUMBER,
        means="An empty comparison shows from when on there will be one.",
        do=do,
    )


CUSTOMERS = (
    _compared("Active customers", COUNT, "Compare with a year ago, because weeks differ by season.", "retention_customers",
             set="end"),
    _compared("New customers", COUNT, "If it is below both, review marketing.", "retention_customers", set="new"),
    _compared("Customers who stayed", RATIO, "If it is below both, open Promises and causes.", "retention_rate_ratio", 1,
             method="cohort"),
)  # fmt: skip

SALES = (
    _compared("Orders", COUNT, "If orders fall and customers do not, customers buy less often.", "retention_orders"),
    _compared("Net revenue", MONEY, "If revenue falls and orders do not, orders are smaller.", "retention_net_revenue"),
    _compared("Orders refunded", RATIO, "An alert fires at a quarter above the week before.", "retention_refund_ratio", 1,
             basis="orders"),
)  # fmt: skip

SERVICE = (
    _compared("First human response, mean", SECONDS, "If it is longer than both, plan next week's shifts by it.",
             "retention_first_response_mean_seconds", clock="calendar", by="human", priority="all"),
    _compared("First responses too late", RATIO, "Above 5 % it uses up next month's budget.", "retention_sla_breach_ratio", 1,
             sla="first_response", priority="all"),
    _compared("Net promoter score", POINTS, "Read ten answers of this week.", "retention_nps", 0),
)  # fmt: skip

OVER_TIME = tuple(
    Chart(
        title=title,
        unit=unit,
        width=8,
        from_zero=unit != RATIO,
        queries=tuple(query for _, query in _times(metric, unit, **labels)),
        empty=NO_NUMBER,
        means=f"Each point covers the seven days before it. {PAST}",
        do=do,
    )
    for title, unit, metric, labels, do in (
        (
            "Orders, day by day",
            COUNT,
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
            {"clock": "calendar", "by": "human", "priority": "all"},
            "A rise on the same day every week points to shifts, a single rise to an incident.",
        ),
    )
)

BOARD = Board(
    uid="retention-week",
    title="The week",
    description="This week compared with the week before and with a year ago.",
    rows=(
        STATUS,
        Row("Customers", CUSTOMERS),
        Row("Sales", SALES),
        Row("Service", SERVICE),
        Row("Day by day", OVER_TIME),
    ),
    alerts=(
        "RetentionChurnRising",
        "RetentionNpsFalling",
        "RetentionRefundsRising",
        "RetentionDeliveriesOverdueRising",
        "RetentionFirstResponseBudgetEroding",
        "RetentionFirstHumanResponseBudgetEroding",
        "RetentionNextResponseBudgetEroding",
    ),
)
