"""What needs attention: error budgets, breaches and churn that exceed the thresholds of the alerts.

The thresholds are those of prometheus/thresholds.toml.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from streams.report.figures import percent, written
from streams.report.numbers import Number, Numbers
from streams.report.periods import length_of

Severity = Literal["critical", "warning"]

#: Windows of an error budget that the report shows, from short to long.
BUDGET_WINDOWS: Final = ("1h", "24h", "7d", "30d")
#: Kind of a target -> its name.
_TITLES: Final[Mapping[str, str]] = {
    "first_response": "First response",
    "first_human_response": "First response by an agent",
    "next_response": "Next response",
    "resolution": "Resolution",
    "promise": "Promise",
}


class Urgent(Struct, frozen=True):
    """Something that needs attention: a number beyond its threshold, or an alert that fires.

    Attributes:
        severity: `critical` needs a person at once, `warning` within the working day; alerts may have others.
        summary: the problem in one line.
        detail: the number and its threshold.
    """

    severity: str
    summary: str
    detail: str

    @property
    def level(self) -> Severity:
        """The severity as the forms show it, one of two."""
        return "critical" if self.severity == "critical" else "warning"


class BurnRate(Struct, frozen=True):
    """How fast an error budget burns in a window.

    Attributes:
        rate: 1 uses the budget up in 30 days exactly; 0 without decisions.
        is_enough: whether enough targets were decided to judge by.
    """

    rate: float
    is_enough: bool

    @property
    def text(self) -> str:
        """The rate as text; a dash over too few decisions."""
        return f"{self.rate:.1f}" if self.is_enough else "-"

    def exceeds(self, limit: float) -> bool:
        """Return whether enough decisions burn the budget faster than a limit."""
        return self.is_enough and self.rate > limit


class Budget(Struct, frozen=True):
    """The error budget of a target.

    Attributes:
        sla: kind of the target.
        objective: required share of targets that are met.
        rates: window -> burn rate.
    """

    sla: str
    objective: float
    rates: Mapping[str, BurnRate]

    @property
    def title(self) -> str:
        """The kind of the target in words."""
        return _TITLES.get(self.sla, self.sla)

    @property
    def is_judged(self) -> bool:
        """Whether any window has enough decisions to judge by."""
        return any(rate.is_enough for rate in self.rates.values())

    def urgency(self, slo: Mapping[str, Any]) -> Severity | None:
        """Return how urgent the budget is by the conditions of its alerts; None if no condition holds."""
        hour, day, week, month = (self.rates[window] for window in BUDGET_WINDOWS)
        if hour.exceeds(slo["fast_hour"]) or (day.exceeds(slo["fast_day"]) and hour.rate > slo["fast_day"]):
            return "critical"
        slow_week, slow_month = slo["slow_week"], slo["slow_month"]
        if (week.exceeds(slow_week) and day.rate > slow_week) or (
            month.exceeds(slow_month) and week.rate > slow_month
        ):
            return "warning"
        return None


def budgets(numbers: Numbers, limits: Mapping[str, Any]) -> list[Budget]:
    """Return the error budgets of all targets with an objective that are computed.

    Args:
        numbers: the current series.
        limits: thresholds of the alerts by section.
    """
    slo = limits["slo"]
    return [
        Budget(
            sla,
            objective,
            {window: _rate(numbers, sla, window, objective, slo) for window in BUDGET_WINDOWS},
        )
        for sla, objective in slo["objective"].items()
        if numbers.has("retention_sla_breach_ratio", sla=sla, priority="all", window="24h")
    ]


def urgent(numbers: Numbers, limits: Mapping[str, Any]) -> list[Urgent]:
    """Return what exceeds its threshold now, most urgent first.

    Thresholds that compare with the past need Prometheus, and are left out.

    Args:
        numbers: the current series.
        limits: thresholds of the alerts by section.
    """
    found = [
        *_of_churn(numbers, limits["churn"]),
        *_of_budgets(budgets(numbers, limits), limits["slo"]),
        *_of_priorities(numbers, limits["sla"]),
    ]
    return sorted(found, key=lambda one: one.severity)


def _rate(numbers: Numbers, sla: str, window: str, objective: float, slo: Mapping[str, Any]) -> BurnRate:
    ratio = numbers.of("retention_sla_breach_ratio", sla=sla, priority="all", window=window)
    is_enough = _decided(ratio) >= slo["minimum_decisions"]
    return BurnRate(ratio.value / (1 - objective) if ratio.exists else 0.0, is_enough)


def _decided(ratio: Number) -> float:
    return ratio.denominator or 0.0


def _of_budgets(found: list[Budget], slo: Mapping[str, Any]) -> Iterator[Urgent]:
    for budget in found:
        urgency = budget.urgency(slo)
        if urgency is not None:
            rest = "within days" if urgency == "critical" else "before 30 days are over"
            fastest = max(rate.rate for rate in budget.rates.values() if rate.is_enough)
            yield Urgent(
                urgency,
                f"{budget.title}: the error budget will be used up {rest}",
                f"Its highest burn rate is {fastest:.1f}, and 1 is allowed: "
                f"{percent(budget.objective)} of the targets must be met.",
            )


def _of_priorities(numbers: Numbers, sla: Mapping[str, Any]) -> Iterator[Urgent]:
    for labels in numbers.labels("retention_sla_breach_ratio"):
        accepted = sla["breach"].get(labels["priority"]) if labels["window"] == "24h" else None
        ratio = numbers.of("retention_sla_breach_ratio", **labels)
        if accepted is None or not ratio.exists or _decided(ratio) < sla["minimum_decisions"]:
            continue
        if ratio.value > accepted:
            kind = _TITLES.get(labels["sla"], labels["sla"]).lower()
            yield Urgent(
                "warning",
                f"Too many {labels['priority']} tickets miss their {kind} target",
                f"{written(ratio.value, 'share')} of the targets of 24 hours were missed; "
                f"{percent(accepted)} are accepted.",
            )


def _of_churn(numbers: Numbers, churn: Mapping[str, Any]) -> Iterator[Urgent]:
    for window, ceiling in churn["ceiling"].items():
        ratio = numbers.of("retention_churn_ratio", window=window)
        if ratio.exists and ratio.low is not None and ratio.low > ceiling:
            yield Urgent(
                "critical",
                f"Churn in {length_of(window)} is above its ceiling",
                f"{written(ratio.value, 'share')} of the customers did not come back; "
                f"the ceiling is {percent(ceiling)}.",
            )
