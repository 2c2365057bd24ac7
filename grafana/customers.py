"""Define the dashboard *Customers*: lifecycle, flow, value, and the effect of actions."""

from grafana.charts import Board, Chart, Query, Row, business
from grafana.status import STATUS
from grafana.units import COUNT, FACTOR, MONEY, RATIO

LIFECYCLE = (
    Chart(
        title="Customers by state",
        unit=COUNT,
        width=8,
        queries=(Query(business("retention_lifecycle_customers"), "{{state}}"),),
        do="At risk grows before churned does. Contact the customers at risk this week.",
    ),
    Chart(
        title="Money at risk",
        unit=MONEY,
        kind="stat",
        width=4,
        queries=(Query(business("retention_lifecycle_value", state="at_risk"), "{{currency}}"),),
        do="The yearly revenue lost if all customers at risk leave. Spend at most this much on winning them back.",
    ),
    Chart(
        title="Value by state",
        unit=MONEY,
        width=12,
        queries=(Query(business("retention_lifecycle_value"), "{{state}} {{currency}}"),),
        do="If value moves from returning to at_risk, contact the most valuable customers first.",
    ),
    Chart(
        title="Loyalty tiers",
        unit=COUNT,
        kind="bargauge",
        width=12,
        queries=(Query(business("retention_loyalty_customers"), "{{tier}}"),),
        do="If few customers are above member, the thresholds are too high or customers do not know of them.",
    ),
    Chart(
        title="Spenders and senders",
        unit=COUNT,
        kind="bargauge",
        width=12,
        queries=(
            Query(business("retention_spender_sender_customers"), "spender {{spender}}, sender {{sender}}"),
        ),
        do="Thank senders who do not spend, because they bring other customers. Ask spenders who do not send for a "
        "referral.",
    ),
)

FLOW = (
    Chart(
        title="Customers, $window",
        unit=COUNT,
        kind="bargauge",
        width=8,
        queries=(Query(business("retention_customers", window="$window"), "{{set}}"),),
        do="If reactivated is high, customers leave and return: remind them sooner. If new is high and retained is "
        "low, new customers do not stay.",
    ),
    Chart(
        title="Active customers",
        unit=COUNT,
        width=8,
        queries=(Query(business("retention_customers", set="end"), "{{window}}"),),
        do="The number of active customers. A fall in 365d is a lasting change, not a seasonal one.",
    ),
    Chart(
        title="Orders for each customer",
        unit=FACTOR,
        width=8,
        queries=(Query(business("retention_purchase_frequency"), "{{window}}"),),
        do="If it falls while retention holds, customers place part of their orders with a competitor.",
    ),
)

VALUE = (
    Chart(
        title="Realised value of a customer",
        unit=MONEY,
        width=8,
        queries=(
            Query(business("retention_realised_value"), "realised {{currency}}"),
            Query(business("retention_customer_lifetime_value"), "lifetime, {{method}} {{currency}}"),
        ),
        do="Plan with cohort. Reactivated customers raise textbook.",
    ),
    Chart(
        title="Referred orders",
        unit=COUNT,
        width=8,
        queries=(Query(business("retention_referred_orders"), "{{window}}"),),
        do="Ask for referrals right after a delivery on time. retention.actions has ask_for_referral.",
    ),
    Chart(
        title="Repeat customers, lifetime",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_returning_customer_ratio", method="lifetime"), "{{window}}"),),
        do="The second order is the hardest to win. Review the messages sent after the first order.",
    ),
)

_CHOSEN = {"window": "$window", "action": "$action"}
ACTIONS = (
    Chart(
        title="Returned after $action, $window",
        unit=RATIO,
        width=24,
        queries=(
            Query(business("retention_action_return_ratio", **_CHOSEN), "{{group}}"),
            Query(
                business("retention_action_return_denominator", **_CHOSEN),
                "{{group}}: number of actions",
            ),
        ),
        empty="no action's 30 days have ended",
        do="If acted is above held_out, each with at least 100 actions, the action helps. If both are equal, disable "
        "the action. If held_out has 0 actions, no control group is configured and the effect cannot be measured.",
    ),
)

BOARD = Board(
    uid="retention-customers",
    title="Customers",
    description="Customers by lifecycle state, their flow, their value, and the value at risk.",
    rows=(
        STATUS,
        Row("Lifecycle", LIFECYCLE),
        Row("Flow", FLOW),
        Row("Value", VALUE),
        Row("Effect of actions", ACTIONS),
    ),
    variables=("window", "action"),
    span="now-30d",
    alerts=("RetentionChurnRising", "RetentionChurnAboveCeiling"),
)
