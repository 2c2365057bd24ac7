"""Test the oracle itself by examples computed by hand from the definitions."""

import gzip
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.definitions.definitions import Definitions
from tests.oracle import World, oracle
from tests.support.oracle_examples import NOW, event, order, parts, value
from tests.support.strategies import (
    ANCHOR,
    DAY,
    DEFINITIONS,
    HOUR,
    MINUTE,
    SECOND,
    TIGHT,
    event_sets,
    rfc3339,
)

DATA = Path(__file__).parent.parent / "data" / "cdnow-orders.jsonl.gz"


def sets(events, window, now=NOW):
    names = ("start", "end", "new", "retained", "lost", "reactivated")
    return tuple(value(events, "retention_customers", now, window=window, set=name) for name in names)


@pytest.mark.slow
def test_cdnow_numbers_of_the_literature():
    with gzip.open(DATA) as lines:
        events = [json.loads(line) for line in lines]
    now = 899_247_600 * SECOND  # 1998-06-30T23:00:00Z
    series = oracle(events, now, Definitions(windows=("90d",)))

    def of(metric, **labels):
        return series[metric, frozenset(labels.items())].value

    assert of("retention_customers", window="90d", set="start") == 3808
    assert of("retention_customers", window="90d", set="end") == 3301
    assert of("retention_customers", window="90d", set="retained") == 1749
    assert of("retention_customers", window="90d", set="lost") == 2059
    assert of("retention_customers", window="90d", set="reactivated") == 1552
    assert of("retention_rate_ratio", window="90d", method="textbook") == pytest.approx(0.87, abs=0.005)
    assert of("retention_realised_value", currency="USD") == pytest.approx(106.08, abs=0.005)
    cohort = of("retention_customer_lifetime_value", currency="USD", method="cohort")
    assert cohort == pytest.approx(45.37, abs=0.005)


def test_window_sets_follow_from_orders():
    events = [
        order(8 * DAY, "kept"), order(1 * DAY, "kept"),
        order(8 * DAY, "lost"),
        order(1 * DAY, "new"),
        order(20 * DAY, "back"), order(2 * DAY, "back"),
        order(20 * DAY, "long gone"),
    ]  # fmt: skip
    assert sets(events, "7d") == (2, 3, 1, 1, 1, 1)
    assert value(events, "retention_rate_ratio", window="7d", method="cohort") == 0.5
    assert value(events, "retention_rate_ratio", window="7d", method="textbook") == 1.0
    assert value(events, "retention_churn_ratio", window="7d") == 0.5


def test_window_holds_whole_event_hours():
    bought = order(30 * MINUTE)  # at ten sharp: hour H
    oldest = NOW + 167 * HOUR
    assert sets([bought], "7d", oldest)[:2] == (0, 1)
    assert sets([bought], "7d", oldest + 29 * MINUTE)[:2] == (0, 1)
    assert sets([bought], "7d", oldest + 30 * MINUTE)[:2] == (1, 0)


def test_horizon_advances_by_the_hour():
    bought = order(30 * MINUTE)
    last_hour = NOW + (800 * 24 - 1) * HOUR
    assert value([bought], "retention_realised_value", last_hour, currency="USD") == 100
    assert math.isnan(value([bought], "retention_realised_value", last_hour + HOUR, currency="USD"))


def test_second_claim_counts_once_the_first_has_expired():
    claims = [order(30 * MINUTE, order_id="o", amount=1), order(-DAY, order_id="o", amount=2)]
    assert value(claims, "retention_realised_value", NOW + 2 * DAY, currency="USD") == 0.01
    assert value(claims, "retention_realised_value", NOW + 800 * DAY, currency="USD") == 0.02


def test_events_later_than_now_do_not_count():
    assert sets([order(-1)], "7d") == (0, 0, 0, 0, 0, 0)
    assert sets([order(0)], "7d")[1] == 1


def test_event_id_is_unique_per_customer():
    one, two = order(DAY), order(DAY)
    assert value([one, one], "retention_orders", window="7d") == 1
    assert value([one, {**two, "id": one["id"]}], "retention_orders", window="7d") == 1
    assert value([one, {**two, "id": one["id"], "customer_id": "bob"}], "retention_orders", window="7d") == 2


def test_order_value_is_latest_amendment_less_refunds():
    events = [
        order(3 * DAY, order_id="o", amount=10_000),
        event("order.amended", 2 * DAY, order_id="o", amount=8_000),
        event("order.amended", 1 * DAY, order_id="o", amount=6_000),
        event("refund.completed", 1 * DAY, order_id="o", refund_id="r", amount=1_500),
        event("refund.completed", HOUR, order_id="o", refund_id="r", amount=9_999),  # the later claim
        event("refund.completed", HOUR, order_id="nowhere", refund_id="s", amount=9_999),
    ]
    assert value(events, "retention_net_revenue", window="7d", currency="USD") == 45.0
    assert parts(events, "retention_refund_ratio", window="7d", basis="value") == (15.0, 60.0)
    assert parts(events, "retention_refund_ratio", window="7d", basis="full") == (0, 1)


def test_refunded_order_does_not_qualify_but_a_free_one_does():
    refunded = [
        order(DAY, order_id="o", amount=100),
        event("refund.completed", 0, order_id="o", refund_id="r", amount=100),
    ]
    assert sets(refunded, "7d")[1] == 0
    assert parts(refunded, "retention_refund_ratio", window="7d", basis="full") == (1, 1)
    assert sets([order(DAY, amount=0)], "7d")[1] == 1


def test_money_is_converted_with_iso_minor_units():
    events = [
        order(DAY, currency="EUR", amount=10_000),  # 100 EUR = 125
        order(DAY, currency="JPY", amount=12_800),  # 12,800 JPY = 100
        order(DAY, currency="KWD", amount=1_000),  # 1 KWD = 3.25
    ]
    assert value(events, "retention_net_revenue", window="7d", currency="USD") == 228.25
    first = value(events, "retention_average_order_value", window="7d", currency="USD", orders="first")
    assert first == 125


def test_self_referrals_do_not_count():
    events = [
        order(DAY, referred_by="bob"),
        order(DAY, referred_by="ada"),
        order(DAY, "zoe", referred_by="zo"),
    ]
    assert value(events, "retention_referred_orders", window="7d") == 2
    merged = [*events, event("customer.merged", DAY, "zo", into="zoe")]
    assert value(merged, "retention_referred_orders", window="7d") == 1


def test_refund_times_rejections_and_what_is_open():
    def refund(name, kind, age):
        return event(f"refund.{kind}", age, refund_id=name, order_id="o", amount=1)

    events = [
        order(9 * DAY, order_id="o"),
        refund("a", "requested", 5 * HOUR), refund("a", "completed", 2 * HOUR),
        refund("b", "requested", 5 * HOUR), refund("b", "rejected", 2 * HOUR),
        refund("c", "rejected", 4 * HOUR), refund("c", "completed", 2 * HOUR),
        refund("d", "requested", 5 * HOUR),
    ]  # fmt: skip
    assert value(events, "retention_refund_seconds", window="7d", quantile="0.5") == 3 * 3600
    assert parts(events, "retention_refund_rejected_ratio", window="7d") == (1, 3)
    assert value(events, "retention_refunds_open") == 1


def test_nps_counts_each_customer_once():
    def nps(age, score, customer="ada"):
        return event("survey.answered", age, customer, survey="nps", score=score)

    events = [nps(2 * DAY, 0), nps(DAY, 9), nps(DAY, 7, "bob"), nps(DAY, 6, "cyd"), nps(9 * DAY, 10, "dan")]
    assert value(events, "retention_nps", window="7d") == 0
    assert value(events, "retention_responses", window="7d", kind="nps") == 3
    assert value([nps(DAY, 10)], "retention_nps", window="7d") == 100
    assert math.isnan(value([], "retention_nps", window="7d"))


def test_review_is_its_latest_version_unless_removed():
    def review(age, rating, name="v", **fields):
        return event("review.submitted", age, review_id=name, rating=rating, **fields)

    events = [
        review(9 * DAY, 5),
        review(DAY, 1, sentiment=-0.5),
        review(DAY, 4, "w", language="en", text="great"),
        review(DAY, 5, "x"),
        event("review.removed", 2 * DAY, review_id="x"),
    ]
    assert value(events, "retention_review_rating", window="7d") == 2.5
    assert value(events, "retention_responses", window="7d", kind="review") == 2
    assert value(events, "retention_sentiment", window="7d") == pytest.approx((-0.5 + 0.6249) / 2)


def test_carts_are_abandoned_converted_or_recovered():
    def cart(name, started, ordered=None):
        events = [event("checkout.started", started, cart_id=name)]
        return events if ordered is None else [*events, order(ordered, cart_id=name)]

    events = [
        *cart("a", 2 * HOUR),
        *cart("b", HOUR), *cart("c", HOUR - 1),
        *cart("d", 5 * HOUR, 4 * HOUR), *cart("e", 5 * HOUR, 4 * HOUR + 1),
    ]  # fmt: skip
    assert parts(events, "retention_cart_abandonment_ratio", window="7d") == (2, 4)
    assert parts(events, "retention_cart_recovery_ratio", window="7d") == (1, 3)
    superseded = [
        *cart("a", 2 * HOUR),
        order(3 * HOUR, order_id="o"),
        order(HOUR, order_id="o", cart_id="a"),
    ]
    assert parts(superseded, "retention_cart_abandonment_ratio", window="7d") == (0, 1)
    assert value(events, "retention_checkout_seconds", window="7d", quantile="0.9") == pytest.approx(3600)


def test_deliveries_are_on_time_late_or_overdue():
    def delivery(name, promised, delivered=None, **fields):
        events = [order(9 * HOUR, order_id=name, promised_at=rfc3339(NOW - promised), **fields)]
        return events + [event("order.delivered", age, order_id=name) for age in (delivered or ())]

    events = [
        *delivery("a", 5 * HOUR, [5 * HOUR, 4 * HOUR]),
        *delivery("b", 5 * HOUR, [4 * HOUR]), event("order.cancelled", HOUR, order_id="b"),
        *delivery("c", 1),
        *delivery("d", 0),
        *delivery("e", 1), event("order.cancelled", HOUR, order_id="e"),
    ]  # fmt: skip
    assert parts(events, "retention_on_time_delivery_ratio", window="7d") == (1, 2)
    assert value(events, "retention_deliveries_overdue") == 1
    assert value(events, "retention_delivery_seconds", window="7d", quantile="0.99") == 4 * 3600


def test_lifecycle_state_is_the_first_that_holds():
    events = [
        event("stock.missed", 799 * DAY, "prospect", sku="s"),
        event("customer.contacted", DAY, "nobody", action_id="a"),
        order(90 * DAY, "churned"),
        order(45 * DAY, "at_risk"),
        order(45 * DAY - HOUR, "new"),
        order(100 * DAY, "reactivated"), order(10 * DAY, "reactivated"),
        order(100 * DAY, "returning"), order(10 * DAY + HOUR, "returning"),
    ]  # fmt: skip
    for state in ("prospect", "churned", "at_risk", "new", "reactivated", "returning"):
        assert value(events, "retention_lifecycle_customers", state=state) == 1, state
    assert value(events, "retention_lifecycle_value", state="returning", currency="USD") == 200


def test_loyalty_tier_follows_from_the_net_of_a_year():
    events = [order(DAY, "a", amount=19_999), order(DAY, "b", amount=20_000), order(DAY, "c", amount=100_000)]
    events += [order(366 * DAY, "a", amount=100_000)]
    tiers = [
        value(events, "retention_loyalty_customers", tier=t) for t in ("member", "silver", "gold", "vip")
    ]
    assert tiers == [1, 1, 0, 1]


def test_named_referrers_are_senders():
    events = [
        order(DAY, "ada", referred_by="stranger"),
        order(DAY, "bob"), event("experience.shared", DAY, "bob", platform="blog"),
        event("survey.answered", DAY, "cyd", survey="nps", score=9),
        event("stock.missed", DAY, "dan", sku="s"),
        order(400 * DAY, "eve", referred_by="nobody"),
    ]  # fmt: skip

    def customers(spender, sender):
        return value(events, "retention_spender_sender_customers", spender=spender, sender=sender)

    assert customers("yes", "no") == 1
    assert customers("yes", "yes") == 1
    assert customers("no", "yes") == 2
    assert customers("no", "no") == 2


def test_churn_by_exposure_before_the_window():
    events = [
        order(8 * DAY, "ada"), event("stock.missed", 9 * DAY, "ada", sku="s"),
        order(8 * DAY, "bob"), order(DAY, "bob"), event("stock.missed", 9 * DAY, "bob", sku="s"),
        order(8 * DAY, "cyd"), event("stock.missed", 6 * DAY, "cyd", sku="s"),
    ]  # fmt: skip
    assert parts(events, "retention_churn_by_exposure_ratio", window="7d", exposure="stockout") == (1, 2)
    assert parts(events, "retention_churn_by_exposure_ratio", window="7d", exposure="none") == (1, 1)


def test_variant_is_the_latest_seen_before_the_window():
    events = [
        order(8 * DAY, experiments={"x": "a"}),
        event("stock.missed", 7 * DAY + HOUR, sku="s", experiments={"x": "b"}),
        event("stock.missed", 6 * DAY, sku="s", experiments={"x": "c"}),
    ]
    labels = {"window": "7d", "experiment": "x", "variant": "b"}
    assert parts(events, "retention_experiment_rate_ratio", **labels) == (0, 1)


def test_merged_identities_are_one_customer_at_any_time():
    events = [
        order(8 * DAY, "ada"),
        order(DAY, "countess"),
        event("customer.merged", -9 * DAY, "ada", into="al"),
    ]
    assert sets(events, "7d") == (1, 1, 1, 0, 1, 0)
    chained = [*events, event("customer.merged", 2000 * DAY, "countess", into="al")]
    assert sets(chained, "7d") == (1, 1, 0, 1, 0, 0)
    assert World(chained, NOW, DEFINITIONS).one("ada") == "al"


def test_cycle_of_merges_is_named_by_the_latest():
    cycle = [event("customer.merged", 2, "a", into="b"), event("customer.merged", 1, "b", into="a")]
    assert World(cycle, NOW, DEFINITIONS).one("b") == "a"


def test_erasure_covers_all_connected_identities():
    events = [
        order(DAY, "ada"),
        order(DAY, "bob"),
        order(DAY, "cyd"),
        event("customer.erased", 2 * DAY, "ada"),
        event("customer.merged", DAY, "bob", into="ada"),
    ]
    assert sets(events, "7d")[1] == 1


@pytest.mark.slow
@settings(max_examples=50, deadline=None, derandomize=True)
@given(event_sets(TIGHT, identities=True), st.randoms(use_true_random=False))
def test_oracle_is_a_function_of_the_set_of_events(events, rng):
    again = rng.choices(events, k=3) if events else []
    shuffled = [*events, *again]
    rng.shuffle(shuffled)
    one, other = oracle(events, ANCHOR, TIGHT), oracle(shuffled, ANCHOR, TIGHT)
    assert {key: repr(expected) for key, expected in one.items()} == {
        key: repr(expected) for key, expected in other.items()
    }
