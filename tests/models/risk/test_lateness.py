"""How late a customer is: by their own rhythm, or the shop's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.definitions.definitions import Definitions
from models.definitions.risk_model import Parameters, RiskModel
from models.definitions.windows import US_PER_DAY, US_PER_HOUR
from models.risk.lateness import assess
from models.risk.mbg_nbd import p_alive

PARAMETERS = Parameters(0.689, 69.2, 0.492, 0.859)
FITTED = Definitions(
    risk=RiskModel(version="2026-06-30-1f0c8d2e", parameters=PARAMETERS, typical_gap_days=34.0)
)


def on(*days, hour=10):
    return [day * US_PER_DAY + hour * US_PER_HOUR for day in days]


def test_customer_with_enough_purchases_is_late_by_their_own():
    risk = assess(on(0, 10, 20, 31, 40), 70 * US_PER_DAY, FITTED)
    assert (risk.recency_days, risk.typical_gap_days, risk.lateness) == (30, 10, 3)


def test_one_long_absence_does_not_change_the_typical_gap():
    assert assess(on(0, 10, 20, 200, 210), 215 * US_PER_DAY, FITTED).lateness == 0.5


def test_customer_with_few_purchases_is_late_by_the_shop():
    few = assess(on(0, 3, 6), 40 * US_PER_DAY, FITTED)
    assert (few.typical_gap_days, few.lateness) == (34, 1)
    assert assess(on(0, 3, 6, 9), 40 * US_PER_DAY, FITTED).typical_gap_days == 3


def test_without_a_model_the_lifecycle_sets_the_typical_gap():
    risk = assess(on(0), 90 * US_PER_DAY, Definitions(lifecycle_days=60))
    assert (risk.typical_gap_days, risk.lateness, risk.p_alive) == (30, 3, None)


def test_orders_of_one_day_are_one_purchase():
    spread = sorted(on(0, 10, 20, 30) + on(0, 10, 10, 30, hour=23))
    now = 50 * US_PER_DAY
    assert assess(spread, now, FITTED) == assess(on(0, 10, 20, 30), now, FITTED)


def test_lateness_changes_only_at_midnight():
    orders = on(0, 10, 20, 30)
    first, last = assess(orders, 45 * US_PER_DAY, FITTED), assess(orders, 46 * US_PER_DAY - 1, FITTED)
    after = assess(orders, 46 * US_PER_DAY, FITTED)
    assert first == last
    assert (after.recency_days, after.p_alive < last.p_alive) == (16, True)


def test_model_counts_days_since_the_first_purchase():
    risk = assess(on(5, 15, 45), 105 * US_PER_DAY, FITTED)
    assert risk.p_alive == p_alive(PARAMETERS, 2, 40, 100)


def test_customer_without_orders_has_no_risk():
    assert assess([], US_PER_DAY, FITTED) is None


@given(st.lists(st.integers(0, 800 * US_PER_DAY), min_size=1, max_size=40), st.integers(0, 800 * US_PER_DAY))
def test_risk_is_finite_for_every_history(times, silence):
    orders = sorted(times)
    risk = assess(orders, orders[-1] + silence, FITTED)
    assert 0 <= risk.p_alive <= 1
    assert risk.typical_gap_days >= 1
    assert math.isclose(risk.lateness * risk.typical_gap_days, risk.recency_days, abs_tol=1e-9)


@pytest.mark.parametrize(
    "changes", [{"version": ""}, {"typical_gap_days": 0.0}, {"typical_gap_days": math.nan}]
)
def test_invalid_risk_model_raises(changes):
    valid = {"version": "v", "parameters": PARAMETERS, "typical_gap_days": 34.0}
    with pytest.raises(ValueError, match=f"^{next(iter(changes))}: "):
        RiskModel(**valid | changes)
