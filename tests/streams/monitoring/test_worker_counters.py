"""A worker's own counters, and the latency from a record to the metrics."""

import time

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from streams.monitoring.worker_counters import Histogram, WorkerCounters

ORDERS = TopicPartition("orders", 5)


def record(timestamp_ms, offset=0):
    return ConsumerRecord("orders", 5, offset, timestamp_ms, 0, None, b"", None, 0, 0, ())


def test_upper_bound_belongs_to_its_bucket():
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.100001, 1.0, 7):
        histogram.observe(value)
    assert histogram.cumulative() == [("0.1", 2), ("1.0", 4), ("+Inf", 5)]
    assert histogram.sum == pytest.approx(8.250001)


def test_weighted_observation_counts_each_record():
    histogram = Histogram((1.0,))
    histogram.observe(0.5, 1000)
    histogram.observe(2.0, 0)
    assert histogram.cumulative() == [("1.0", 1000), ("+Inf", 1000)]
    assert histogram.sum == 500


def test_an_empty_histogram_has_all_its_buckets():
    assert Histogram((1.0, 2.0)).cumulative() == [("1.0", 0), ("2.0", 0), ("+Inf", 0)]


def test_exemplar_of_a_bucket_is_the_latest():
    histogram = Histogram((1.0, 2.0))
    histogram.observe(0.5, 1, {"offset": "1"})
    histogram.observe(0.6, 3, {"offset": "2"})
    histogram.observe(9.0, 0, {"offset": "3"})
    (_, count, example), *others = histogram.cumulative()
    assert (count, example.labels, example.value) == (4, {"offset": "2"}, 0.6)
    assert example.timestamp == pytest.approx(time.time(), abs=60)
    assert others == [("2.0", 4), ("+Inf", 4)]


def test_latency_runs_from_the_first_record_to_the_metrics():
    own = WorkerCounters()
    own.read(3, ORDERS, [record(1_000), record(5_000)])
    own.answered(3, (1, 7))
    assert own.latency.sum == 0, "an answer is in no metric yet"
    own.exported(3, (1, 6), 2_000)
    assert own.latency.sum == 0, "that was an earlier one"
    own.exported(3, (1, 7), 3_500)
    assert own.latency.sum == pytest.approx(2 * 2.5)
    own.exported(3, (1, 7), 9_000)
    assert own.latency.cumulative()[-1][:2] == ("+Inf", 2), "and only once"


def test_latency_exemplar_names_the_batch():
    own = WorkerCounters()
    own.read(0, ORDERS, [record(1_000, offset=42)])
    own.answered(0, (1, 1))
    own.exported(0, (1, 1), 2_000)
    [example] = [row[2] for row in own.latency.cumulative() if len(row) > 2]
    assert example.labels == {"topic": "orders", "partition": "5", "offset": "42"}
    assert example.value == 1.0


def test_incomplete_round_is_measured_with_the_next_one():
    own = WorkerCounters()
    own.read(0, ORDERS, [record(0)])
    own.answered(0, (1, 900))
    own.read(0, ORDERS, [record(1_000)])
    own.answered(0, (2, 1))
    own.read(0, ORDERS, [record(2_000)])
    own.exported(0, (2, 1), 3_000)
    assert own.latency.sum == pytest.approx(3.0 + 2.0), "the third was read after the answer"


def test_latency_of_each_task_is_independent():
    own = WorkerCounters()
    for task in (0, 1, 2):
        own.read(task, ORDERS, [record(0)])
        own.answered(task, (1, 1))
    own.forget(1)
    own.exported(0, (1, 1), 1_000)
    own.exported(1, (1, 1), 1_000)
    assert own.latency.sum == pytest.approx(1.0)


def test_forwarded_record_counts_only_at_its_destination():
    own = WorkerCounters()
    own.read(0, ORDERS, [record(0), record(0), record(0)], 1)
    own.read(0, ORDERS, [record(0)], 0)
    own.answered(0, (1, 1))
    own.exported(0, (1, 1), 1_000)
    assert own.latency.cumulative()[-1][1] == 1


def test_future_timestamp_gives_no_negative_latency():
    own = WorkerCounters()
    own.read(0, ORDERS, [record(60_000)])
    own.answered(0, (1, 1))
    own.exported(0, (1, 1), 0)
    assert own.latency.sum == 0
    assert own.latency.counts[0] == 1


def test_empty_batch_is_no_observation():
    own = WorkerCounters()
    own.read(0, ORDERS, [])
    own.answered(0, (1, 1))
    own.exported(0, (1, 1), 0)
    assert own.latency.cumulative()[-1] == ("+Inf", 0)


def test_dead_letters_are_counted_by_topic_and_reason():
    own = WorkerCounters()
    own.events("orders", 3)
    own.events("orders", 2)
    own.dead_letter("not_json")
    own.lost(TopicPartition("orders", 1), 5)
    own.lost(TopicPartition("orders", 2), 6)
    assert own.events_in == {"orders": 5}
    assert own.dead_letters == {"not_json": 1}
    assert own.records_lost == {"orders": 11}
