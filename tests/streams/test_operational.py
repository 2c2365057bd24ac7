import time

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from streams.operational import Histogram, Operational


def record(timestamp_ms):
    return ConsumerRecord("orders", 0, 0, timestamp_ms, 0, None, b"", None, 0, 0, ())


def test_a_bound_belongs_to_its_bucket():
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.100001, 1.0, 7):
        histogram.observe(value)
    assert histogram.cumulative() == [("0.1", 2), ("1.0", 4), ("+Inf", 5)]
    assert histogram.sum == pytest.approx(8.250001)


def test_many_observations_of_one_value_count_each():
    histogram = Histogram((1.0,))
    histogram.observe(0.5, 1000)
    histogram.observe(2.0, 0)
    assert histogram.cumulative() == [("1.0", 1000), ("+Inf", 1000)]
    assert histogram.sum == 500


def test_an_empty_histogram_has_all_its_buckets():
    assert Histogram((1.0, 2.0)).cumulative() == [("1.0", 0), ("2.0", 0), ("+Inf", 0)]


def test_latency_runs_from_a_batchs_first_record_until_the_numbers_hold_it():
    own = Operational()
    now = time.time() * 1000
    own.read([record(int(now - 2_000)), record(int(now))])
    assert own.latency.sum == 0, "nothing is seen before it is evaluated"
    own.evaluated()
    assert own.latency.sum == pytest.approx(2 * 2.0, abs=1)
    own.evaluated()
    assert own.latency.cumulative()[-1] == ("+Inf", 2), "and only once"


def test_a_timestamp_from_the_future_is_no_negative_latency():
    own = Operational()
    own.read([record(int(time.time() * 1000) + 60_000)])
    own.evaluated()
    assert own.latency.sum == 0


def test_no_records_are_no_observation():
    own = Operational()
    own.read([])
    own.evaluated()
    assert own.latency.cumulative()[-1] == ("+Inf", 0)


def test_counts_by_topic_and_reason():
    own = Operational()
    own.events("orders", 3)
    own.events("orders", 2)
    own.dead_letter("not_json")
    own.lost(TopicPartition("orders", 1), 5)
    own.lost(TopicPartition("orders", 2), 6)
    assert own.events_in == {"orders": 5}
    assert own.dead_letters == {"not_json": 1}
    assert own.records_lost == {"orders": 11}
