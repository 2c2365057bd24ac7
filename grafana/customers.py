"""*Customers*: who they are, and the money at risk."""

from grafana.charts import MONEY, NUMBER, RATIO, Board, Chart, Query, business

LIFECYCLE = (
    Chart(
        title="Customers by state",
        unit="short",
        width=8,
        queries=(Query(business("retention_lifecycle_customers"), "{{state}}"),),
        do="At risk grows before churned does: it is the list to work on this week.",
    ),
    Chart(
        title="Money at risk",
        unit=MONEY,
        kind="stat",
        width=4,
        queries=(Query(business("retention_lifecycle_value", state="at_risk"), "{{currency}}"),),
        do="What a year loses if they all go: the most that winning them back may cost.",
    ),
    Chart(
        title="Value by state",
        unit=MONEY,
        width=12,
        queries=(Query(business("retention_lifecycle_value"), "{{state}} {{currency}}"),),
        do="Value moving from returning to at_risk: write to the most valuable first.",
    ),
    Chart(
        title="Loyalty tiers",
        unit="short",
        kind="bargauge",
        width=12,
        queries=(Query(business("retention_loyalty_customers"), "{{tier}}"),),
        do="Few above member: the thresholds are out of reach, or unknown to customers.",
    ),
    Chart(
        title="Spenders and senders",
        unit="short",
        kind="bargauge",
        width=12,
        queries=(
            Query(business("retention_spender_sender_customers"), "spender {{spender}}, sender {{sender}}"),
        ),
        do="Senders who do not spend bring others: thank them. Spenders who do not send: ask for a referral.",
    ),
)

FLOW = (
    Chart(
        title="Customers, $window",
        unit="short",
        kind="bargauge",
        width=8,
        queries=(Query(business("retention_customers", window="$window"), "{{set}}"),),
        do="Reactivated high: customers leave and return; remind them sooner. New high, retained low: a leaking bucket.",
    ),
    Chart(
        title="Active customers",
        unit="short",
        width=8,
        queries=(Query(business("retention_customers", set="end"), "{{window}}"),),
        do="The size of the shop: a fall in 365d is not weather.",
    ),
    Chart(
        title="Orders for each customer",
        unit=NUMBER,
        width=8,
        queries=(Query(business("retention_purchase_frequency"), "{{window}}"),),
        do="Falls while customers stay: they split their orders with a competitor.",
    ),
)

WORTH = (
    Chart(
        title="Realised value of a customer",
        unit=MONEY,
        width=8,
        queries=(
            Query(business("retention_realised_value"), "realised {{currency}}"),
            Query(business("retention_customer_lifetime_value"), "lifetime, {{method}} {{currency}}"),
        ),
        do="Plan with cohort: textbook is flattered by customers who came back.",
    ),
    Chart(
        title="Referred orders",
        unit="short",
        width=8,
        queries=(Query(business("retention_referred_orders"), "{{window}}"),),
        do="Ask for referrals right after a good delivery: ask_for_referral in retention.actions.",
    ),
    Chart(
        title="Coming back ever",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_returning_customer_ratio", method="lifetime"), "{{window}}"),),
        do="The second order is the hardest: what do you send after the first?",
    ),
)

_CHOSEN = {"window": "$window", "action": "$action"}
ACTIONS = (
    Chart(
        title="Came back after $action, $window",
        unit=RATIO,
        width=24,
        queries=(
            Query(business("retention_action_return_ratio", **_CHOSEN), "{{group}}"),
            Query(
                business("retention_action_return_denominator", **_CHOSEN),
                "{{group}}: how many actions",
                beside=True,
            ),
        ),
        empty="no action's 30 days have ended",
        do="acted above held_out, each over a hundred actions or more: it helps. No distance: switch it off, since "
        "people grow numb. held_out at 0 actions: nobody is held out, and nobody will ever know.",
    ),
)

BOARD = Board(
    uid="retention-customers",
    title="Customers",
    description="Who the customers are, how they move, what they are worth and how much of it is at risk.",
    rows=(("Lifecycle", LIFECYCLE), ("Flow", FLOW), ("Worth", WORTH), ("What actions do", ACTIONS)),
    variables=("window", "action"),
    span="now-30d",
    alerts=("RetentionChurnRising", "RetentionChurnAboveCeiling"),
)
