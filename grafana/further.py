"""Define the row of the dashboard *Retention* with the metrics that a shop chooses."""

from grafana.charts import Chart, Query, business
from grafana.units import COUNT, MONEY, RATIO, SECONDS


def _empty(family: str) -> str:
    return f'no "{family}" in further_metrics'


FURTHER = (
    Chart(
        title="Orders by kind, $window",
        unit=COUNT,
        width=6,
        queries=(Query(business("retention_orders_by_kind", window="$window"), "{{orders}}"),),
        empty=_empty("order_kinds"),
        do="If repeat orders fall while first orders rise, the shop grows on new customers alone.",
    ),
    Chart(
        title="Net revenue by kind, $window",
        unit=MONEY,
        width=6,
        queries=(
            Query(business("retention_net_revenue_by_kind", window="$window"), "{{orders}} {{currency}}"),
        ),
        empty=_empty("order_kinds"),
        do="Compare first with what you spend on advertising in the same time.",
    ),
    Chart(
        title="Time to the second order, $window",
        unit=SECONDS,
        width=6,
        queries=(
            Query(
                business("retention_second_order_seconds", window="$window", quantile="0.5|0.9"),
                "{{quantile}}",
            ),
        ),
        empty=_empty("second_order"),
        do="Remind new customers before half of those who return have done so.",
    ),
    Chart(
        title="Orders with a review, $window",
        unit=RATIO,
        width=6,
        queries=(Query(business("retention_review_ratio", window="$window"), "reviewed"),),
        empty=_empty("review_rate"),
        means="It counts orders 30 days after their delivery.",
        do="If it falls, check that the request for a review still reaches customers.",
    ),
)
