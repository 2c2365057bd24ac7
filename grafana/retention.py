"""*Retention*: what the CEO asks."""

from grafana.charts import MONEY, NUMBER, RATIO, SECONDS, Board, Chart, Limit, Query, business, recorded
from prometheus.thresholds import THRESHOLDS as T

SETS = ("new", "retained", "reactivated", "lost")


def _ceiling(window: str, ceiling: float) -> Chart:
    return Chart(
        title=f"Churn, {window}",
        unit=RATIO,
        kind="stat",
        width=4,
        height=5,
        decimals=1,
        queries=(Query(business("retention_churn_ratio", window=window), window),),
        limit=Limit(ceiling),
        alert="RetentionChurnAboveCeiling",
        do=f"Red is above the ceiling of {ceiling:.0%}: find the exposure in Promises and causes, and win back "
        "those at risk by value.",
    )


NOW = (
    Chart(
        title="Customers who stayed",
        unit=RATIO,
        kind="stat",
        width=4,
        height=5,
        decimals=1,
        queries=(Query(business("retention_rate_ratio", window="$window", method="cohort"), "cohort"),),
        do="Compare it with the same window a week ago in The week before you call it good or bad.",
    ),
    *(_ceiling(window, ceiling) for window, ceiling in T["churn"]["ceiling"].items()),
    Chart(
        title="Lifetime value",
        unit=MONEY,
        kind="stat",
        width=4,
        height=5,
        decimals=2,
        queries=(Query(business("retention_customer_lifetime_value", method="cohort"), "{{currency}}"),),
        do="Winning a customer may cost no more than this.",
    ),
    Chart(
        title="Age of these numbers",
        unit=SECONDS,
        kind="stat",
        width=4,
        height=5,
        queries=(Query(f"time() - {business('retention_as_of_timestamp_seconds')}", "age"),),
        limit=Limit(T["pipeline"]["stale_seconds"]),
        alert="RetentionNumbersStale",
        do="Red: the numbers stand still, decide nothing on them, and look at Pipeline.",
    ),
)

MOVEMENT = (
    Chart(
        title="Retention rate, every window",
        unit=RATIO,
        width=12,
        queries=(Query(business("retention_rate_ratio", method="cohort"), "{{window}}"),),
        do="The short windows move first: what 30d does now, 90d does in two months.",
    ),
    Chart(
        title="Churn and what was expected, $window",
        unit=RATIO,
        width=12,
        queries=(
            Query(business("retention_churn_ratio", window="$window"), "churn"),
            Query(
                recorded("job:retention_churn_ratio:expected", window="$window"), "expected, by a week before"
            ),
            Query(
                recorded("job:retention_churn_ratio:expected4w", window="$window"), "expected, by four before"
            ),
        ),
        alert="RetentionChurnRising",
        means="Expected: what it was a week before, or four, bent as last year bent at this time.",
        do="Where churn leaves what was expected upwards, look for the cause in Promises and causes.",
    ),
    Chart(
        title="Customers' flow, $window",
        unit="short",
        width=9,
        queries=(Query(business("retention_customers", window="$window", set="|".join(SETS)), "{{set}}"),),
        do="More lost than new and reactivated together: the shop shrinks, whatever revenue says.",
    ),
    Chart(
        title="Retention by first channel, $window",
        unit=RATIO,
        kind="bargauge",
        width=5,
        decimals=1,
        queries=(Query(business("retention_channel_rate_ratio", window="$window"), "{{channel}}"),),
        do="Spend where customers stay, not where they only come.",
    ),
    Chart(
        title="Retention by variant, $window",
        unit=RATIO,
        kind="bargauge",
        width=5,
        decimals=1,
        queries=(
            Query(
                business("retention_experiment_rate_ratio", window="$window"), "{{experiment}} {{variant}}"
            ),
        ),
        do="End the experiment whose variant keeps fewer customers, even if it sells more today.",
    ),
    Chart(
        title="How much it rests on, $window",
        unit="short",
        width=5,
        queries=(Query(business("retention_churn_denominator", window="$window"), "customers at the start"),),
        do=f"Below {T['churn']['minimum_customers']} customers no alert is raised: read a change as chance.",
    ),
)

VOICE = (
    Chart(
        title="Net promoter score",
        unit=NUMBER,
        width=6,
        queries=(Query(business("retention_nps"), "{{window}}"),),
        alert="RetentionNpsFalling",
        do=f"A fall of {T['nps']['fall_points']:g} points in a week raises an alert: read the newest answers first.",
    ),
    Chart(
        title="Satisfied, $window",
        unit=RATIO,
        width=6,
        queries=(Query(business("retention_csat_ratio", window="$window"), "CSAT"),),
        do="If it falls while response times do not, it is what is answered, not when.",
    ),
    Chart(
        title="Rating and ease, $window",
        unit=NUMBER,
        width=6,
        queries=(
            Query(business("retention_review_rating", window="$window"), "rating, of 5"),
            Query(business("retention_ces", window="$window"), "ease, of 7"),
            Query(business("retention_sentiment", window="$window"), "sentiment, -1 to 1"),
        ),
        do="Rating falls alone: a product. Ease falls too: the site, or support.",
    ),
    Chart(
        title="Answers, $window",
        unit="short",
        width=6,
        queries=(Query(business("retention_responses", window="$window"), "{{kind}}"),),
        do="A jump means another audience was asked: do not compare scores across it.",
    ),
)

MONEY_ROW = (
    Chart(
        title="Net revenue",
        unit=MONEY,
        width=8,
        queries=(Query(business("retention_net_revenue"), "{{window}} {{currency}}"),),
        do="Revenue up and retention down is bought revenue: look at new and lost.",
    ),
    Chart(
        title="Order value, $window",
        unit=MONEY,
        width=8,
        queries=(
            Query(business("retention_average_order_value", window="$window"), "{{orders}} {{currency}}"),
        ),
        do="Repeat below first: the first order's discount brings those who do not come back.",
    ),
    Chart(
        title="Coming back, $window",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_returning_customer_ratio", window="$window"), "{{method}}"),),
        do="If the window's share falls below the lifetime's trend, remind customers sooner.",
    ),
)

BOARD = Board(
    uid="retention-overview",
    title="Retention",
    description="What the CEO asks: do customers stay, and why not.",
    rows=(("Now", NOW), ("Movement", MOVEMENT), ("What customers say", VOICE), ("Money", MONEY_ROW)),
    variables=("window",),
    span="now-30d",
    alerts=(
        "RetentionChurnRising",
        "RetentionChurnAboveCeiling",
        "RetentionNpsFalling",
        "RetentionNumbersStale",
    ),
)
