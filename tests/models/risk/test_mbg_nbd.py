"""P(alive): what has to hold of it whatever the parameters are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.definitions.risk_model import Parameters
from models.risk.mbg_nbd import p_alive

POSITIVE = st.floats(1e-5, 1e6)
PARAMETERS = st.builds(Parameters, POSITIVE, POSITIVE, POSITIVE, POSITIVE)
FREQUENCIES = st.integers(0, 100_000)
DAYS = st.floats(0, 10_000)
#: A music shop's (tests/data/cdnow-mbg-nbd.json).
SHOP = Parameters(0.689, 69.2, 0.492, 0.859)


@given(PARAMETERS, FREQUENCIES, DAYS, DAYS)
def test_p_alive_is_a_probability(parameters, frequency, recency, silence):
    assert 0 <= p_alive(parameters, frequency, recency, recency + silence) <= 1


@given(PARAMETERS, FREQUENCIES, DAYS, DAYS, DAYS)
def test_p_alive_falls_with_the_time_since_the_last_purchase(parameters, frequency, recency, silence, more):
    sooner = p_alive(parameters, frequency, recency, recency + silence)
    later = p_alive(parameters, frequency, recency, recency + silence + more)
    assert later <= sooner * (1 + 1e-9)


@given(PARAMETERS, FREQUENCIES, DAYS, DAYS, DAYS)
def test_later_last_purchase_raises_p_alive(parameters, frequency, first, second, silence):
    earlier, later = sorted((first, second))
    age = later + silence
    assert p_alive(parameters, frequency, earlier, age) <= p_alive(parameters, frequency, later, age) * (
        1 + 1e-9
    )


@given(PARAMETERS, FREQUENCIES, DAYS)
def test_p_alive_at_a_purchase_is_the_share_that_stays(parameters, frequency, recency):
    stays = (parameters.b + frequency) / (parameters.a + parameters.b + frequency)
    assert p_alive(parameters, frequency, recency, recency) == pytest.approx(stays)


@given(st.integers(0, 1000), DAYS, DAYS, st.floats(0.001, 1000))
def test_unit_of_time_does_not_change_p_alive(frequency, recency, silence, unit):
    scaled = Parameters(SHOP.r, SHOP.alpha * unit, SHOP.a, SHOP.b)
    age = recency + silence
    assert p_alive(scaled, frequency, recency * unit, age * unit) == pytest.approx(
        p_alive(SHOP, frequency, recency, age)
    )


def test_frequent_buyer_is_sooner_gone_in_the_same_silence():
    assert p_alive(SHOP, 20, 200, 400) < p_alive(SHOP, 2, 200, 400) < p_alive(SHOP, 2, 200, 210)


def test_many_purchases_and_long_silence_do_not_overflow():
    assert p_alive(SHOP, 100_000, 1, 10_000) == 0
    assert math.isclose(p_alive(SHOP, 100_000, 10_000, 10_000), 1, rel_tol=1e-4)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
@pytest.mark.parametrize("name", ["r", "alpha", "a", "b"])
def test_invalid_parameter_raises(name, value):
    with pytest.raises(ValueError, match=rf"^{name}: "):
        Parameters(**{"r": 1.0, "alpha": 1.0, "a": 1.0, "b": 1.0} | {name: value})
