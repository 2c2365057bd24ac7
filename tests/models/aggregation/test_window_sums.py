"""Windowed sums of deltas that enter and leave the window, and of late and early ones."""

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.aggregation.window_sums import DeltaBuffer, WindowSums, by_slot, series_at, split

LENGTHS = [2, 5, 9]


def add(table, *deltas):
    rows, slots, weights = (np.array(column, np.int64) for column in zip(*deltas, strict=True))
    table.add(rows, slots, weights)


def test_cell_holds_row_and_slot_even_before_1970():
    cells = np.array([series_at(0) - 3, series_at(7) + 500_000], np.int64)
    rows, slots = split(cells)
    assert rows.tolist() == [0, 7]
    assert slots.tolist() == [-3, 500_000]


def test_window_ends_with_the_present_slot():
    table = WindowSums(LENGTHS)
    table.advance_to(100)
    add(table, (0, 100, 1), (0, 99, 10), (0, 98, 100), (0, 92, 1000), (0, 91, 10_000))
    assert table.windows(1)[:, 0].tolist() == [11, 111, 1111, 11_111]


def test_weight_older_than_all_windows_counts_in_total():
    table = WindowSums(LENGTHS)
    table.advance_to(100)
    add(table, (3, -7, 5))
    assert table.windows(4)[:, 3].tolist() == [0, 0, 0, 5]


def test_jump_past_all_windows_empties_them():
    table = WindowSums(LENGTHS)
    table.advance_to(100)
    add(table, (0, 100, 1))
    table.advance_to(1000)
    assert table.windows(1)[:, 0].tolist() == [0, 0, 0, 1]


def test_table_grows_with_its_series():
    table = WindowSums(LENGTHS)
    table.advance_to(0)
    add(table, (700, 0, 2))
    assert table.windows(701)[0, 700] == 2


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.lists(st.tuples(st.integers(0, 40), st.integers(-3, 3)), max_size=4)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_sums_equal_a_naive_sum_as_time_advances(steps):
    table, at, deltas = WindowSums(LENGTHS, np.int32), 0, []
    for forward, added in steps:
        at += forward
        table.advance_to(at)
        new = [(0, at - age, weight) for age, weight in added]
        deltas += new
        if new:
            add(table, *new)
        expected = [sum(w for _, slot, w in deltas if slot > at - length) for length in LENGTHS]
        assert table.windows(1)[:, 0].tolist() == [*expected, sum(w for *_, w in deltas)]


def test_buffered_weights_stay_until_their_slot():
    buffer = DeltaBuffer()
    buffer.cells_of_weight(1).append(series_at(2) + 10)
    buffer.cells_of_weight(-1).append(series_at(2) + 12)
    buffer.cells.append(series_at(1) + 11)
    buffer.weights.append(7)
    assert [column.tolist() for column in buffer.drain(10)] == [[2], [10], [1]]
    assert [column.tolist() for column in buffer.drain(11)] == [[1], [11], [7]]
    assert [column.tolist() for column in buffer.drain(50)] == [[2], [12], [-1]]
    assert [column.tolist() for column in buffer.drain(51)] == [[], [], []]


def test_buffered_weights_of_one_slot_are_drained_together():
    buffer = DeltaBuffer()
    buffer.cells_of_weight(1).append(series_at(0) + 5)
    buffer.drain(1)
    buffer.cells_of_weight(1).append(series_at(1) + 5)
    buffer.drain(2)
    assert sorted(buffer.drain(5)[0].tolist()) == [0, 1]


@pytest.mark.parametrize("slots", [[], [4], [4, 4], [9, 2, 9, 2, 5]])
def test_by_slot_returns_each_slot_once_with_its_indices(slots):
    grouped = by_slot(np.array(slots, np.int64))
    assert {slot: sorted(places.tolist()) for slot, places in grouped} == {
        slot: [index for index, other in enumerate(slots) if other == slot] for slot in set(slots)
    }
    assert len(grouped) == len(set(slots))


def test_series_never_written_takes_no_memory():
    """Even after time has passed: a handful of series in use would take 80 MB a partition."""
    process = psutil.Process()
    table = WindowSums([24, 10_000], np.int64)
    table.reserve(1)
    before = process.memory_info().rss
    table.reserve(1_000)
    for slot in range(0, 10_000, 500):
        table.advance_to(slot)
    assert table.windows(1_000).sum() == 0
    assert process.memory_info().rss - before < 8e6


def test_growing_table_takes_no_memory_for_zeros():
    process = psutil.Process()
    table = WindowSums([24, 10_000], np.int64)
    table.advance_to(10_000)
    add(table, *((row, row * 100, 1) for row in range(64)))
    before = process.memory_info().rss
    table.reserve(1_000)
    assert table.windows(1_000)[-1].sum() == 64
    assert process.memory_info().rss - before < 2e6
