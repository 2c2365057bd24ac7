"""Define the rows *By segment* of the dashboards *Retention*, *Response times* and *Promises and causes*."""

from dataclasses import replace

from grafana.charts import Chart, Query, business
from grafana.units import COUNT, MONEY, POINTS, RATIO, SECONDS, Unit

#: Text without data. The series exist for the windows of `segment_windows` alone.
_NONE = "no [[segments]] in the configuration, or $window is not in segment_windows"
_NO_CUSTOMERS = "only [[segments]] of customers have it, in the windows of segment_windows"
_NO_TICKETS = "no [[segments]] of customers or tickets in the configuration"
_FEW = "A ratio, mean or score over fewer than min_cell is missing, so that no number describes single customers."


def _chart(
    title: str, unit: Unit, metric: str, do: str, *, window: str = "$window", legend: str = "", **labels: str
) -> Chart:
    """Return a chart with a line for each value of the chosen segment."""
    query = business(f"retention_segment_{metric}", segment="$segment", window=window, **labels)
    return Chart(
        title=f"{title} by $segment, {window}",
        unit=unit,
        width=8,
        queries=(Query(query, f"{{{{value}}}}{legend}"),),
        empty=_NONE,
        undefined="fewer than min_cell",
        means=_FEW,
        do=do,
    )


def _of_customers(chart: Chart) -> Chart:
    return replace(chart, empty=_NO_CUSTOMERS)


def _of_tickets(chart: Chart) -> Chart:
    return replace(chart, empty=_NO_TICKETS)


RETENTION = (
    _of_customers(
        _chart(
            "Customers who stayed",
            RATIO,
            "rate_ratio",
            "If one line falls and the others hold, look for what changed for these customers alone.",
        )
    ),
    _of_customers(
        _chart(
            "Churn",
            RATIO,
            "churn_ratio",
            "List the lost customers of the highest line: /customers?set=lost&window=30d&segment=NAME:VALUE.",
        )
    ),
    _of_customers(
        _chart(
            "Customers at the start",
            COUNT,
            "customers",
            "If the shares of the lines change, total churn changes with them, although no line's churn did.",
            set="start",
        )
    ),
    _chart(
        "Net revenue",
        MONEY,
        "net_revenue",
        "If a line with high churn grows, revenue will follow its churn later.",
        legend=" {{currency}}",
    ),
    _chart(
        "Order value",
        MONEY,
        "average_order_value",
        "If a line falls while its revenue rises, a discount pays for the orders.",
        legend=" {{currency}}",
    ),
    _of_customers(
        _chart(
            "Net promoter score",
            POINTS,
            "nps",
            "Read the newest answers of the lowest line first.",
        )
    ),
)

RESPONSE_TIMES = tuple(
    replace(chart, width=6)
    for chart in (
        _of_tickets(
            _chart(
                "First response by an agent",
                SECONDS,
                "first_response_mean_seconds",
                "The mean, in calendar time. If one line is slow, ask for agents who can serve these customers.",
                window="$segment_window",
            )
        ),
        _of_tickets(
            _chart(
                "Human response targets missed",
                RATIO,
                "sla_breach_ratio",
                "List these tickets: /tickets?breached&window=30d&sla=first_human_response&segment=NAME:VALUE.",
                window="$segment_window",
                sla="first_human_response",
            )
        ),
        _of_tickets(
            _chart(
                "Resolution targets missed",
                RATIO,
                "sla_breach_ratio",
                "If only this line is high, and responses are in time, the cases are harder, or wait for others.",
                window="$segment_window",
                sla="resolution",
            )
        ),
        _of_customers(
            _chart(
                "Satisfied",
                RATIO,
                "csat_ratio",
                "If a line is low although its responses are in time, their content is the problem.",
                window="$segment_window",
            )
        ),
    )
)

PROMISES = (
    replace(
        _chart(
            "Delivered on time",
            RATIO,
            "on_time_delivery_ratio",
            "Check the carrier and the promised times of the lowest line.",
        ),
        width=12,
    ),
    replace(
        _chart(
            "Orders refunded",
            RATIO,
            "refund_ratio",
            "Ask the customers of the highest line why they return goods.",
        ),
        width=12,
    ),
)
