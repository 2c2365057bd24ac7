"""Charts that every dashboard begins with: the alerts that fire, and the age of the numbers."""

from dataclasses import replace

from grafana.charts import Chart, Limit, Query, Row, business
from grafana.units import COUNT, SECONDS
from prometheus.thresholds import THRESHOLDS as T

_FIRING = 'ALERTS{job=~"$job", alertname=~"Retention.+", alertstate="firing"'
_SINCE = 'ALERTS_FOR_STATE{job=~"$job", alertname=~"Retention.+"}'


def _number(severity: str) -> str:
    return f'count({_FIRING}, severity="{severity}"}}) or vector(0)'


FIRING = Chart(
    title="What fires now",
    unit=SECONDS,
    kind="table",
    width=9,
    height=6,
    queries=(
        Query(f"time() - ({_SINCE} and ignoring (alertstate) {_FIRING}}})", "{{alertname}}", stated=SECONDS),
    ),
    empty="nothing fires",
    means="The alerts that fire, and for how long their condition has held.",
    do="Act on critical first: open the section of the alert in the runbook. While an alert on the numbers fires, do "
    "not act on the alerts about the shop.",
)
COUNTED = Chart(
    title="Alerts that fire",
    unit=COUNT,
    kind="stat",
    width=12,
    height=4,
    queries=(
        Query(_number("critical"), "critical", limit=Limit(1)),
        Query(_number("warning"), "warning", limit=Limit(None, amber=1)),
    ),
    opens="retention-pipeline",
    do="If it is not 0, open Pipeline: its first panel names the alerts.",
)
AGE = Chart(
    title="Age of the numbers",
    unit=SECONDS,
    kind="stat",
    width=12,
    height=4,
    queries=(Query(f"time() - {business('retention_as_of_timestamp_seconds')}", "age", stated=SECONDS),),
    limit=Limit(T["pipeline"]["stale_seconds"], amber=T["trust"]["fresh_seconds"]),
    alert="RetentionNumbersStale",
    means="Amber: alerts about the shop do not trust the numbers any more.",
    do="If red, the numbers are not updated. Do not use them for decisions, and open Pipeline.",
)
STATUS = Row("", (COUNTED, AGE))


def resized(chart: Chart, width: int, height: int) -> Chart:
    """Return a chart of another size."""
    return replace(chart, width=width, height=height)
