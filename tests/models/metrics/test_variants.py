"""Experiments and variants of all partitions, within the limits, by hand."""

import pytest

from models.definitions.definitions import Definitions
from models.definitions.windows import Window
from models.metrics.variants import VariantTotals

WEEK = Window.parse("7d")
LIMITS = Definitions(windows=("7d",), max_experiments=2, max_variants=1)


def totals(*parts):
    return VariantTotals(parts, LIMITS)


def test_sums_of_partitions_add_up():
    parts = {"price": {"a": [2, 1], "other": [0, 0]}}, {"price": {"a": [3, 0], "other": [1, 1]}}
    found = totals(*parts)
    assert found.names() == [("price", "a"), ("price", "other")]
    assert found.customers("price", "a", WEEK) == (5, 1)
    assert found.customers("price", "other", WEEK) == (1, 1)


def test_names_beyond_the_limits_of_all_partitions_are_other():
    parts = (
        {"b": {"y": [1, 0]}, "d": {"x": [2, 0]}, "other": {"other": [4, 0]}},
        {"a": {"x": [8, 0]}, "b": {"x": [16, 0]}, "other": {"other": [0, 0]}},
    )
    found = totals(*parts)
    assert {name: found.customers(*name, WEEK)[0] for name in found.names()} == {
        ("a", "x"): 8,
        ("b", "other"): 1,
        ("b", "x"): 16,
        ("other", "other"): 6,
    }
    assert sorted(found.beyond, key=str) == [("b", "y"), ("d", None)]


@pytest.mark.parametrize("name", ["other", "another"])
def test_name_other_takes_no_place(name):
    found = totals({name: {"x": [1, 0]}, "y": {"x": [1, 0]}, "z": {"x": [1, 0]}})
    assert ("z", "x") in found.names() if name == "other" else ("z", "x") not in found.names()
