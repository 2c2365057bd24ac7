"""Intervals of the variants that a customer saw, by hand (docs/metrics.md, "Experiments")."""

from models.customers.variants import variant_intervals
from models.definitions.windows import NEVER_HOUR
from models.facts.claims import Seen
from tests.support.partitions import HOUR


def test_variant_holds_until_another_is_seen():
    seen = [Seen(9 * HOUR, "c", "a"), Seen(2 * HOUR, "a", "a"), Seen(5 * HOUR, "b", "b")]
    assert variant_intervals(seen) == [("a", (2, 5)), ("b", (5, 9)), ("a", (9, NEVER_HOUR))]


def test_latest_variant_of_an_hour_counts():
    seen = [Seen(2 * HOUR, "a", "a"), Seen(2 * HOUR + 1, "b", "b")]
    assert variant_intervals(seen) == [("b", (2, NEVER_HOUR))]
