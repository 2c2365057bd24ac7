"""Churn by exposure, by hand (docs/metrics.md)."""

from models.facts import claims
from tests.support.partitions import DAY, NOW


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
