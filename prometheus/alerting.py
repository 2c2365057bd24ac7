"""Alerting rules: expression, team, text and links."""

from dataclasses import dataclass
from typing import Any

from prometheus.recording import TRUSTED
from prometheus.thresholds import THRESHOLDS as T

DASHBOARDS = {
    "retention": "retention-overview",
    "response times": "retention-response-times",
    "promises and causes": "retention-promises",
    "customers": "retention-customers",
    "support now": "retention-support-now",
    "the week": "retention-week",
    "pipeline": "retention-pipeline",
}
IF_TRUSTED = f"and on (job) {TRUSTED} == 1"


@dataclass(frozen=True)
class Alert:
    """One alerting rule.

    Attributes:
        name: In the runbook, the heading of its section.
        expr: PromQL; what it returns is wrong.
        hold: How long it must be so, as a Prometheus duration.
        severity: `critical` wakes a person now, `warning` is for the working day.
        team: Whom it is for: support, logistics, commerce or platform.
        summary: One line.
        description: What is so, with the number; Prometheus' template language.
        dashboard: A key of DASHBOARDS: the one that explains it.
        variables: Query string that sets the dashboard's variables.
        suspect: The numbers themselves are in doubt: alertmanager.yml silences the business alerts meanwhile.
    """

    name: str
    expr: str
    hold: str
    severity: str
    team: str
    summary: str
    description: str
    dashboard: str
    variables: str = ""
    suspect: bool = False

    def rule(self) -> dict[str, Any]:
        """Return the rule in Prometheus' format."""
        labels = {"severity": self.severity, "team": self.team}
        if self.suspect:
            labels["numbers"] = "suspect"
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.hold,
            "labels": labels,
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{T['links']['runbook']}#{self.name.lower()}",
                "dashboard_url": f"{T['links']['grafana']}/d/{DASHBOARDS[self.dashboard]}{self.variables}",
            },
        }


def trusted(condition: str) -> str:
    """Return the condition, limited to fresh and complete numbers: a stalled consumer is not churn."""
    return f"(\n{condition}\n)\n{IF_TRUSTED}"


def rising(now: str, then: str, factor: float, least: float) -> str:
    """Return the condition that a value exceeds an earlier one by a factor, and by at least `least`."""
    return f"{now} > {factor:g} * {then}\nand {now} - {then} > {least:g}"


def beyond_chance(now: str, low: str, then: str) -> str:
    """Return the condition that a ratio exceeds an earlier one by more than chance explains.

    Newcombe's interval of their difference (docs/metrics.md, "Confidence bounds") lies above 0.

    Args:
        now: the ratio.
        low: its lower confidence bound.
        then: the recorded earlier ratio, whose upper confidence bound is recorded as `_high`.
    """
    return f"{now} - {then} > sqrt(({now} - {low}) ^ 2 + ({then}_high - {then}) ^ 2)"
