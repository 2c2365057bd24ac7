"""Order gaps, intervals of variants, and churn by exposure, by hand (docs/metrics.md)."""

from models.customers.exposure import order_gaps_between, variant_intervals
from models.definitions.windows import NEVER_HOUR
from models.facts import claims
from models.facts.claims import Seen
from tests.support.partitions import DAY, HOUR, NOW


def test_last_order_gap_is_open_ended():
    assert order_gaps_between([3, 8, 8], end=True) == [(3, 8), (8, 8), (8, NEVER_HOUR)]
    assert order_gaps_between([3, 8], end=False) == [(3, 8)]
    assert order_gaps_between([], end=True) == []


def test_variant_holds_until_another_is_seen():
    seen = [Seen(9 * HOUR, "c", "a"), Seen(2 * HOUR, "a", "a"), Seen(5 * HOUR, "b", "b")]
    assert variant_intervals(seen) == [("a", (2, 5)), ("b", (5, 9)), ("a", (9, NEVER_HOUR))]


def test_latest_variant_of_an_hour_counts():
    seen = [Seen(2 * HOUR, "a", "a"), Seen(2 * HOUR + 1, "b", "b")]
    assert variant_intervals(seen) == [("b", (2, NEVER_HOUR))]


def test_churn_is_split_by_exposure(shop):
    shop.order("a", NOW - 8 * DAY, customer="lost")
    shop.process(claims.StockMissed, "", NOW - 8 * DAY, customer="lost")
    shop.order("b", NOW - 8 * DAY, customer="stayed")
    shop.order("c", NOW - DAY, customer="stayed")
    samples = shop.samples()
    stockout = samples["retention_churn_by_exposure_ratio", "stockout", "7d"]
    without = samples["retention_churn_by_exposure_ratio", "none", "7d"]
    assert (stockout.numerator, stockout.denominator) == (1, 1)
    assert (without.numerator, without.denominator) == (0, 1)
