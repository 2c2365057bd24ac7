"""*Response times*: what support watches."""

from grafana.charts import NUMBER, RATIO, SECONDS, Board, Chart, Limit, Query, business, recorded
from prometheus.thresholds import THRESHOLDS as T

BUDGETS = ", ".join(
    f"{1 - share:.0%} of {sla.replace('_', ' ')}s" for sla, share in T["slo"]["objective"].items()
)
CHOSEN = {"window": "$window", "priority": "$priority"}
SHARES = {
    "retention_reopened_ratio": (
        "Reopened",
        "Rising with faster resolution: tickets are closed, not solved.",
    ),
    "retention_transferred_ratio": (
        "Transferred",
        "Rising: route by topic at opening; a transfer costs a day.",
    ),
    "retention_bot_only_ratio": ("Solved by a bot alone", "Good only while satisfaction and reopened stay."),
    "retention_deadline_told_ratio": (
        "Told a deadline",
        "Low: say when you will answer; it calms, and can be kept.",
    ),
}

FIRST = (
    Chart(
        title="First response, $window",
        unit=SECONDS,
        kind="bargauge",
        width=8,
        queries=(
            Query(
                business("retention_first_response_seconds", **CHOSEN, by="human"),
                "human, quantile {{quantile}}",
            ),
        ),
        do="The median says how it is, 0.95 whom you lose: shorten the tail before the middle.",
    ),
    Chart(
        title="First response over time, $window",
        unit=SECONDS,
        width=16,
        queries=(
            Query(
                business("retention_first_response_seconds", **CHOSEN, quantile="0.5"), "{{by}}, half within"
            ),
            Query(
                business("retention_first_response_seconds", **CHOSEN, quantile="0.9"),
                "{{by}}, nine of ten within",
            ),
            Query(business("retention_first_response_mean_seconds", **CHOSEN), "{{by}}, mean"),
        ),
        do="Any far below human: the bot acknowledges and people do not follow; staff the hours where they part.",
    ),
    Chart(
        title="First human response by channel, $window",
        unit=SECONDS,
        width=12,
        queries=(
            Query(
                business("retention_channel_first_response_seconds", window="$window", quantile="0.9"),
                "{{channel}}",
            ),
        ),
        means="Nine of ten are answered within.",
        do="Move people to the channel whose line rises, or close one that you cannot staff.",
    ),
    Chart(
        title="First response by priority, $window",
        unit=SECONDS,
        width=12,
        queries=(
            Query(
                business(
                    "retention_first_response_seconds",
                    window="$window",
                    by="human",
                    quantile="0.9",
                    priority="urgent|high|normal|low",
                ),
                "{{priority}}",
            ),
        ),
        means="Nine of ten are answered within.",
        do="Lines that touch: priorities are not worked by; sort the queue by due time.",
    ),
)

RESOLUTION = (
    Chart(
        title="Resolution over time, $window",
        unit=SECONDS,
        width=12,
        queries=(
            Query(
                business("retention_resolution_seconds", **CHOSEN, quantile="0.5"), "{{kind}}, half within"
            ),
            Query(
                business("retention_resolution_seconds", **CHOSEN, quantile="0.9"),
                "{{kind}}, nine of ten within",
            ),
            Query(business("retention_resolution_mean_seconds", **CHOSEN), "{{kind}}, mean"),
        ),
        do="Full far above first: tickets come back; look at Reopened.",
    ),
    Chart(
        title="What the requester waited",
        unit=SECONDS,
        width=12,
        queries=(Query(business("retention_requester_wait_seconds", quantile="0.9"), "{{window}}"),),
        means="Nine of ten waited no longer.",
        do="This is what customers feel: promise less than it, never more.",
    ),
    *(
        Chart(
            title=title,
            unit=RATIO,
            width=6,
            height=7,
            queries=(Query(business(metric), "{{window}}"),),
            do=do,
        )
        for metric, (title, do) in SHARES.items()
    ),
)

PROMISE = (
    Chart(
        title="Targets missed, $window",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_sla_breach_ratio", **CHOSEN), "{{sla}}"),),
        alert="RetentionSlaBreaches",
        do="The kind that rises first is the step to help: first response, then people, then solving.",
    ),
    Chart(
        title="How fast the month's budget burns",
        unit=NUMBER,
        width=8,
        queries=(
            Query(recorded("job:retention_sla_budget_burn:rate", window="1h|24h"), "{{sla}}, {{window}}"),
        ),
        limit=Limit(T["slo"]["fast_day"]),
        alert="RetentionFirstResponseBudgetBurning",
        means=f"In 30 days {BUDGETS} may miss their target; a rate of 1 uses that up in just 30 days.",
        do=f"Above {T['slo']['fast_day']:g} for a day and still so in the last hour, or above "
        f"{T['slo']['fast_hour']:g} in an hour, somebody is woken: go to Support now.",
    ),
    Chart(
        title="How fast it erodes",
        unit=NUMBER,
        width=8,
        queries=(
            Query(recorded("job:retention_sla_budget_burn:rate", window="7d|30d"), "{{sla}}, {{window}}"),
        ),
        limit=Limit(T["slo"]["slow_month"]),
        alert="RetentionFirstResponseBudgetEroding",
        means="1 uses the month's budget up in just a month.",
        do="Above 1 for a month is a shortage, not an incident: change shifts, or the cause of the tickets.",
    ),
)

BOARD = Board(
    uid="retention-response-times",
    title="Response times",
    description="What support watches: how long customers wait, and whether that keeps what was promised.",
    rows=(("First response", FIRST), ("Resolution", RESOLUTION), ("Against the targets", PROMISE)),
    variables=("response_window", "priority"),
    alerts=(
        "RetentionFirstResponseBudgetBurning",
        "RetentionFirstResponseBudgetEroding",
        "RetentionFirstHumanResponseBudgetBurning",
        "RetentionFirstHumanResponseBudgetEroding",
        "RetentionResolutionBudgetBurning",
        "RetentionResolutionBudgetEroding",
        "RetentionSlaBreaches",
    ),
)
