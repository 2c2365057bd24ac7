"""Real orders: published numbers of the CDNOW data (tests/data/README.md)."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.contract.decoding import decode, to_us
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.partition.partition import Partition

pytestmark = pytest.mark.slow

ORDERS = Path(__file__).parents[2] / "data" / "cdnow-orders.jsonl.gz"
NOW = to_us(datetime(1998, 6, 30, 23, tzinfo=UTC))


@pytest.fixture(scope="module")
def samples():
    definitions = Definitions()
    partition = Partition(definitions, {})
    with gzip.open(ORDERS) as lines:
        for line in lines:
            for customer, fact in facts_of(decode("orders", line), definitions):
                assert partition.process_one(customer, fact)
    samples = compute([partition.evaluate(NOW)], definitions, NOW)
    return {(sample.metric, *sample.labels.values()): sample.value for sample in samples}


@pytest.mark.parametrize(
    ("window", "name", "expected"),
    [
        ("90d", "start", 3808),
        ("90d", "end", 3301),
        ("90d", "retained", 1749),
        ("90d", "lost", 2059),
        ("90d", "reactivated", 1552),
        ("365d", "start", 23570),
        ("365d", "end", 8332),
    ],
)
def test_customer_sets_are_those_of_the_literature(samples, window, name, expected):
    assert samples["retention_customers", window, name] == expected


def test_customer_value_is_that_of_the_literature(samples):
    assert samples["retention_customer_lifetime_value", "USD", "cohort"] == pytest.approx(45.37, abs=0.005)
    assert samples["retention_realised_value", "USD"] == pytest.approx(106.08, abs=0.005)
