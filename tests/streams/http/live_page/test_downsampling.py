from hypothesis import given
from hypothesis import strategies as st

from streams.http.live_page.downsampling import DownsampledHistory


def test_a_point_a_step_and_not_more_often():
    trend = DownsampledHistory()
    assert trend.add(100.0, {"a": 1.0})
    assert not trend.add(100.5, {"a": 2.0})
    assert trend.add(100.98, {"a": 3.0})  # a beat that comes a little early
    assert trend.times == [100.0, 100.98]
    assert trend.values == {"a": [1.0, 3.0]}


def test_missing_values_leave_holes():
    trend = DownsampledHistory()
    trend.add(1.0, {"a": 1.0})
    trend.add(2.0, {"b": 2.0})
    trend.add(3.0, {"a": 3.0, "b": None})
    assert trend.values == {"a": [1.0, None, 3.0], "b": [None, 2.0, None]}


def test_full_history_keeps_every_other_point():
    trend = DownsampledHistory(samples=4)
    for at in range(5):
        trend.add(float(at), {"a": float(at)})
    assert trend.times == [0.0, 2.0, 4.0]
    assert trend.values == {"a": [0.0, 2.0, 4.0]}
    assert not trend.add(5.0, {"a": 5.0})
    assert trend.add(6.0, {"a": 6.0})


def test_the_oldest_go_once_it_spans_hours():
    trend = DownsampledHistory(samples=10)
    for at in range(10_000):
        trend.add(float(at), {"a": float(at)})
    assert trend.step == 32.0
    assert len(trend.times) == 10
    assert trend.times[0] > 9_000
    assert trend.values["a"] == trend.times


@given(st.lists(st.floats(0, 100), max_size=200), st.integers(2, 20))
def test_bounded_and_of_one_length(pauses, samples):
    trend, at = DownsampledHistory(samples), 0.0
    for number, pause in enumerate(pauses):
        at += pause
        trend.add(at, {str(number % 3): float(number)})
    assert len(trend.times) <= samples
    assert trend.times == sorted(trend.times)
    assert all(len(column) == len(trend.times) for column in trend.values.values())


def test_a_clock_set_back_does_not_stop_it():
    trend = DownsampledHistory()
    trend.add(1000.0, {"a": 1.0})
    assert trend.add(10.0, {"a": 2.0})
    assert (trend.times, trend.values) == ([10.0], {"a": [2.0]}), "and draws no line back"


def test_a_replay_of_years_leaves_the_last_months():
    trend = DownsampledHistory()
    for day in range(500):
        trend.add(86_400.0 * day, {"a": float(day)})
    assert trend.times[0] == 86_400.0 * (499 - 90)
    assert trend.values["a"][0] == 409.0
