"""Order order_gaps, and their overlaps with intervals, by hand."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.customers.overlaps import Interval, OrderGap, Overlaps, order_gaps_between
from models.definitions.windows import NEVER_HOUR

WINDOW = 10
HOURS = st.lists(st.integers(0, 200), max_size=60).map(sorted)


def overlaps_of(order_gaps: list[OrderGap], intervals: list[Interval]) -> set[tuple[int, int]]:
    """Return the first hour of each overlap, and the hour after its last one."""
    overlaps = Overlaps([WINDOW], ends=False)
    overlaps.add(order_gaps, 0, intervals, 1)
    found = [np.split(deltas.slots, 2) for deltas in overlaps.drain() if deltas.column == 0]
    return {(int(first), int(end)) for hours in found for first, end in zip(*hours, strict=True)}


def test_last_order_gap_is_open_ended():
    assert order_gaps_between([3, 8, 8], end=True) == [(3, 8), (8, 8), (8, NEVER_HOUR)]
    assert order_gaps_between([3, 8], end=False) == [(3, 8)]
    assert order_gaps_between([], end=True) == []


def test_overlap_ends_with_order_interval_or_window():
    order_gaps = order_gaps_between([3, 8], end=True)
    assert overlaps_of(order_gaps, [(5, 15)]) == {(5, 8), (8, 15)}
    assert overlaps_of(order_gaps, [(5, 30)]) == {(5, 8), (8, 18)}


@given(HOURS, HOURS)
def test_overlaps_equal_those_of_all_pairs(orders, hours):
    order_gaps, intervals = order_gaps_between(orders, end=True), [*pairwise([*hours, NEVER_HOUR])]
    spans = [
        (max(ordered, since), min(ordered + WINDOW, following, until))
        for ordered, following in order_gaps
        for since, until in intervals
    ]
    assert overlaps_of(order_gaps, intervals) == {(first, end) for first, end in spans if first < end}
