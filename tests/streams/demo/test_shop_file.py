"""The demo's configuration shows numbers of every optional family from the simulated shop."""

import math
from collections import defaultdict
from datetime import UTC, datetime

import msgspec
import pytest

from models.contract.decoding import decode
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.partition import standalone
from models.partition.partition import Partition
from streams.config.load import load
from streams.demo.configuration import SHOP_FILE
from streams.demo.story import HISTORY
from streams.simulator import simulate, topic_of

CLOSED = datetime(2026, 11, 1, tzinfo=UTC)
CUSTOMERS = 150


@pytest.fixture(scope="module")
def samples():
    """Return metric -> samples of the demo's history of a few customers."""
    definitions = load({}, {"RETENTION_CONFIG": str(SHOP_FILE)}).definitions
    now = int(CLOSED.timestamp()) * 1_000_000
    partition = Partition(definitions, {})
    partition.resume(now)
    for event in simulate(1, CLOSED - HISTORY, CLOSED, CUSTOMERS):
        for customer, fact in facts_of(decode(topic_of(event), msgspec.json.encode(event)), definitions):
            partition.process_one(customer, fact)
    standalone.build_aggregates(partition, now)
    found = defaultdict(list)
    for sample in compute([partition.evaluate(now)], definitions, now):
        found[sample.metric].append(sample)
    return found


def named(samples, label):
    """Return the values of a label, of the samples with a value other than 0."""
    return {each.labels[label] for each in samples if each.value and not math.isnan(each.value)}


def test_curves_have_a_value_at_every_age(samples):
    assert named(samples["retention_cohort_age_ratio"], "age") == {str(age) for age in range(12)}
    assert len(named(samples["retention_cohort_customers"], "cohort")) > 10


def test_values_of_both_segments_have_orders(samples):
    orders = samples["retention_segment_orders"]
    assert named(orders, "segment") == {"country", "delivery"}
    assert {"DE", "AT", "FR", "CH", "unknown", "standard", "express", "none"} <= named(orders, "value")
    assert {"DE", "AT"} <= named(samples["retention_segment_churn_ratio"], "value")


def test_further_metrics_have_values(samples):
    assert named(samples["retention_orders_by_kind"], "orders") == {"first", "repeat"}


def test_periods_have_customers(samples):
    assert {"week", "month"} <= named(samples["retention_period_customers"], "kind")
