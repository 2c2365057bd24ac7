"""Metrics of payments, stock and deliveries, by hand (docs/metrics.md)."""

import math

from models.facts import claims
from tests.support.partitions import DAY, HOUR, NOW


def test_on_time_ratio_excludes_deliveries_without_promise(shop):
    for name, promised in (("punctual", NOW), ("late", NOW - 1), ("free", None)):
        shop.order(name, NOW - DAY, promised=promised)
        shop.process(claims.Delivered, name, NOW)
    sample = shop.samples()["retention_on_time_delivery_ratio", "7d"]
    assert (sample.numerator, sample.denominator) == (1, 2)


def test_failed_payments_and_stockouts_leave_the_window(shop):
    shop.process(claims.PaymentFailed, "", NOW - 7 * DAY, "card")
    shop.process(claims.PaymentFailed, "", NOW - 7 * DAY + HOUR, "card")
    shop.process(claims.PaymentFailed, "", NOW, "shells")
    shop.process(claims.StockMissed, "", NOW)
    samples = shop.samples()
    assert samples["retention_payment_failures", "card", "7d"].value == 1
    assert samples["retention_payment_failures", "other", "7d"].value == 1
    assert samples["retention_stockouts", "7d"].value == 1


def test_cart_ratio_without_carts_is_nan(shop):
    sample = shop.samples()["retention_cart_abandonment_ratio", "7d"]
    assert math.isnan(sample.value)
    assert (sample.numerator, sample.denominator) == (0, 0)
