"""The Prometheus exporter: business series, a worker's own series, exemplars."""

import math
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE, Sample
from models.partition.partition import Partition
from streams.monitoring.exporter import BusinessCollector, WorkerCollector
from streams.monitoring.lag import Lag
from streams.monitoring.worker_counters import WorkerCounters
from streams.rollup.protocol import PartialResult
from streams.rollup.publisher import Publisher

NOW = 1_700_000_000_000_000


@pytest.fixture
def publisher():
    publisher = Publisher(Definitions())
    partial = Partition(Definitions(), {}).evaluate(NOW)
    answer = PartialResult(
        0,
        1,
        1,
        NOW,
        NOW,
        inputs_read=True,
        settlement_round=1,
        reprocess_id=0,
        partial=partial,
        schema_hash=0,
    )
    publisher.update([answer], NOW, caught_up=True)
    return publisher


def exported(*collectors):
    """Everything as the text format says it: (series, labels) -> value."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    text = generate_latest(registry).decode()
    assert list(parse_openmetrics(generate_openmetrics(registry).decode())), "the other format is valid too"
    families = list(parse(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), "each family is written once"
    assert all(family.documentation for family in families)
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_sample_is_exported_with_its_labels(publisher):
    series = exported(BusinessCollector(lambda: publisher))
    for sample in publisher.samples:
        value = series[(sample.metric, *sorted(sample.labels.items()))]
        assert value == sample.value or (math.isnan(value) and math.isnan(sample.value))
    assert series[("retention_customers", ("set", "end"), ("window", "90d"))] == 0
    assert math.isnan(series[("retention_churn_ratio", ("window", "90d"))])


def test_exemplars_are_exported_only_in_openmetrics():
    own = WorkerCounters()
    own.latency.observe(2.5, 1, {"topic": "orders", "partition": "3", "offset": "17"})
    registry = CollectorRegistry()
    registry.register(state_collector(own))
    openmetrics = generate_openmetrics(registry).decode()
    named = 'le="3.0"} 1.0 # {offset="17",partition="3",topic="orders"} 2.5 '
    assert f"retention_worker_event_to_metric_seconds_bucket{{{named}" in openmetrics
    assert list(parse_openmetrics(openmetrics))
    assert "offset" not in generate_latest(registry).decode(), "the older format has no place for it"


def test_every_ratio_has_its_denominator(publisher):
    publisher.samples = [
        Sample("retention_refund_ratio", {"window": "7d", "basis": "full"}, 0.25, 1.0, 4.0),
        Sample("retention_refund_ratio", {"window": "7d", "basis": "value"}, math.nan, 0.0, 0.0),
    ]
    series = exported(BusinessCollector(lambda: publisher))
    assert series[("retention_refund_ratio", ("basis", "full"), ("window", "7d"))] == 0.25
    assert series[("retention_refund_denominator", ("basis", "full"), ("window", "7d"))] == 4
    assert series[("retention_refund_denominator", ("basis", "value"), ("window", "7d"))] == 0


def test_exporter_has_as_of_and_caught_up(publisher):
    series = exported(BusinessCollector(lambda: publisher))
    assert series[("retention_as_of_timestamp_seconds",)] == NOW / 1e6
    assert series[("retention_caught_up",)] == 1
    publisher.update([], NOW, caught_up=False)
    assert exported(BusinessCollector(lambda: publisher))[("retention_caught_up",)] == 0


def test_exporter_without_numbers_exports_only_caught_up():
    assert exported(BusinessCollector(lambda: Publisher(Definitions()))) == {("retention_caught_up",): 0}


def test_worker_without_the_rollup_exports_no_business_series():
    assert exported(BusinessCollector(lambda: None), state_collector()) == exported(state_collector())


def test_catalogue_names_the_labels_of_every_sample(publisher):
    for sample in publisher.samples:
        assert set(CATALOGUE[sample.metric][1]) == sample.labels.keys()


def state_collector(own=None, lags=(), expected=0):
    state = SimpleNamespace(
        rows=lambda: 3,
        bytes=lambda: 400,
        owned=lambda: 2,
        caught_up=lambda: True,
        lags=lambda: lags,
        expected_workers=lambda: expected,
    )
    return WorkerCollector(own or WorkerCounters(), state)


def test_expected_workers_are_exported_where_they_are_known():
    assert exported(state_collector(expected=3))[("retention_workers_expected",)] == 3
    assert ("retention_workers_expected",) not in exported(state_collector())


def test_exporter_has_the_workers_own_series():
    own = WorkerCounters()
    own.events("orders", 5)
    own.dead_letter("not_json")
    own.lost(TopicPartition("orders", 0), 7)
    own.committed({("retention.actions", 0): [1, 2], ("retention.actions", 1): [3], ("g-facts", 0): [4]})
    own.duplicates, own.repartitioned, own.recovery_seconds = 2, 4, 1.5
    own.conflicting_duplicates["orders"] = 3
    own.commit_seconds.observe(0.03)
    lag = Lag()
    lag.sample({TopicPartition("orders", 3): 10}, {TopicPartition("orders", 3): 4}, 0)
    series = exported(state_collector(own, [lag]))
    prefix = "retention_worker_"
    expected = {
        ("events_total", ("topic", "orders")): 5,
        ("dead_letters_total", ("reason", "not_json")): 1,
        ("dead_letters_total", ("reason", "too_large")): 0,
        ("records_lost_total", ("topic", "orders")): 7,
        ("outputs_total", ("topic", "retention.actions")): 3,
        ("outputs_total", ("topic", "retention.customers")): 0,
        ("duplicates_total",): 2,
        ("conflicting_duplicates_total", ("topic", "orders")): 3,
        ("conflicting_duplicates_total", ("topic", "reviews")): 0,
        ("rerouted_total",): 4,
        ("recovery_seconds",): 1.5,
        ("state_rows",): 3,
        ("state_bytes",): 400,
        ("tasks_owned",): 2,
        ("caught_up",): 1,
        ("lag_records", ("partition", "3"), ("topic", "orders")): 6,
        ("flush_seconds_count",): 1,
        ("flush_seconds_bucket", ("le", "0.02")): 0,
        ("flush_seconds_bucket", ("le", "0.05")): 1,
        ("event_to_metric_seconds_count",): 0,
    }
    for (name, *labels), value in expected.items():
        assert series[(prefix + name, *labels)] == value, name
    assert (prefix + "outputs_total", ("topic", "g-facts")) not in series
    assert any(name == "retention_worker_info" for name, *_ in series)
