"""The lag of each source, and how long its oldest unread record has waited."""

import pytest
from aiokafka import TopicPartition

from streams.monitoring.lag import STALE_SECONDS, Lag

ORDERS = TopicPartition("orders", 0)
REVIEWS = TopicPartition("reviews", 0)


@pytest.fixture
def lag():
    return Lag()


def test_lag_counts_unread_records(lag):
    lag.sample({ORDERS: 10, REVIEWS: 3}, {ORDERS: 4, REVIEWS: 3}, 0)
    assert lag.records == {ORDERS: 6, REVIEWS: 0}


def test_position_beyond_the_sampled_end_has_no_lag(lag):
    lag.sample({ORDERS: 10}, {ORDERS: 12}, 0)
    assert lag.records == {ORDERS: 0}
    assert lag.oldest(100) == 0


def test_unread_record_waits_from_its_first_sample(lag):
    lag.sample({ORDERS: 10}, {ORDERS: 0}, 100)
    lag.sample({ORDERS: 20}, {ORDERS: 5}, 150)
    assert lag.oldest(160) == 60
    lag.sample({ORDERS: 20}, {ORDERS: 10}, 170)  # the first ten are read: the next ten wait since 150
    assert lag.oldest(170) == 20


def test_a_reader_that_keeps_pace_never_waits_long(lag):
    for second in range(1000):
        lag.sample({ORDERS: second * 10}, {ORDERS: second * 10 - 10}, second)
    assert lag.oldest(1000) <= 2


def test_wait_is_that_of_the_slowest_source(lag):
    lag.sample({ORDERS: 10}, {ORDERS: 0}, 100)
    lag.sample({ORDERS: 10, REVIEWS: 1}, {ORDERS: 0, REVIEWS: 0}, 200)
    assert lag.oldest(210) == 110
    lag.sample({ORDERS: 10, REVIEWS: 1}, {ORDERS: 10, REVIEWS: 0}, 200)
    assert lag.oldest(210) == 10


def test_sample_is_stale_after_five_minutes(lag):
    lag.sample({ORDERS: 1}, {ORDERS: 0}, 0)
    assert not lag.stale(STALE_SECONDS)
    assert lag.stale(STALE_SECONDS + 0.001)
    lag.sample({ORDERS: 1}, {ORDERS: 1}, 400)
    assert not lag.stale(10_000)
    assert STALE_SECONDS == 300


def test_a_reader_that_goes_back_is_behind_again(lag):
    lag.sample({ORDERS: 10}, {ORDERS: 10}, 0)
    lag.sample({ORDERS: 10}, {ORDERS: 0}, 50)
    assert lag.records == {ORDERS: 10}
    assert lag.oldest(60) == 10


def test_lag_is_zero_before_the_first_sample(lag):
    assert lag.oldest(1) == 0
    assert not lag.stale(1e9)
