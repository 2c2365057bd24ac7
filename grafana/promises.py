"""*Promises and causes*: deliveries, stock, refunds, carts, and what they do to churn."""

from grafana.charts import RATIO, SECONDS, Board, Chart, Limit, Query, business
from prometheus.thresholds import THRESHOLDS as T

CAUSES = (
    Chart(
        title="Churn by exposure, $window",
        unit=RATIO,
        width=16,
        queries=(Query(business("retention_churn_by_exposure_ratio", window="$window"), "{{exposure}}"),),
        alert="RetentionChurnRising",
        do="The distance of an exposure from none is what mending it may save: mend the widest first.",
    ),
    Chart(
        title="Churn, $window",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_churn_ratio", window="$window"), "all customers"),),
        alert="RetentionChurnRising",
        do="If churn rose and no promise below was broken, look outside: price, competitor, campaign.",
    ),
)

DELIVERIES = (
    Chart(
        title="Overdue now",
        unit="short",
        width=6,
        queries=(Query(business("retention_deliveries_overdue"), "orders"),),
        limit=Limit(T["deliveries"]["minimum_overdue"]),
        alert="RetentionDeliveriesOverdueRising",
        do="Above the line and rising: tell the customers before they ask, and lengthen what checkout promises.",
    ),
    Chart(
        title="Delivered on time",
        unit=RATIO,
        width=6,
        queries=(Query(business("retention_on_time_delivery_ratio"), "{{window}}"),),
        do="Falling in the short windows: find the carrier or warehouse that the late ones share.",
    ),
    Chart(
        title="Delivery time, $window",
        unit=SECONDS,
        width=6,
        queries=(Query(business("retention_delivery_seconds", window="$window"), "quantile {{quantile}}"),),
        do="Promise what 0.9 shows, not the median.",
    ),
    Chart(
        title="Out of stock",
        unit="short",
        width=6,
        queries=(Query(business("retention_stockouts"), "{{window}}"),),
        do="Rising: reorder sooner, or take the product off the page until it is back.",
    ),
)

REFUNDS = (
    Chart(
        title="Refunded",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_refund_ratio", window="$window"), "{{basis}}"),),
        alert="RetentionRefundsRising",
        do="Orders up and value not: many small ones, a product. Full up: whole orders fail, delivery or fraud.",
    ),
    Chart(
        title="Refund time, $window",
        unit=SECONDS,
        width=8,
        queries=(Query(business("retention_refund_seconds", window="$window"), "quantile {{quantile}}"),),
        do="Pay back faster than a week: slow refunds cost the customer as well as the order.",
    ),
    Chart(
        title="Refunds open",
        unit="short",
        width=4,
        queries=(Query(business("retention_refunds_open"), "open"),),
        do="Rising: decide the oldest first.",
    ),
    Chart(
        title="Refunds rejected",
        unit=RATIO,
        width=4,
        queries=(Query(business("retention_refund_rejected_ratio"), "{{window}}"),),
        do="Rising: is the policy said before the order?",
    ),
)

CARTS = (
    Chart(
        title="Carts abandoned",
        unit=RATIO,
        width=6,
        queries=(Query(business("retention_cart_abandonment_ratio"), "{{window}}"),),
        alert="RetentionCartAbandonmentRising",
        do="Look right: payments, then time; else what changed in the checkout this week?",
    ),
    Chart(
        title="Payments failed, $window",
        unit="short",
        width=6,
        queries=(Query(business("retention_payment_failures", window="$window"), "{{payment_method}}"),),
        alert="RetentionPaymentsFailing",
        do="One line rises: that provider. All rise: your checkout.",
    ),
    Chart(
        title="Checkout time, $window",
        unit=SECONDS,
        width=6,
        queries=(Query(business("retention_checkout_seconds", window="$window"), "quantile {{quantile}}"),),
        do="Rising: measure the checkout's pages, and take a step out.",
    ),
    Chart(
        title="Carts recovered",
        unit=RATIO,
        width=6,
        queries=(Query(business("retention_cart_recovery_ratio"), "{{window}}"),),
        do="Low: send recover_cart of retention.actions within hours, not days.",
    ),
)

BOARD = Board(
    uid="retention-promises",
    title="Promises and causes",
    description="What the shop promised, whether it kept it, and what that does to churn.",
    rows=(
        ("Causes of churn", CAUSES),
        ("Deliveries and stock", DELIVERIES),
        ("Refunds", REFUNDS),
        ("Carts", CARTS),
    ),
    variables=("window",),
    span="now-30d",
    alerts=(
        "RetentionChurnRising",
        "RetentionDeliveriesOverdueRising",
        "RetentionRefundsRising",
        "RetentionCartAbandonmentRising",
        "RetentionPaymentsFailing",
    ),
)
