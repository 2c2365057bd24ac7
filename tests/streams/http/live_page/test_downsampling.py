"""The trend of the live page: at most 720 samples, and 90 days."""

from hypothesis import given
from hypothesis import strategies as st

from streams.http.live_page.downsampling import DownsampledHistory


def test_one_sample_is_added_per_step():
    history = DownsampledHistory()
    assert history.add(100.0, {"a": 1.0})
    assert not history.add(100.5, {"a": 2.0})
    assert history.add(100.98, {"a": 3.0})  # slightly less than a step later
    assert history.times == [100.0, 100.98]
    assert history.values == {"a": [1.0, 3.0]}


def test_missing_value_is_none_in_the_history():
    history = DownsampledHistory()
    history.add(1.0, {"a": 1.0})
    history.add(2.0, {"b": 2.0})
    history.add(3.0, {"a": 3.0, "b": None})
    assert history.values == {"a": [1.0, None, 3.0], "b": [None, 2.0, None]}


def test_full_history_keeps_every_second_sample():
    history = DownsampledHistory(samples=4)
    for at in range(5):
        history.add(float(at), {"a": float(at)})
    assert history.times == [0.0, 2.0, 4.0]
    assert history.values == {"a": [0.0, 2.0, 4.0]}
    assert not history.add(5.0, {"a": 5.0})
    assert history.add(6.0, {"a": 6.0})


def test_full_history_at_the_last_step_drops_the_oldest():
    history = DownsampledHistory(samples=10)
    for at in range(10_000):
        history.add(float(at), {"a": float(at)})
    assert history.step == 32.0
    assert len(history.times) == 10
    assert history.times[0] > 9_000
    assert history.values["a"] == history.times


@given(st.lists(st.floats(0, 100), max_size=200), st.integers(2, 20))
def test_history_is_bounded_and_its_columns_equally_long(pauses, samples):
    history, at = DownsampledHistory(samples), 0.0
    for number, pause in enumerate(pauses):
        at += pause
        history.add(at, {str(number % 3): float(number)})
    assert len(history.times) <= samples
    assert history.times == sorted(history.times)
    assert all(len(column) == len(history.times) for column in history.values.values())


def test_history_restarts_when_the_clock_goes_back():
    history = DownsampledHistory()
    history.add(1000.0, {"a": 1.0})
    assert history.add(10.0, {"a": 2.0})
    assert (history.times, history.values) == ([10.0], {"a": [2.0]})


def test_history_spans_at_most_ninety_days():
    history = DownsampledHistory()
    for day in range(500):
        history.add(86_400.0 * day, {"a": float(day)})
    assert history.times[0] == 86_400.0 * (499 - 90)
    assert history.values["a"][0] == 409.0
