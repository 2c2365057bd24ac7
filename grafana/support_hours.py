"""Charts of support hours: open time beside elapsed time, pauses, and tickets opened outside hours."""

from grafana.charts import Chart, Query, business
from grafana.units import COUNT, OPEN, RATIO, SECONDS

EACH = "urgent|high|normal|low"
#: A part of the description of charts whose series exist only with a schedule.
OPTIONAL = "Without a schedule in the configuration there is no line `business`."

CLOCKS = (
    Chart(
        title="First human response, open time beside elapsed time, $window",
        unit=SECONDS,
        width=12,
        queries=(
            Query(
                business(
                    "retention_first_response_seconds",
                    window="$window",
                    priority="$priority",
                    by="human",
                    quantile="0.5",
                ),
                "{{clock}}, median",
            ),
            Query(
                business(
                    "retention_first_response_seconds",
                    window="$window",
                    priority="$priority",
                    by="human",
                    quantile="0.9",
                ),
                "{{clock}}, 90th percentile",
            ),
        ),
        means=OPTIONAL,
        do="business is what the team can change. If only calendar is high, customers wait for the next opening: "
        "change the hours.",
    ),
    Chart(
        title="First resolution, open time beside elapsed time, $window",
        unit=SECONDS,
        width=12,
        queries=(
            Query(
                business(
                    "retention_resolution_seconds",
                    window="$window",
                    priority="$priority",
                    kind="first",
                    quantile="0.5",
                ),
                "{{clock}}, median",
            ),
            Query(
                business(
                    "retention_resolution_seconds",
                    window="$window",
                    priority="$priority",
                    kind="first",
                    quantile="0.9",
                ),
                "{{clock}}, 90th percentile",
            ),
        ),
        means=f"{OPTIONAL} Pauses are part of both times, and not of the targets.",
        do="If it is high while few targets are missed, tickets wait for customers: ask for all details at once.",
    ),
    Chart(
        title="Next response, $window",
        unit=SECONDS,
        width=12,
        queries=(
            Query(
                business("retention_next_response_seconds", window="$window", quantile="0.5"),
                "{{clock}}, median",
            ),
            Query(
                business("retention_next_response_seconds", window="$window", quantile="0.9"),
                "{{clock}}, 90th percentile",
            ),
        ),
        means="Empty unless a target `next_response` is configured.",
        do="If it is above the first response, agents answer new tickets before open conversations: sort by due time.",
    ),
    Chart(
        title="Opened outside hours",
        unit=RATIO,
        width=12,
        queries=(Query(business("retention_opened_outside_hours_ratio"), "{{schedule}}, {{window}}"),),
        means="Empty unless a schedule is configured.",
        do="If it rises, customers need you when you are closed: open earlier or later, or let a bot name the hours.",
    ),
)

PAUSED = Chart(
    title="Tickets waiting for the customer",
    unit=COUNT,
    width=12,
    queries=(Query(business("retention_tickets_paused", priority=EACH), "{{priority}}"),),
    do="If it rises while few tickets are due, agents ask back instead of solving: read some of the questions.",
)

NOW_OPEN = Chart(
    title="Support hours",
    unit=OPEN,
    kind="states",
    width=12,
    queries=(Query(business("retention_support_open"), "{{schedule}}"),),
    means="Empty unless a schedule is configured. Targets run while it is open.",
    do="If it is closed while agents work, correct the schedule: `retention doctor` names its next opening.",
)
