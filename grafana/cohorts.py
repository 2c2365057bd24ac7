"""Define the dashboard *Cohorts*: repeat orders and value by age, and by the month of the first order."""

from grafana.charts import Board, Chart, Grid, Query, Row, business
from grafana.status import STATUS
from grafana.units import COUNT, MONEY, RATIO
from models.definitions.cohorts import MAX_PERIODS
from models.metrics.cohorts import KINDS

_AGES = tuple(str(age) for age in range(MAX_PERIODS))
_NONE = "no [cohorts] in the configuration"
_NO_GRID = 'no export = "grid" in [cohorts]'

CURVES = (
    Chart(
        title="Ordered again by age",
        unit=RATIO,
        kind="columns",
        width=12,
        queries=(Query(business("retention_cohort_age_ratio"), "{{kind}}"),),
        grid=Grid("age", "kind", KINDS),
        empty=_NONE,
        do="Find the age at which by stops to rise: contact new customers before it.",
    ),
    Chart(
        title="Value of a customer by age",
        unit=MONEY,
        kind="columns",
        width=12,
        queries=(Query(business("retention_cohort_age_value"), "{{currency}}"),),
        grid=Grid("age", "currency", ()),
        empty=_NONE,
        do="Spend at most the value at the age at which a new customer has to pay for itself.",
    ),
)

MONTHS = (
    Chart(
        title="Grid, $kind",
        unit=RATIO,
        kind="grid",
        width=24,
        height=12,
        queries=(Query(business("retention_cohort_ratio", kind="$kind"), "{{cohort}}"),),
        grid=Grid("cohort", "age", _AGES),
        empty=_NO_GRID,
        do="Compare a column from top to bottom: a later month with a lower value has customers who stay less.",
    ),
    Chart(
        title="Age $age by month, $kind",
        unit=RATIO,
        kind="bargauge",
        width=8,
        height=10,
        queries=(Query(business("retention_cohort_ratio", kind="$kind", age="$age"), "{{cohort}}"),),
        empty=_NO_GRID,
        do="If the newest months are below the older ones, look for what changed in the shop in these months.",
    ),
    Chart(
        title="Value at age $age by month",
        unit=MONEY,
        kind="bargauge",
        width=8,
        height=10,
        queries=(Query(business("retention_cohort_value", age="$age"), "{{cohort}} {{currency}}"),),
        empty=_NO_GRID,
        do="If a month has more customers and less value, its campaign brought customers who buy less.",
    ),
    Chart(
        title="Customers by month of the first order",
        unit=COUNT,
        kind="bargauge",
        width=8,
        height=10,
        queries=(Query(business("retention_cohort_customers"), "{{cohort}}"),),
        empty=_NONE,
        do="A month of few customers varies by chance: compare months of several hundred.",
    ),
)

BOARD = Board(
    uid="retention-cohorts",
    title="Cohorts",
    description="Repeat orders and value by a customer's age, over all cohorts and by month of the first order.",
    rows=(STATUS, Row("All cohorts", CURVES), Row("By month", MONTHS)),
    variables=("kind", "age"),
    span="now-30d",
    alerts=("RetentionChurnRising",),
)
