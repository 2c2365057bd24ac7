"""Metrics of retention, by hand (docs/metrics.md, "Retention" and "Refunds")."""

import pytest

from tests.support.partitions import DAY, NOW


def test_rates_share_the_customers_in_start(shop):
    shop.order("a1", NOW - 8 * DAY, customer="retained")
    shop.order("a2", NOW - DAY, customer="retained")
    shop.order("b1", NOW - 8 * DAY, customer="lost")
    shop.order("c1", NOW - DAY, customer="new")
    samples = shop.samples()
    rates = {
        "cohort": samples["retention_rate_ratio", "cohort", "7d"],
        "textbook": samples["retention_rate_ratio", "textbook", "7d"],
        "churn": samples["retention_churn_ratio", "7d"],
    }
    parts = {name: (rate.numerator, rate.denominator) for name, rate in rates.items()}
    assert parts == {"cohort": (1, 2), "textbook": (1, 2), "churn": (1, 2)}


def test_purchase_frequency_is_orders_per_active_customer(shop):
    for number in range(3):
        shop.order(f"a{number}", NOW - number * DAY, customer="ada")
    shop.order("b", NOW, customer="bob")
    assert shop.value("retention_purchase_frequency", "7d") == 2


def test_experiment_rate_counts_variants_seen_before_the_window(shop):
    shop.order("a1", NOW - 8 * DAY, customer="ada", seen={"checkout": "old"})
    shop.order("a2", NOW - DAY, customer="ada", seen={"checkout": "new"})
    shop.order("b1", NOW - 8 * DAY, customer="bob", seen={"checkout": "old"})
    samples = shop.samples()
    old = samples["retention_experiment_rate_ratio", "checkout", "old", "7d"]
    assert (old.numerator, old.denominator) == (1, 2)
    assert ("retention_experiment_rate_ratio", "checkout", "new", "7d") not in samples


def test_lifetime_value_multiplies_value_frequency_and_rate(shop):
    shop.order("a1", NOW - 400 * DAY, customer="ada")
    shop.order("a2", NOW - DAY, customer="ada", amount=3000)
    shop.order("a3", NOW, customer="ada", amount=1000)
    shop.order("b1", NOW - 400 * DAY, customer="bob")
    assert shop.value("retention_customer_lifetime_value", "USD", "cohort") == pytest.approx(20 * 2 * 0.5)
