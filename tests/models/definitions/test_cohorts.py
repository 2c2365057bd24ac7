"""Test the parameters of cohorts."""

import pytest

from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions


def test_periods_follow_the_unit_or_the_brackets():
    assert CohortDefinitions(unit="2h", periods=3).ends == (2, 4, 6)
    assert CohortDefinitions(brackets=("1h", "1d")).ends == (1, 24)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"periods": 0}, "periods: 0 is not within 1 to 36"),
        ({"unit": "1 month"}, "unit: length '1 month' is not a number of days or hours"),
        ({"brackets": ("30d", "7d")}, "brackets: '7d' is not longer than '30d' before it; expected"),
        ({"brackets": ("7d", "7d")}, "brackets: '7d' is not longer than '7d' before it"),
    ],
)
def test_invalid_parameter_is_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        CohortDefinitions(**parameters)


def test_last_period_must_end_31_days_before_the_horizon():
    cohorts = CohortDefinitions(unit="10d", periods=3)
    Definitions(cohorts=cohorts, windows=("7d",), lifecycle_days=7, horizon_days=61)
    with pytest.raises(ValueError, match=r"cohorts: the last period ends after 30 days, later than 31 days"):
        Definitions(cohorts=cohorts, windows=("7d",), lifecycle_days=7, horizon_days=60)


def test_cohorts_require_the_first_order():
    with pytest.raises(ValueError, match="cohorts: without keep_first_order"):
        Definitions(cohorts=CohortDefinitions(), keep_first_order=False)
