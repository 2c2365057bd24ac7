"""Sums by experiment and variant: the names that count by name, and the group `other`."""

import numpy as np
import pytest

from models.aggregation.variant_sums import VariantSums
from models.definitions.definitions import Definitions


@pytest.fixture
def sums():
    return VariantSums(Definitions(windows=("7d",), max_experiments=2, max_variants=1))


def see(sums, experiment, variant, customers=1):
    """Add customers who saw a variant of an experiment, in the present hour."""
    sums.flush(0)
    for _ in range(customers):
        sums.replace_names(experiment, set(), {variant})
    groups = np.full(customers, sums.group(experiment, variant))
    sums.add(groups, 0, np.zeros(customers, np.int64), np.ones(customers, np.int64))


def test_names_within_the_limits_have_sums_of_their_own(sums):
    see(sums, "price", "a", 3)
    see(sums, "colour", "b", 2)
    assert sums.sums() == {
        "price": {"a": [3, 0], "other": [0, 0]},
        "colour": {"b": [2, 0], "other": [0, 0]},
        "other": {"other": [0, 0]},
    }
    assert sums.beyond() == []


def test_sums_beyond_the_limits_are_kept_under_other(sums):
    see(sums, "price", "b", 1)
    see(sums, "price", "a", 2)
    see(sums, "colour", "b", 4)
    see(sums, "size", "x", 8)
    assert sums.sums()["price"] == {"a": [2, 0], "other": [1, 0]}
    assert sums.sums()["other"] == {"other": [8, 0]}
    see(sums, "banner", "x", 16)
    assert sums.sums() == {
        "colour": {"b": [4, 0], "other": [0, 0]},
        "banner": {"x": [16, 0], "other": [0, 0]},
        "other": {"other": [11, 0]},
    }
    assert sums.beyond() == [("price", None), ("size", None)]


def test_name_out_of_use_leaves_if_nothing_is_beyond(sums):
    see(sums, "price", "a")
    sums.replace_names("price", {"a"}, {"b"})
    assert not sums.drop_unused()
    assert sums.sums()["price"].keys() == {"b", "other"}
    sums.replace_names("price", {"b"}, set())
    assert not sums.drop_unused()
    assert sums.sums().keys() == {"other"}


def test_name_out_of_use_calls_for_those_beyond(sums):
    see(sums, "price", "a")
    see(sums, "price", "b")
    sums.replace_names("price", {"a"}, set())
    assert sums.drop_unused()
