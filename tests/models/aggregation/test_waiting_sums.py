"""Sums of due deltas, waiting deltas, and the memory of a group."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.aggregation import waiting_sums
from models.aggregation.waiting_sums import WaitingSums


def add(sums, *deltas, column=0):
    groups, slots, weights = (np.array(values, np.int64) for values in zip(*deltas, strict=True))
    sums.add(groups, column, slots, weights)


def test_delta_counts_from_its_slot_on():
    sums = WaitingSums(2)
    group = sums.new_group()
    sums.advance_to(10)
    add(sums, (group, 9, 1), (group, 10, 10), (group, 11, 100), column=1)
    assert sums.sums(group) == [0, 11]
    sums.advance_to(11)
    assert sums.sums(group) == [0, 111]


def test_slots_before_1970_count():
    sums = WaitingSums(1)
    group = sums.new_group()
    sums.advance_to(-10)
    add(sums, (group, -9, 2))
    sums.advance_to(-9)
    assert sums.sums(group) == [2]


def test_moved_group_counts_in_its_target_with_deltas_to_come():
    sums = WaitingSums(1)
    target, between, group = (sums.new_group() for _ in range(3))
    sums.advance_to(0)
    add(sums, (group, 0, 1), (group, 5, 10))
    sums.move(group, between)
    add(sums, (group, 0, 100))  # still in a buffer when the group was moved
    sums.move(between, target)
    sums.advance_to(5)
    assert [sums.sums(each) for each in (group, between, target)] == [[0], [0], [111]]


def test_number_of_a_moved_group_is_used_again_for_nothing_else(monkeypatch):
    sums = WaitingSums(1)
    monkeypatch.setattr(waiting_sums, "_FEW_GROUPS", 0)
    rest, group = sums.new_group(), sums.new_group()
    sums.advance_to(0)
    add(sums, (group, 5, 1))
    sums.move(group, rest)
    assert sums.new_group() not in {rest, group}
    sums.settle()
    assert sums.new_group() == group
    sums.advance_to(5)
    assert (sums.sums(rest), sums.sums(group)) == ([1], [0])


def test_sums_grow_with_the_number_of_groups():
    sums = WaitingSums(1)
    groups = [sums.new_group() for _ in range(300)]
    sums.advance_to(0)
    add(sums, *((group, 0, group) for group in groups))
    sums.move(groups[-1], groups[0])
    assert [sums.sums(group)[0] for group in groups] == [299, *range(1, 299), 0]


def test_equal_slots_of_a_group_are_one_entry(monkeypatch):
    monkeypatch.setattr(waiting_sums, "_FEW_DELTAS", 0)
    sums = WaitingSums(1)
    group = sums.new_group()
    sums.advance_to(0)
    for _ in range(100):
        add(sums, (group, 1, 1), (group, 2, 1), (group, 3, 1), (group, 3, -1))
        sums.settle()
    assert sums.waiting <= 6
    sums.advance_to(3)
    assert sums.sums(group) == [200]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 6),
            st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(-3, 3)), max_size=5),
        ),
        max_size=10,
    )
)
def test_sums_equal_a_naive_sum_as_time_advances(steps):
    sums, at, deltas = WaitingSums(1), 0, []
    for _ in range(4):
        sums.new_group()
    for forward, added in steps:
        at += forward
        sums.advance_to(at)
        if added:
            add(sums, *added)
        deltas += added
        sums._merge()
        for group in range(4):
            due = [weight for other, slot, weight in deltas if other == group and slot <= at]
            assert sums.sums(group) == [sum(due)]
