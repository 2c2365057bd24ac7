"""Confidence bounds of ratios and of their differences."""

import math

import pytest

from models.metrics.bounds import UNDEFINED, bounds_of, newcombe, wilson
from models.metrics.samples import ratio


def test_bounds_of_a_published_example():
    """81 of 263, of Newcombe (1998), "Two-sided confidence intervals for the single proportion"."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)


@pytest.mark.parametrize("hits", range(11))
def test_bounds_solve_the_quadratic_of_wilson(hits):
    share = hits / 10
    for bound in wilson(hits, 10):
        assert (share - bound) ** 2 == pytest.approx(1.959963984540054**2 * bound * (1 - bound) / 10)


def test_bounds_over_nothing_are_undefined():
    assert wilson(0, 0) == UNDEFINED
    assert newcombe((0, 0), (1, 2)) == newcombe((1, 2), (0, 0)) == UNDEFINED


@pytest.mark.parametrize(
    ("after", "before", "expected"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
    ],
)
def test_bounds_of_differences_of_a_published_table(after, before, expected):
    """Newcombe (1998), "Interval estimation for the difference", table II, method 10."""
    assert newcombe(before, after) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("metric", "labels"),
    [("retention_rate_ratio", {"method": "textbook"}), ("retention_refund_ratio", {"basis": "value"})],
)
def test_ratio_whose_numerator_is_no_part_has_no_bounds(metric, labels):
    assert bounds_of(ratio(metric, labels, 1, 2)) == UNDEFINED


def test_only_ratios_have_bounds():
    assert bounds_of(ratio("retention_churn_ratio", {}, 1, 2)) == wilson(1, 2)
    assert bounds_of(ratio("retention_churn_ratio", {}, math.nan, 2)) == UNDEFINED
    assert bounds_of(ratio("retention_nps", {}, -50, 2)) is None
