"""Events of several files, in the order of their times."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.backfill.order import FRAME_EVENTS, FileEvents, Timed, in_time_order


def events(file, times):
    return [Timed(time, file, number, 0, b"%d" % time) for number, time in enumerate(times, 1)]


class File:
    """A file that counts how often it was opened and how many readers are open."""

    def __init__(self, file, times):
        self.events = events(file, times)
        self.opened = 0
        self.reading = 0

    def open(self):
        self.opened += 1
        self.reading += 1
        yield from self.events
        self.reading -= 1


@given(st.lists(st.lists(st.integers(0, 9), max_size=12), max_size=5), st.sampled_from([1, 3, 1 << 20]))
def test_files_are_merged_in_order_for_any_memory_limit(files, run_bytes):
    sources = [File(index, times) for index, times in enumerate(files)]
    with in_time_order([FileEvents(source.open) for source in sources], run_bytes) as ordered:
        found = list(ordered)
        assert list(ordered) == found  # and again
        expected = sorted(event for source in sources for event in source.events)
        assert found == expected
        assert ordered.count == len(expected)
        assert ordered.earliest == min((event.time for event in expected), default=None)
        assert ordered.latest == max((event.time for event in expected), default=None)


def test_file_larger_than_memory_is_sorted_in_runs():
    times = random.Random(1).choices(range(10**6), k=5 * FRAME_EVENTS)
    source = File(0, times)
    with in_time_order([FileEvents(source.open)], run_bytes=FRAME_EVENTS * 10) as ordered:
        found = list(ordered)
    assert [event.time for event in found] == sorted(times)
    assert {event.content for event in found} == {event.content for event in source.events}


def test_many_small_files_stay_within_the_memory_limit():
    files = [File(index, [5, 4, index]) for index in range(100, 200)]  # 5 bytes each
    with in_time_order([FileEvents(file.open) for file in files], run_bytes=100) as ordered:
        assert ordered.held == 100
        assert [event.time for event in ordered] == [4] * 100 + [5] * 100 + list(range(100, 200))


def test_pipe_is_opened_once():
    source = File(0, [3, 1, 2])
    with in_time_order([FileEvents(source.open, rereadable=False)]) as ordered:
        assert [event.time for event in ordered] == [1, 2, 3]
    assert source.opened == 1


def test_sorted_files_are_streamed_one_at_a_time():
    days = [File(day, range(day * 10, day * 10 + 10)) for day in range(5)]
    with in_time_order([FileEvents(day.open) for day in reversed(days)]) as ordered:
        together = [(sum(day.reading for day in days), event.time) for event in ordered]
    assert [time for _, time in together] == list(range(50))
    assert max(reading for reading, _ in together) == 1


def test_equal_times_keep_the_order_of_files_and_lines():
    sources = [FileEvents(File(index, [5, 5]).open) for index in range(3)]
    with in_time_order(sources) as ordered:
        found = list(ordered)
    assert [(event.file, event.number) for event in found] == [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]
    assert all(before <= after for before, after in pairwise(found))


def test_truncated_file_raises_its_error():
    def broken():
        yield from events(0, [1, 2])
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"), in_time_order([FileEvents(broken)]):
        pass
