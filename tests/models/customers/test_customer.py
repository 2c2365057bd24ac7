"""Feedback, carts, status and exposure, by hand (docs/metrics.md)."""

import math

import pytest

from models.facts import claims
from tests.support.partitions import DAY, HOUR, NOW, SECOND

NPS, CES, CSAT = range(3)


def test_nps_counts_the_latest_answer_of_each_customer(shop):
    shop.process(claims.Answered, "", NOW - DAY, NPS, 2)
    shop.process(claims.Answered, "", NOW, NPS, 10)
    shop.process(claims.Answered, "", NOW, NPS, 6, customer="bob")
    shop.process(claims.Answered, "", NOW, NPS, 9, customer="eve")
    assert shop.value("retention_nps", "7d") == pytest.approx(100 / 3)
    assert shop.value("retention_responses", "nps", "7d") == 3


def test_answer_that_arrives_late_replaces_no_later_one(shop):
    shop.process(claims.Answered, "", NOW, NPS, 10)
    shop.process(claims.Answered, "", NOW - DAY, NPS, 0)
    assert shop.value("retention_nps", "7d") == 100


def test_ces_and_csat_count_every_answer(shop):
    for survey, score in ((CES, 7), (CES, 4), (CSAT, 4), (CSAT, 3)):
        shop.process(claims.Answered, "", NOW, survey, score)
    assert shop.value("retention_ces", "7d") == 5.5
    assert shop.value("retention_csat_ratio", "7d") == 0.5


def test_review_counts_by_its_latest_version_until_removed(shop):
    shop.process(claims.Submitted, "v", NOW - DAY, 1, None)
    shop.process(claims.Submitted, "v", NOW, 5, 500_000_000)
    shop.process(claims.Submitted, "w", NOW, 2, None)
    look = shop.samples()
    assert look["retention_review_rating", "7d"].value == 3.5
    assert look["retention_sentiment", "7d"].value == 0.5
    shop.process(claims.Removed, "v", NOW - 2 * DAY)
    assert shop.value("retention_review_rating", "7d") == 2


def test_cart_is_abandoned_an_hour_after_its_last_activity(shop):
    shop.process(claims.CheckoutStarted, "c", NOW - HOUR)
    shop.process(claims.CheckoutStarted, "c", NOW)
    name = ("retention_cart_abandonment_ratio", "7d")
    assert math.isnan(shop.value(*name, now=NOW + HOUR - 1))
    assert shop.value(*name, now=NOW + HOUR) == 1


def test_cart_ordered_late_is_recovered(shop):
    shop.process(claims.CheckoutStarted, "c", NOW - 3 * HOUR)
    shop.samples()
    shop.order("o", NOW, cart="c")
    assert shop.value("retention_cart_abandonment_ratio", "7d") == 0
    assert shop.value("retention_cart_recovery_ratio", "7d") == 1
    assert shop.value("retention_checkout_seconds", "0.5", "7d") == pytest.approx(10_800, rel=0.01)


def test_superseded_order_claim_still_converts_its_cart(shop):
    shop.order("o", NOW - HOUR, cart="first")
    shop.order("o", NOW, cart="second")
    shop.restart()
    for cart in ("first", "second"):
        shop.process(claims.CheckoutStarted, cart, NOW - 2 * HOUR)
    sample = shop.samples()["retention_cart_abandonment_ratio", "7d"]
    assert (sample.numerator, sample.denominator) == (0, 2)


def test_failed_payments_and_missing_stock_are_counted(shop):
    shop.process(claims.PaymentFailed, "", NOW, "card")
    shop.process(claims.PaymentFailed, "", NOW, "a method that the configuration no longer names")
    shop.process(claims.StockMissed, "", NOW)
    assert shop.value("retention_payment_failures", "card", "7d") == 1
    assert shop.value("retention_payment_failures", "other", "7d") == 1
    assert shop.value("retention_stockouts", "7d") == 1


def states(shop, now=None):
    look = shop.samples(now)
    names = ("prospect", "churned", "at_risk", "new", "reactivated", "returning")
    return {name for name in names if look["retention_lifecycle_customers", name].value}


def test_lifecycle_passes_through_its_states(shop):
    shop.process(claims.StockMissed, "", NOW)
    assert states(shop) == {"prospect"}
    shop.order("o1", NOW)
    assert states(shop) == {"new"}
    assert states(shop, NOW + 45 * DAY - 1) == {"new"}
    assert states(shop, NOW + 45 * DAY) == {"at_risk"}
    assert states(shop, NOW + 90 * DAY) == {"churned"}
    shop.order("o2", NOW + 90 * DAY)
    assert states(shop) == {"reactivated"}
    shop.order("o3", NOW + 90 * DAY)
    assert states(shop) == {"returning"}
    assert shop.value("retention_lifecycle_value", "USD", "returning") == 30


def test_contact_makes_no_customer(shop):
    shop.process(claims.Contacted, "", NOW, "action")
    assert states(shop) == set()


def test_tier_is_reached_and_lost_as_orders_grow_old(shop):
    shop.order("o1", NOW, amount=20_000)
    shop.order("o2", NOW + 10 * DAY, amount=30_000)
    assert shop.value("retention_loyalty_customers", "silver") == 1
    assert shop.value("retention_loyalty_customers", "gold", now=NOW + 10 * DAY) == 1
    assert shop.value("retention_loyalty_customers", "silver", now=NOW + 365 * DAY) == 1
    assert shop.value("retention_loyalty_customers", "member", now=NOW + 375 * DAY) == 1


def test_spenders_and_senders_are_counted(shop):
    shop.order("o", NOW, customer="spends")
    shop.process(claims.Shared, "", NOW, customer="sends")
    shop.process(claims.Answered, "", NOW - DAY, NPS, 9, customer="did send")
    shop.process(claims.Answered, "", NOW, NPS, 8, customer="did send")
    look = shop.samples()
    # Labels by name: sender, spender.
    assert look["retention_spender_sender_customers", "no", "yes"].value == 1
    assert look["retention_spender_sender_customers", "yes", "no"].value == 1
    assert look["retention_spender_sender_customers", "no", "no"].value == 1
    assert shop.value("retention_spender_sender_customers", "no", "no", now=NOW + 365 * DAY) == 3


def exposure(shop, kind, now=None):
    sample = shop.samples(now)["retention_churn_by_exposure_ratio", kind, "7d"]
    return sample.numerator, sample.denominator


def test_churn_by_exposure_in_the_window_before(shop):
    for customer in ("lost", "stayed", "unmoved"):
        shop.order(f"{customer} 1", NOW - 8 * DAY, customer=customer)
    shop.order("stayed 2", NOW - DAY, customer="stayed")
    shop.process(claims.StockMissed, "", NOW - 9 * DAY, customer="lost")
    shop.process(claims.StockMissed, "", NOW - 10 * DAY, customer="stayed")
    shop.process(claims.StockMissed, "", NOW - 2 * DAY, customer="unmoved")
    assert exposure(shop, "stockout") == (1, 2)
    assert exposure(shop, "none") == (1, 1)
    assert exposure(shop, "stockout", now=NOW + 6 * DAY - HOUR) == (1, 1)


def test_exposure_that_comes_with_time_survives_a_restart(shop):
    shop.process(claims.Opened, "t", NOW, 3, False, "chat")
    shop.order("o", NOW)
    shop.samples(NOW + 2 * HOUR)
    shop.restart()
    shop.order("o2", NOW + HOUR)
    assert exposure(shop, "slow_response", now=NOW + 7 * DAY + HOUR) == (1, 1)


def test_retention_by_the_variant_seen_by_then(shop):
    shop.order("o1", NOW - 8 * DAY, seen={"price": "a"})
    shop.order("o2", NOW - 6 * DAY, seen={"price": "b"})
    look = shop.samples()
    assert look["retention_experiment_rate_ratio", "price", "a", "7d"].value == 1
    assert ("retention_experiment_rate_ratio", "price", "b", "7d") not in look
    assert shop.value("retention_experiment_rate_ratio", "price", "b", "7d", now=NOW + DAY) == 0


def test_cart_is_abandoned_to_the_microsecond(shop):
    shop.process(claims.CheckoutStarted, "c", NOW + 1)
    assert math.isnan(shop.value("retention_cart_abandonment_ratio", "7d", now=NOW + 3600 * SECOND))
    assert shop.value("retention_cart_abandonment_ratio", "7d", now=NOW + 3600 * SECOND + 1) == 1
