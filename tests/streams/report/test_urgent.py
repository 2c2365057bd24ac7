"""Numbers beyond the thresholds of their alerts need attention."""

import pytest

from models.metrics.samples import ratio
from streams.monitoring import alerting_files
from streams.report.numbers import Numbers
from streams.report.urgent import budgets, urgent

LIMITS = alerting_files.thresholds()


def breaches(priority="all", **by_window):
    """Return the numbers of breaches: window -> (missed, decided)."""
    metric, kind = "retention_sla_breach_ratio", "first_human_response"
    samples = [
        ratio(metric, {"sla": kind, "priority": priority, "window": window.removeprefix("w")}, *parts)
        for window, parts in {
            "w1h": (0, 0),
            "w24h": (0, 0),
            "w7d": (0, 0),
            "w30d": (0, 0),
            **by_window,
        }.items()
    ]
    return Numbers.of_samples(samples, 0)


def severities(numbers):
    return [one.severity for one in urgent(numbers, LIMITS)]


def test_nothing_urgent_without_breaches():
    assert severities(breaches(w1h=(0, 100), w24h=(0, 1000))) == []
    assert severities(Numbers(())) == []


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ({"w1h": (95, 100)}, ["critical"]),
        ({"w1h": (19, 19)}, []),  # too few decisions
        ({"w24h": (70, 100), "w1h": (7, 10)}, ["critical"]),
        ({"w24h": (70, 100), "w1h": (1, 10)}, []),  # over by now
        ({"w7d": (30, 100), "w24h": (3, 10)}, ["warning"]),
        ({"w30d": (15, 100), "w7d": (3, 20)}, ["warning"]),
        ({"w30d": (15, 100), "w7d": (1, 20)}, []),
    ],
)
def test_budget_is_urgent_by_the_conditions_of_its_alerts(windows, expected):
    assert severities(breaches(**windows)) == expected


def test_rate_over_few_decisions_is_a_dash():
    [budget] = budgets(breaches(w1h=(1, 5), w24h=(10, 100)), LIMITS)
    assert [rate.text for rate in budget.rates.values()] == ["-", "1.0", "-", "-"]


def test_breaches_of_a_priority_are_urgent_above_their_share():
    assert severities(breaches("urgent", w24h=(11, 100))) == ["warning"]
    assert severities(breaches("urgent", w24h=(10, 100))) == []


@pytest.mark.parametrize(("lost", "expected"), [(90, []), (900, ["critical"])])
def test_churn_is_urgent_if_its_lower_bound_exceeds_a_ceiling(lost, expected):
    number = lost * 10 // 9
    sample = ratio("retention_churn_ratio", {"window": "30d"}, 0.84 * number, number)
    assert severities(Numbers.of_samples([sample], 0)) == expected
