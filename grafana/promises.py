"""Define the dashboard *Promises and causes*: deliveries, stock, refunds, carts, and their effect on churn."""

from grafana import by_segment
from grafana.charts import Board, Chart, Limit, Query, Row, business
from grafana.status import STATUS
from grafana.units import COUNT, RATIO, SECONDS
from prometheus.thresholds import THRESHOLDS as T

CAUSES = (
    Chart(
        title="Churn by exposure, $window",
        unit=RATIO,
        width=16,
        queries=(Query(business("retention_churn_by_exposure_ratio", window="$window"), "{{exposure}}"),),
        alert="RetentionChurnRising",
        do="The distance between an exposure and none is the churn that fixing it may save. Fix the widest first.",
    ),
    Chart(
        title="Churn, $window",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_churn_ratio", window="$window"), "all customers"),),
        alert="RetentionChurnRising",
        do="If churn rose and the panels below did not change, look for an external cause: price, competitor, campaign.",
    ),
)

DELIVERIES = (
    Chart(
        title="Overdue deliveries",
        unit=COUNT,
        width=6,
        queries=(Query(business("retention_deliveries_overdue"), "orders"),),
        limit=Limit(T["deliveries"]["minimum_overdue"]),
        alert="RetentionDeliveriesOverdueRising",
        do="If it is above the line and rises, inform the customers and lengthen the delivery time that checkout promises.",
    ),
    Chart(
        title="Delivered on time",
        unit=RATIO,
        width=6,
        queries=(Query(business("retention_on_time_delivery_ratio"), "{{window}}"),),
        do="If it falls in the short windows, find the carrier or warehouse that the late deliveries share.",
    ),
    Chart(
        title="Delivery time, $window",
        unit=SECONDS,
        width=6,
        queries=(Query(business("retention_delivery_seconds", window="$window"), "quantile {{quantile}}"),),
        do="Promise the 0.9 quantile, not the median.",
    ),
    Chart(
        title="Out of stock",
        unit=COUNT,
        width=6,
        queries=(Query(business("retention_stockouts"), "{{window}}"),),
        do="If it rises, reorder sooner, or hide the product until it is in stock.",
    ),
)

REFUNDS = (
    Chart(
        title="Refunded",
        unit=RATIO,
        width=6,
        queries=(Query(business("retention_refund_ratio", window="$window"), "{{basis}}"),),
        alert="RetentionRefundsRising",
        do="If orders rises and value does not, many small refunds occur: look for one product. If full rises, whole "
        "orders fail: look for delivery problems or fraud.",
    ),
    Chart(
        title="Refund time, $window",
        unit=SECONDS,
        width=6,
        queries=(Query(business("retention_refund_seconds", window="$window"), "quantile {{quantile}}"),),
        do="Complete refunds within a week. Slow refunds lose the customer as well as the order.",
    ),
    Chart(
        title="Refunds open",
        unit=COUNT,
        width=4,
        queries=(Query(business("retention_refunds_open"), "open"),),
        do="If it rises, decide the oldest refunds first.",
    ),
    Chart(
        title="Refunds rejected",
        unit=RATIO,
        width=4,
        queries=(Query(business("retention_refund_rejected_ratio"), "{{window}}"),),
        do="If it rises, check that customers see the refund policy before they order.",
    ),
    Chart(
        title="Refunds reversed",
        unit=COUNT,
        width=4,
        queries=(Query(business("retention_refunds_reversed"), "{{window}}"),),
        do="If it rises, ask the payment provider why refunds fail, and pay these customers another way.",
    ),
)

CARTS = (
    Chart(
        title="Carts abandoned",
        unit=RATIO,
        width=6,
        queries=(Query(business("retention_cart_abandonment_ratio"), "{{window}}"),),
        alert="RetentionCartAbandonmentRising",
        do="Check failed payments, then checkout time, then the changes made to the checkout this week.",
    ),
    Chart(
        title="Payments failed, $window",
        unit=COUNT,
        width=6,
        queries=(Query(business("retention_payment_failures", window="$window"), "{{payment_method}}"),),
        alert="RetentionPaymentsFailing",
        do="If one line rises, check that payment provider. If all rise, check your checkout.",
    ),
    Chart(
        title="Checkout time, $window",
        unit=SECONDS,
        width=6,
        queries=(Query(business("retention_checkout_seconds", window="$window"), "quantile {{quantile}}"),),
        do="If it rises, measure the load time of the checkout's pages, and remove a step.",
    ),
    Chart(
        title="Carts recovered",
        unit=RATIO,
        width=6,
        queries=(Query(business("retention_cart_recovery_ratio"), "{{window}}"),),
        do="If it is low, act on recover_cart of retention.actions within hours, not days.",
    ),
)

BOARD = Board(
    uid="retention-promises",
    title="Promises and causes",
    description="The shop's promises to its customers, whether they were kept, and their effect on churn.",
    rows=(
        STATUS,
        Row("Causes of churn", CAUSES),
        Row("Deliveries and stock", DELIVERIES),
        Row("Refunds", REFUNDS),
        Row("Carts", CARTS),
        Row("By segment", by_segment.PROMISES),
    ),
    variables=("window", "segment"),
    span="now-30d",
    alerts=(
        "RetentionChurnRising",
        "RetentionDeliveriesOverdueRising",
        "RetentionRefundsRising",
        "RetentionCartAbandonmentRising",
        "RetentionPaymentsFailing",
    ),
)
