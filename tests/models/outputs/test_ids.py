"""Ids, hashes and times of outputs."""

import pytest

from models.outputs.ids import content_hash, deterministic_id, to_datetime


def test_equal_parts_have_one_id():
    assert deterministic_id("a", 1) == deterministic_id("a", 1) != deterministic_id("a", 2)
    assert len(deterministic_id("a")) == 24


def test_split_of_the_parts_changes_the_id():
    assert deterministic_id("ab", "c") != deterministic_id("a", "bc")


def test_content_hash_is_a_positive_32_bit_number():
    assert 0 < content_hash(("returning", 2)) < 1 << 32


@pytest.mark.parametrize(("time", "year"), [(0, 1970), (-(1 << 62), 1), (1 << 62, 9999)])
def test_time_is_clipped_to_the_calendar(time, year):
    assert to_datetime(time).year == year
