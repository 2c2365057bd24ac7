"""Define the dashboard *Response times*: first response, resolution, and service-level targets."""

from grafana import by_segment
from grafana.charts import Board, Chart, Limit, Query, Row, business, recorded
from grafana.status import STATUS
from grafana.support_hours import CLOCKS
from grafana.units import COUNT, FACTOR, RATIO, SECONDS
from prometheus.thresholds import THRESHOLDS as T

BUDGETS = ", ".join(
    f"{1 - share:.0%} of {sla.replace('_', ' ')}s" for sla, share in T["slo"]["objective"].items()
)
CHOSEN = {"window": "$window", "priority": "$priority"}
ELAPSED = {**CHOSEN, "clock": "calendar"}
SHARES = {
    "retention_reopened_ratio": (
        "Reopened",
        "If it rises while resolution gets faster, tickets are closed without being solved.",
    ),
    "retention_transferred_ratio": (
        "Transferred",
        "If it rises, route tickets by topic when they open. A transfer costs a day.",
    ),
    "retention_bot_only_ratio": (
        "Solved by a bot alone",
        "A rise is good only if satisfaction and Reopened do not get worse.",
    ),
    "retention_repeat_contact_ratio": (
        "Back within a week",
        "If it rises, tickets are solved without an answer that lasts: read the second tickets.",
    ),
    "retention_deadline_told_ratio": (
        "Given a deadline",
        "If it is low, give customers a deadline with the first response.",
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
                business("retention_first_response_seconds", **ELAPSED, by="human"),
                "human, quantile {{quantile}}",
            ),
        ),
        do="The median is the typical wait. The 0.95 quantile is the wait that loses customers: shorten it first.",
    ),
    Chart(
        title="First response over time, $window",
        unit=SECONDS,
        width=16,
        queries=(
            Query(
                business("retention_first_response_seconds", **ELAPSED, quantile="0.5"),
                "{{by}}, median",
            ),
            Query(
                business("retention_first_response_seconds", **ELAPSED, quantile="0.9"),
                "{{by}}, 90th percentile",
            ),
            Query(business("retention_first_response_mean_seconds", **ELAPSED), "{{by}}, mean"),
        ),
        do="If any is far below human, bots acknowledge and agents do not follow. Add agents in the hours where the "
        "lines differ.",
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
        means="The 90th percentile of the first response time.",
        do="Move agents to the channel whose line rises, or close a channel that you cannot staff.",
    ),
    Chart(
        title="First response by priority, $window",
        unit=SECONDS,
        width=12,
        queries=(
            Query(
                business(
                    "retention_first_response_seconds",
                    clock="calendar",
                    window="$window",
                    by="human",
                    quantile="0.9",
                    priority="urgent|high|normal|low",
                ),
                "{{priority}}",
            ),
        ),
        means="The 90th percentile of the first response time.",
        do="If the lines are equal, agents do not work by priority. Sort the queue by due time.",
    ),
)

RESOLUTION = (
    Chart(
        title="Resolution over time, $window",
        unit=SECONDS,
        width=12,
        queries=(
            Query(
                business("retention_resolution_seconds", **ELAPSED, quantile="0.5"),
                "{{kind}}, median",
            ),
            Query(
                business("retention_resolution_seconds", **ELAPSED, quantile="0.9"),
                "{{kind}}, 90th percentile",
            ),
            Query(business("retention_resolution_mean_seconds", **ELAPSED), "{{kind}}, mean"),
        ),
        do="If full is far above first, tickets are reopened: see Reopened.",
    ),
    Chart(
        title="Requester wait time",
        unit=SECONDS,
        width=12,
        queries=(Query(business("retention_requester_wait_seconds", quantile="0.9"), "{{window}}"),),
        means="The 90th percentile of the wait time.",
        do="The wait that customers experience. Never promise a shorter one.",
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
    Chart(
        title="Tickets withdrawn, 30d",
        unit=COUNT,
        width=18,
        height=7,
        queries=(Query(business("retention_tickets_withdrawn", window="30d"), "{{reason}}"),),
        do="If spam rises, filter it before it opens tickets. If merged rises, customers write twice: answer sooner.",
    ),
)

TARGETS = (
    Chart(
        title="Targets missed, $window",
        unit=RATIO,
        width=8,
        queries=(Query(business("retention_sla_breach_ratio", **CHOSEN), "{{sla}}"),),
        alert="RetentionSlaBreaches",
        do="Work on the target that rises first: first response, then human response, then resolution.",
    ),
    Chart(
        title="Burn rate of the month's error budget",
        unit=FACTOR,
        width=8,
        queries=(
            Query(recorded("job:retention_sla_budget_burn:rate", window="1h|24h"), "{{sla}}, {{window}}"),
        ),
        limit=Limit(T["slo"]["fast_day"], amber=1),
        alert="RetentionFirstResponseBudgetBurning",
        means=f"In 30 days {BUDGETS} may miss their target. A burn rate of 1 uses this budget up in exactly 30 days.",
        do=f"An alert pages the team on call above {T['slo']['fast_day']:g} for a day and in the last hour, or above "
        f"{T['slo']['fast_hour']:g} in an hour. Then open Support now.",
    ),
    Chart(
        title="Burn rate over a week and a month",
        unit=FACTOR,
        width=8,
        queries=(
            Query(recorded("job:retention_sla_budget_burn:rate", window="7d|30d"), "{{sla}}, {{window}}"),
        ),
        limit=Limit(T["slo"]["slow_month"]),
        alert="RetentionFirstResponseBudgetEroding",
        means="A burn rate of 1 uses the month's budget up in exactly a month.",
        do="Above 1 for a month is a staff shortage, not an incident: change shifts, or fix the cause of the tickets.",
    ),
)

NO_TEAMS = "no teams in the configuration"
TEAMS = (
    Chart(
        title="First human response by team, 30d",
        unit=SECONDS,
        width=8,
        empty=NO_TEAMS,
        queries=(
            Query(
                business("retention_team_first_response_seconds", window="30d", quantile="0.9"), "{{team}}"
            ),
        ),
        means="The 90th percentile of the first response time.",
        do="Move agents to the team whose line rises. If unknown is large, route tickets when they open.",
    ),
    Chart(
        title="Resolution by team, 30d",
        unit=SECONDS,
        width=8,
        empty=NO_TEAMS,
        queries=(
            Query(business("retention_team_resolution_seconds", window="30d", quantile="0.9"), "{{team}}"),
        ),
        means="The 90th percentile of the time to the full resolution.",
        do="If one team is slow and its breaches do not rise, its tickets are harder: compare within the team.",
    ),
    Chart(
        title="Human response targets missed by team, 30d",
        unit=RATIO,
        width=8,
        empty=NO_TEAMS,
        queries=(
            Query(
                business("retention_team_sla_breach_ratio", window="30d", sla="first_human_response"),
                "{{team}}",
            ),
        ),
        do="Find out what the team with the lowest line does, and do it in the others.",
    ),
    Chart(
        title="Open tickets by team",
        unit=COUNT,
        width=12,
        empty=NO_TEAMS,
        queries=(Query(business("retention_team_tickets"), "{{team}}"),),
        do="A line that only rises is a team that receives more than it solves.",
    ),
    Chart(
        title="Satisfaction by team, 30d",
        unit=RATIO,
        width=12,
        empty=NO_TEAMS,
        queries=(Query(business("retention_team_csat_ratio", window="30d"), "{{team}}"),),
        do="If a fast team has unhappy customers, it closes tickets without solving them: see Back within a week.",
    ),
)

BOARD = Board(
    uid="retention-response-times",
    title="Response times",
    description="How long customers wait for a response and a resolution, compared with the targets.",
    rows=(
        STATUS,
        Row("First response", FIRST),
        Row("Resolution", RESOLUTION),
        Row("Service-level targets", TARGETS),
        Row("Support hours and conversations", CLOCKS),
        Row("By team", TEAMS),
        Row("By segment", by_segment.RESPONSE_TIMES),
    ),
    variables=("response_window", "priority", "ticket_segment", "segment_window"),
    alerts=(
        "RetentionFirstResponseBudgetBurning",
        "RetentionFirstResponseBudgetEroding",
        "RetentionFirstHumanResponseBudgetBurning",
        "RetentionNextResponseBudgetBurning",
        "RetentionFirstHumanResponseBudgetEroding",
        "RetentionNextResponseBudgetEroding",
        "RetentionResolutionBudgetBurning",
        "RetentionResolutionBudgetEroding",
        "RetentionSlaBreaches",
    ),
)
