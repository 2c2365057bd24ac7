"""Define the dashboard *Support now*: unanswered tickets, targets due next, and breached targets."""

from grafana.charts import Board, Chart, Query, Row, business
from grafana.status import STATUS
from grafana.support_hours import NOW_OPEN, PAUSED
from grafana.units import COUNT, RATIO, SECONDS
from prometheus.thresholds import THRESHOLDS as T

OLDEST = "retention_oldest_unanswered_ticket_timestamp_seconds"
EACH = "urgent|high|normal|low"
BREACHES = ", ".join(f"{priority} {share:.0%}" for priority, share in T["sla"]["breach"].items())

WAITING = (
    Chart(
        title="Tickets waiting for an agent",
        unit=COUNT,
        kind="bargauge",
        width=8,
        queries=(Query(business("retention_tickets_unanswered", by="human"), "{{priority}}"),),
        do="Answer urgent tickets first, then those due first. An acknowledgement by an agent counts as a response.",
    ),
    Chart(
        title="Longest wait",
        unit=SECONDS,
        kind="stat",
        width=4,
        queries=(Query(f"time() - {business(OLDEST)}", "waiting", stated=SECONDS),),
        empty="no ticket waits",
        do="If it is longer than a working day, open the oldest ticket now.",
    ),
    Chart(
        title="Waiting tickets over time",
        unit=COUNT,
        width=12,
        queries=(
            Query(business("retention_tickets_unanswered", by="human", priority=EACH), "human, {{priority}}"),
            Query(business("retention_tickets_unanswered", by="any", priority=EACH), "any, {{priority}}"),
        ),
        do="If it rises for an hour, more tickets arrive than are answered: call in the second shift now.",
    ),
)

DUE = (
    Chart(
        title="Due in the next two hours",
        unit=COUNT,
        kind="bargauge",
        width=8,
        queries=(Query(f"sum by (job, sla) ({business('retention_tickets_due', within='2h')})", "{{sla}}"),),
        empty="no target is due",
        do="If it exceeds the shift's capacity for two hours, move agents here now. Handle promises first, because the "
        "shop itself named the deadline.",
    ),
    Chart(
        title="Due in the next two hours, by priority",
        unit=COUNT,
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
        do="An answered ticket leaves the line at once. A missed target leaves it at its deadline and counts as "
        "breached below.",
    ),
)

OPEN = (
    Chart(
        title="Open tickets by status",
        unit=COUNT,
        kind="bargauge",
        width=8,
        queries=(
            Query(f"sum by (job, status) ({business('retention_tickets', priority=EACH)})", "{{status}}"),
        ),
        do="If on_hold is high, contact the team that the tickets wait for. If pending is high, close the tickets by "
        "your policy.",
    ),
    Chart(
        title="Open tickets by priority",
        unit=COUNT,
        width=16,
        queries=(Query(f"sum by (job, priority) ({business('retention_tickets')})", "{{priority}}"),),
        do="If all grow, find the topic of the new tickets. If one grows, add agents to that queue.",
    ),
)

BREACHED = (
    Chart(
        title="Targets missed in the last hour, $priority",
        unit=RATIO,
        kind="bargauge",
        width=8,
        queries=(
            Query(business("retention_sla_breach_ratio", window="1h", priority="$priority"), "{{sla}}"),
        ),
        alert="RetentionFirstResponseBudgetBurning",
        do="The window slides every minute, so answers given now show within the hour.",
    ),
    Chart(
        title="Targets missed in 24 hours, $priority",
        unit=RATIO,
        width=8,
        queries=(
            Query(business("retention_sla_breach_ratio", window="24h", priority="$priority"), "{{sla}}"),
        ),
        alert="RetentionSlaBreaches",
        means=f"The alert fires above {BREACHES}, with at least {T['sla']['minimum_decisions']} decided targets.",
        do="If a priority is above its share, work on that queue first.",
    ),
    Chart(
        title="Targets decided in the last hour, $priority",
        unit=COUNT,
        width=8,
        queries=(
            Query(business("retention_sla_breach_denominator", window="1h", priority="$priority"), "{{sla}}"),
        ),
        means="The denominator of the shares on the left.",
        do=f"Below {T['slo']['minimum_decisions']} a share may be chance: use the share of 24 hours.",
    ),
)

BOARD = Board(
    uid="retention-support-now",
    title="Support now",
    description="Tickets that wait, targets due next, and breached targets.",
    rows=(
        STATUS,
        Row("Waiting", WAITING),
        Row("Due", DUE),
        Row("Breached", BREACHED),
        Row("Open", (*OPEN, PAUSED, NOW_OPEN)),
    ),
    variables=("priority",),
    span="now-24h",
    alerts=(
        "RetentionFirstResponseBudgetBurning",
        "RetentionFirstHumanResponseBudgetBurning",
        "RetentionNextResponseBudgetBurning",
        "RetentionResolutionBudgetBurning",
        "RetentionSlaBreaches",
    ),
)
