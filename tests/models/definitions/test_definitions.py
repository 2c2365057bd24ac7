"""The parameters: defaults as published, and nothing half-valid."""

import math
import re

import pytest

from models.definitions.action_policy import ActionPolicy
from models.definitions.definitions import Definitions


def test_defaults_are_the_published_values():
    defaults = Definitions()
    assert defaults.base_currency == "USD"
    assert defaults.windows == ("7d", "30d", "90d", "365d")
    assert (defaults.horizon_days, defaults.lifecycle_days) == (800, 90)
    assert defaults.sla == {
        "urgent": (3600, 8 * 3600),
        "high": (4 * 3600, 24 * 3600),
        "normal": (24 * 3600, 72 * 3600),
        "low": (48 * 3600, 168 * 3600),
    }
    assert defaults.tiers == {"silver": 200, "gold": 500, "vip": 1000}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rates": {"USD": 1.0, "eur": 1.1}}, "rates: 'eur'"),
        ({"rates": {"USD": 1.0, "EUR": 0}}, "rates: EUR"),
        ({"rates": {"USD": 1.0, "EUR": math.nan}}, "rates: EUR"),
        ({"rates": {"USD": 1.0, "EUR": math.inf}}, "rates: EUR"),
        ({"rates": {"USD": 2.0}}, "rates: the base currency USD"),
        ({"base_currency": "EUR"}, "rates: the base currency EUR"),
        ({"base_currency": "eur"}, "base_currency: 'eur'"),
        ({"base_currency": "EURO"}, "base_currency: 'EURO'"),
        ({"windows": ()}, "windows: expected at least one"),
        ({"windows": ("7d", "7d")}, "windows: '7d' is named twice"),
        ({"windows": ("24h", "7d")}, "windows: 24h is a built-in window"),
        ({"windows": ("7d", "a week")}, "windows: window 'a week'"),
        ({"horizon_days": 729}, "horizon_days: 729 is less than twice the longest window, 365d"),
        ({"lifecycle_days": 0}, "lifecycle_days: expected at least 1"),
        ({"lifecycle_days": 801}, "lifecycle_days: exceeds the horizon"),
        ({"sla": {"urgent": (1, 1)}}, "sla: expected targets"),
        ({"sla": Definitions().sla | {"low": (0, 60)}}, "sla: a target of low"),
        ({"experiments": ("other",)}, "experiments: 'other' stands for every value that is not named"),
        ({"max_experiments": 0}, "max_experiments: 0 is not within 1 to 500"),
        ({"max_variants": 101}, "max_variants: 101 is not within 1 to 100"),
        ({"tiers": {"silver": 1, "gold": 2}}, "tiers: expected exactly"),
        ({"tiers": {"silver": 3, "gold": 2, "vip": 4}}, "tiers: thresholds must rise"),
        ({"tiers": {"silver": 0, "gold": 2, "vip": 4}}, "tiers: a threshold is not above 0"),
        ({"tiers": {"silver": 1, "gold": math.nan, "vip": 4}}, "tiers: a threshold is not above 0"),
        ({"channels": ("web", "other")}, "channels: "),
        ({"payment_methods": ("card", "card")}, "payment_methods: "),
        ({"further_metrics": ("reviews",)}, "further_metrics: 'reviews' is none of"),
        ({"further_metrics": ("order_kinds",) * 2}, "further_metrics: 'order_kinds' is named twice"),
    ],
    ids=str,
)
def test_invalid_value_is_named(changes, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        Definitions(**changes)


def test_horizon_of_twice_the_longest_window_is_valid():
    assert Definitions(horizon_days=730).horizon_days == 730


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("off", ["win_backs"], [("win_back",)]),
        ("weekly_cap", [-1], [0]),
        ("held_out", [-0.1, 1.1, math.nan], [0.0, 1.0]),
        ("hold_out_key", ["", "x" * 65, "é" * 33], ["x" * 64]),
        ("acknowledge_after", [-0.1, 0.5], [0.0, 0.49]),
        ("bad_rating", [0, 5], [1, 4]),
        ("expiry", [{}, ActionPolicy().expiry | {"win_back": 0}], [ActionPolicy().expiry | {"win_back": 1}]),
    ],
)
def test_action_policy_is_checked(name, wrong, right):
    for value in wrong:
        with pytest.raises(ValueError, match=f"^{name}: "):
            ActionPolicy(**{name: value})
    for value in right:
        assert getattr(ActionPolicy(**{name: value}), name) == value
