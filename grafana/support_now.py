"""*Support now*: what waits, what falls due next, what is breached."""

from grafana.charts import RATIO, SECONDS, Board, Chart, Query, business
from prometheus.thresholds import THRESHOLDS as T

OLDEST = "retention_oldest_unanswered_ticket_timestamp_seconds"
EACH = "urgent|high|normal|low"
BREACHES = ", ".join(f"{priority} {share:.0%}" for priority, share in T["sla"]["breach"].items())

WAITING = (
    Chart(
        title="Waiting for a person",
        unit="short",
        kind="bargauge",
        width=8,
        queries=(Query(business("retention_tickets_unanswered", by="human"), "{{priority}}"),),
        do="Answer urgent, then whatever falls due first; an acknowledgement by a person counts.",
    ),
    Chart(
        title="The oldest waits since",
        unit=SECONDS,
        kind="stat",
        width=4,
        queries=(Query(f"time() - {business(OLDEST)}", "waiting"),),
        empty="nobody waits",
        do="Longer than a working day: somebody was forgotten, open it now.",
    ),
    Chart(
        title="Waiting over the day",
        unit="short",
        width=12,
        queries=(
            Query(business("retention_tickets_unanswered", by="human", priority=EACH), "human, {{priority}}"),
            Query(business("retention_tickets_unanswered", by="any", priority=EACH), "any, {{priority}}"),
        ),
        do="Rising for an hour: more come than are answered; call the second shift now, not at its end.",
    ),
)

DUE = (
    Chart(
        title="Due in the next two hours",
        unit="short",
        kind="bargauge",
        width=8,
        queries=(Query(f"sum by (job, sla) ({business('retention_tickets_due', within='2h')})", "{{sla}}"),),
        empty="nothing falls due",
        do="More than the shift can do in two hours: move people here now. A promise goes first: we gave the time ourselves.",
    ),
    Chart(
        title="Due in the next two hours, by priority",
        unit="short",
        width=16,
        queries=(
            Query(
                business("retention_tickets_due", sla="first_human_response", priority=EACH, within="2h"),
                "answer, {{priority}}",
            ),
            Query(
                business("retention_tickets_due", sla="resolution", priority=EACH, within="2h"),
                "resolve, {{priority}}",
            ),
        ),
        do="What is answered leaves the line at once; what is missed leaves it at its instant, and is breached below.",
    ),
)

OPEN = (
    Chart(
        title="Open tickets by status",
        unit="short",
        kind="bargauge",
        width=8,
        queries=(
            Query(f"sum by (job, status) ({business('retention_tickets', priority=EACH)})", "{{status}}"),
        ),
        do="Much on_hold waits for another team: call it. Much pending waits for customers: close by your rule.",
    ),
    Chart(
        title="Open tickets by priority",
        unit="short",
        width=16,
        queries=(Query(f"sum by (job, priority) ({business('retention_tickets')})", "{{priority}}"),),
        do="All grow: more tickets, find what they are about. One grows: that queue has nobody.",
    ),
)

BREACHED = (
    Chart(
        title="Missed in the last hour, $priority",
        unit=RATIO,
        kind="bargauge",
        width=8,
        queries=(
            Query(business("retention_sla_breach_ratio", window="1h", priority="$priority"), "{{sla}}"),
        ),
        alert="RetentionFirstResponseBudgetBurning",
        do="It slides by the minute: what you answer now shows within the hour.",
    ),
    Chart(
        title="Missed in 24 hours, $priority",
        unit=RATIO,
        width=8,
        queries=(
            Query(business("retention_sla_breach_ratio", window="24h", priority="$priority"), "{{sla}}"),
        ),
        alert="RetentionSlaBreaches",
        means=f"Alert above: {BREACHES}, over {T['sla']['minimum_decisions']} decisions.",
        do="Above its priority's share: take that queue first.",
    ),
    Chart(
        title="Decided in the last hour, $priority",
        unit="short",
        width=8,
        queries=(
            Query(business("retention_sla_breach_denominator", window="1h", priority="$priority"), "{{sla}}"),
        ),
        means="How much the shares on the left rest on.",
        do=f"Below {T['slo']['minimum_decisions']} a share is chance: look at the day.",
    ),
)

BOARD = Board(
    uid="retention-support-now",
    title="Support now",
    description="What support does next: who waits, what falls due, what is breached.",
    rows=(("Waiting", WAITING), ("Due", DUE), ("Breached", BREACHED), ("Open", OPEN)),
    variables=("priority",),
    span="now-24h",
    alerts=(
        "RetentionFirstResponseBudgetBurning",
        "RetentionFirstHumanResponseBudgetBurning",
        "RetentionResolutionBudgetBurning",
        "RetentionSlaBreaches",
    ),
)
