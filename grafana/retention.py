"""Define the dashboard *Retention*: retention, churn, feedback and revenue on one page."""

from grafana import by_segment
from grafana.charts import PAST, Board, Chart, Limit, Query, Row, business, recorded
from grafana.further import FURTHER
from grafana.status import STATUS
from grafana.units import COUNT, EASE, MONEY, POINTS, RATING, RATIO, SENTIMENT
from grafana.why_it_moved import WHY
from prometheus.thresholds import THRESHOLDS as T

NEAR = T["churn"]["near"]
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
        limit=Limit(ceiling, amber=round(ceiling - NEAR, 4)),
        alert="RetentionChurnAboveCeiling",
        do=f"Red is above the ceiling of {ceiling:.0%}, amber is less than {NEAR:.0%} below it. Find the exposure in Promises and causes, and win back the "
        "customers at risk with the highest value.",
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
        do="Compare it with the same window a week ago, on the dashboard The week, before you judge it.",
    ),
    *(_ceiling(window, ceiling) for window, ceiling in T["churn"]["ceiling"].items()),
    Chart(
        title="Lifetime value",
        unit=MONEY,
        kind="stat",
        width=8,
        height=5,
        decimals=2,
        queries=(Query(business("retention_customer_lifetime_value", method="cohort"), "{{currency}}"),),
        do="The most that acquiring a customer may cost.",
    ),
)

TRENDS = (
    Chart(
        title="Retention rate, every window",
        unit=RATIO,
        from_zero=False,
        height=9,
        queries=(Query(business("retention_rate_ratio", method="cohort"), "{{window}}"),),
        do="The short windows change first. A change in 30d today reaches 90d in two months.",
    ),
    Chart(
        title="Churn and expected churn, $window",
        unit=RATIO,
        from_zero=False,
        height=9,
        queries=(
            Query(business("retention_churn_ratio", window="$window"), "churn"),
            Query(recorded("job:retention_churn_ratio:low", window="$window"), "lower bound, 95 %"),
            Query(recorded("job:retention_churn_ratio:high", window="$window"), "upper bound, 95 %"),
            Query(
                recorded("job:retention_churn_ratio:expected", window="$window"),
                "expected from 1 week before",
            ),
            Query(
                recorded("job:retention_churn_ratio:expected4w", window="$window"),
                "expected from 4 weeks before",
            ),
        ),
        alert="RetentionChurnRising",
        means="Expected: the churn of one week before, or four, adjusted by the change at the same time last year. "
        + PAST,
        do="If churn rises above the expected value, find the cause in Promises and causes.",
    ),
    Chart(
        title="Customers' flow, $window",
        unit=COUNT,
        height=9,
        queries=(Query(business("retention_customers", window="$window", set="|".join(SETS)), "{{set}}"),),
        do="If lost exceeds new and reactivated together, the shop loses customers, even if revenue grows.",
    ),
)

ORIGINS = (
    Chart(
        title="Retention by first channel, $window",
        unit=RATIO,
        kind="bargauge",
        width=8,
        decimals=1,
        queries=(Query(business("retention_channel_rate_ratio", window="$window"), "{{channel}}"),),
        do="Spend on the channels whose customers stay.",
    ),
    Chart(
        title="Retention by variant, $window",
        unit=RATIO,
        kind="bargauge",
        width=8,
        decimals=1,
        queries=(
            Query(
                business("retention_experiment_rate_ratio", window="$window"), "{{experiment}} {{variant}}"
            ),
        ),
        do="End the experiment whose variant retains fewer customers, even if it sells more today.",
    ),
    Chart(
        title="Customers at the start, $window",
        unit=COUNT,
        width=8,
        queries=(Query(business("retention_churn_denominator", window="$window"), "customers at the start"),),
        do="The fewer they are, the wider are the bounds of churn. No alert fires for what may be chance.",
    ),
)

FEEDBACK = (
    Chart(
        title="Net promoter score",
        unit=POINTS,
        width=8,
        queries=(Query(business("retention_nps"), "{{window}}"),),
        alert="RetentionNpsFalling",
        do=f"A fall of {T['nps']['fall_points']:g} points in a week fires an alert. Read the newest answers first.",
    ),
    Chart(
        title="Satisfied, $window",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_csat_ratio", window="$window"), "CSAT"),),
        do="If it falls while response times hold, the content of the responses is the problem, not their speed.",
    ),
    Chart(
        title="Answers, $window",
        unit=COUNT,
        width=8,
        queries=(Query(business("retention_responses", window="$window"), "{{kind}}"),),
        do="After a jump, surveys reached a different audience: do not compare the scores before and after it.",
    ),
)

SCORES = (
    Chart(
        title="Rating, of 5, $window",
        unit=RATING,
        width=8,
        queries=(Query(business("retention_review_rating", window="$window"), "rating"),),
        do="If only the rating falls, look for a product.",
    ),
    Chart(
        title="Ease, of 7, $window",
        unit=EASE,
        width=8,
        queries=(Query(business("retention_ces", window="$window"), "ease"),),
        do="If ease falls, check the site and support.",
    ),
    Chart(
        title="Sentiment of reviews, $window",
        unit=SENTIMENT,
        width=8,
        queries=(Query(business("retention_sentiment", window="$window"), "sentiment"),),
        do="If it falls while the rating holds, read the texts: customers complain before they rate lower.",
    ),
)

MONEY_ROW = (
    Chart(
        title="Net revenue",
        unit=MONEY,
        width=8,
        queries=(Query(business("retention_net_revenue"), "{{window}} {{currency}}"),),
        do="If revenue rises and retention falls, new customers replace lost ones: see new and lost.",
    ),
    Chart(
        title="Order value, $window",
        unit=MONEY,
        width=8,
        queries=(
            Query(business("retention_average_order_value", window="$window"), "{{orders}} {{currency}}"),
        ),
        do="If repeat is below first, the discount on the first order may attract customers who do not return.",
    ),
    Chart(
        title="Repeat customers, $window",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_returning_customer_ratio", window="$window"), "{{method}}"),),
        do="If the share of the window falls below the lifetime share, remind customers sooner.",
    ),
)

BOARD = Board(
    uid="retention-overview",
    title="Retention",
    description="Whether customers stay, and why they leave.",
    rows=(
        STATUS,
        Row("Now", NOW),
        Row("Trends", TRENDS),
        Row("Why it moved", WHY, collapsed=True),
        Row("Channels and experiments", ORIGINS, collapsed=True),
        Row("By segment", by_segment.RETENTION, collapsed=True),
        Row("Feedback", (*FEEDBACK, *SCORES), collapsed=True),
        Row("Money", MONEY_ROW, collapsed=True),
        Row("First and repeat orders, reviews", FURTHER, collapsed=True),
    ),
    variables=("window", "segment"),
    span="now-30d",
    alerts=(
        "RetentionChurnRising",
        "RetentionChurnAboveCeiling",
        "RetentionNpsFalling",
        "RetentionNumbersStale",
    ),
)
