"""Quantile sketches: within 1 %, over sliding windows, and able to take a value back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.aggregation.duration_sketches import BUCKETS, Sketches, bucket_of, middle_of

YEARS_10_US = 3650 * 86_400 * 1_000_000
LENGTHS = [2, 5]


def counts(sketches):
    """Window -> key -> count."""
    return [
        {int(key): int(window[key]) for key in np.flatnonzero(window)}
        for window in np.cumsum(sketches.rings, 0)
    ]


def add(sketches, *deltas):
    sketches.add(*(np.array(column, np.int64) for column in zip(*deltas, strict=True)))


@given(st.integers(1, YEARS_10_US))
def test_duration_is_within_a_hundredth_of_its_bucket(duration):
    (bucket,) = bucket_of(np.array([duration])).tolist()
    assert abs(middle_of(bucket) - duration) <= 0.01 * duration


def test_zero_duration_is_exact():
    assert middle_of(int(bucket_of(np.array([0]))[0])) == 0


def test_duration_above_ten_years_is_in_the_last_bucket():
    assert bucket_of(np.array([2**60])).tolist() == [BUCKETS - 1]


def test_value_slides_out_of_one_window_after_the_other():
    sketches = Sketches(LENGTHS, 1)
    sketches.advance_to(10)
    add(sketches, (7, 10, 1))
    assert counts(sketches) == [{7: 1}, {7: 1}]
    sketches.advance_to(12)
    assert counts(sketches) == [{}, {7: 1}]
    sketches.advance_to(15)
    assert counts(sketches) == [{}, {}]


def test_value_can_be_retracted_at_any_time():
    sketches = Sketches(LENGTHS, 1)
    sketches.advance_to(10)
    add(sketches, (7, 10, 1), (8, 10, 1))
    sketches.advance_to(13)
    add(sketches, (7, 10, -1))
    assert counts(sketches) == [{}, {8: 1}]
    sketches.advance_to(40)
    assert counts(sketches) == [{}, {}]


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=4)),
        min_size=1,
        max_size=8,
    )
)
def test_counts_equal_a_naive_count_as_time_advances(steps):
    sketches, at, deltas = Sketches(LENGTHS, 1), 0, []
    for forward, added in steps:
        at += forward
        sketches.advance_to(at)
        new = [(key, at - age) for age, key in added]
        deltas += new
        if new:
            add(sketches, *((key, slot, 1) for key, slot in new))
        for window, length in zip(counts(sketches), LENGTHS, strict=True):
            within = [key for key, slot in deltas if slot > at - length]
            assert window == {key: within.count(key) for key in within}
