"""Metrics that a shop chooses, by hand (docs/metrics.md, "Further metrics")."""

import math
from random import Random

import pytest

from models.definitions.definitions import Definitions
from models.facts import claims
from models.facts.details import ORDER_ID
from models.facts.fact import Fact
from models.metrics.further import CATALOGUE
from tests.support.drawn_histories import Step
from tests.support.partitions import DAY, HOUR, NOW, Shop
from tests.support.simulated_worker import SimulatedWorker
from tests.support.strategies import rfc3339

CHOSEN = ("order_kinds", "second_order", "review_rate")
MONTH = 30 * DAY


@pytest.fixture
def shop():
    return Shop(Definitions(further_metrics=CHOSEN))


def review(shop, review_id, at, order_id, rating=5):
    """Process a version of a review that names an order."""
    claim = claims.Submitted(at, f"{review_id} {at}", rating, None)
    details = None if order_id is None else {ORDER_ID: order_id}
    shop.partition.process_one("ada", Fact(review_id, claim, details=details))


def deliver(shop, order_id, placed, delivered):
    shop.order(order_id, placed)
    shop.process(claims.Delivered, order_id, delivered)


def kinds(shop, window="30d"):
    return [shop.value("retention_orders_by_kind", kind, window) for kind in ("first", "repeat")]


def mean_days(shop, window="30d"):
    mean = shop.samples()["retention_second_order_mean_seconds", window]
    return mean.numerator / 86_400, mean.denominator


def reviewed(shop, window="7d", now=None):
    ratio = shop.samples(now)["retention_review_ratio", window]
    return ratio.numerator, ratio.denominator


def test_no_series_exists_unless_it_is_chosen():
    assert not {metric for metric, *_ in Shop().samples()} & CATALOGUE.keys()


def test_orders_and_their_net_add_up_by_kind(shop):
    shop.order("a1", NOW - 40 * DAY, amount=1000)
    shop.order("a2", NOW - DAY, amount=2500)
    shop.order("b1", NOW - DAY, amount=700, customer="bob")
    assert kinds(shop) == [1, 1]
    net = [shop.value("retention_net_revenue_by_kind", "USD", kind, "30d") for kind in ("first", "repeat")]
    assert net == [7, 25]


def test_order_after_a_kept_order_is_a_repeat_order(shop):
    shop.order("a1", NOW - DAY)
    shop.order("a0", NOW - 2000 * DAY)
    assert kinds(shop) == [0, 1]


def test_second_order_counts_with_the_time_since_the_first(shop):
    shop.order("a1", NOW - 40 * DAY)
    shop.order("a2", NOW - 10 * DAY)
    shop.order("a3", NOW - DAY)
    assert mean_days(shop) == (30, 1)
    assert shop.value("retention_second_order_seconds", "0.5", "30d") == pytest.approx(30 * 86_400, rel=0.01)
    assert math.isnan(shop.value("retention_second_order_mean_seconds", "7d"))


@pytest.mark.parametrize(("late", "days"), [(50, 10), (20, 20), (1, 30)])
def test_late_order_changes_who_is_second(shop, late, days):
    shop.order("a1", NOW - 40 * DAY)
    shop.order("a2", NOW - 10 * DAY)
    shop.order("late", NOW - late * DAY)
    assert mean_days(shop, "90d") == (days, 1)


@pytest.mark.parametrize(("cancelled", "days"), [("a1", 9), ("a2", 39), ("a3", 30)])
def test_cancelled_order_changes_who_is_second(shop, cancelled, days):
    for name, age in (("a1", 40), ("a2", 10), ("a3", 1)):
        shop.order(name, NOW - age * DAY)
    shop.process(claims.Cancelled, cancelled, NOW)
    assert mean_days(shop, "90d") == (days, 1)


def test_customer_with_a_kept_order_has_no_second_order(shop):
    shop.order("a1", NOW - 40 * DAY)
    shop.order("a2", NOW - DAY)
    shop.order("a0", NOW - 2000 * DAY)
    assert mean_days(shop) == (0, 0)


def test_second_order_leaves_when_the_first_leaves_the_horizon(shop):
    shop.order("a1", NOW - 700 * DAY)
    shop.order("a2", NOW - DAY)
    assert mean_days(shop, "365d") == (699, 1)
    shop.samples(NOW + 101 * DAY)
    assert mean_days(shop, "365d") == (0, 0)


def test_delivered_order_counts_when_its_30_days_are_over(shop):
    deliver(shop, "o1", NOW - 40 * DAY, NOW - MONTH + HOUR)
    review(shop, "r1", NOW - 20 * DAY, "o1")
    assert reviewed(shop) == (0, 0)
    assert reviewed(shop, now=NOW + HOUR) == (1, 1)


@pytest.mark.parametrize(("after", "counted"), [(-DAY, 1), (MONTH, 1), (MONTH + 1, 0)])
def test_review_counts_up_to_30_days_after_the_delivery(shop, after, counted):
    delivered = NOW - 32 * DAY
    deliver(shop, "o1", NOW - 40 * DAY, delivered)
    review(shop, "r1", delivered + after, "o1")
    assert reviewed(shop) == (counted, 1)


def test_review_without_an_order_counts_for_none(shop):
    deliver(shop, "o1", NOW - 40 * DAY, NOW - 32 * DAY)
    review(shop, "r1", NOW - 31 * DAY, None)
    review(shop, "r2", NOW - 31 * DAY, "another")
    assert reviewed(shop) == (0, 1)


def test_latest_version_that_names_an_order_decides(shop):
    for order_id in ("o1", "o2", "o3"):
        deliver(shop, order_id, NOW - 40 * DAY, NOW - 32 * DAY)
    review(shop, "r1", NOW - 31 * DAY, "o1")
    review(shop, "r1", NOW - 30 * DAY, "o2")
    review(shop, "r1", NOW - 29 * DAY, None)
    review(shop, "r2", NOW - 29 * DAY, "o2")
    assert reviewed(shop) == (1, 3)


def test_removed_review_counts_no_longer(shop):
    deliver(shop, "o1", NOW - 40 * DAY, NOW - 32 * DAY)
    review(shop, "r1", NOW - 31 * DAY, "o1")
    assert reviewed(shop) == (1, 1)
    shop.process(claims.Removed, "r1", NOW - DAY)
    assert reviewed(shop) == (0, 1)


def test_late_delivery_and_refund_move_a_reviewed_order(shop):
    shop.order("o1", NOW - 40 * DAY)
    review(shop, "r1", NOW - 31 * DAY, "o1")
    assert reviewed(shop) == (0, 0)
    shop.process(claims.Delivered, "o1", NOW - 32 * DAY)
    assert reviewed(shop) == (1, 1)
    shop.restart()
    assert reviewed(shop) == (1, 1)
    shop.process(claims.Completed, "refund", NOW - DAY, "o1", 1000)
    assert reviewed(shop) == (0, 0)


KINDS = ["order.placed"] * 5 + ["order.delivered"] * 4 + ["review.submitted"] * 4
KINDS += ["order.cancelled", "order.restored", "refund.completed", "review.removed", "customer.merged"]


def assert_identical(one, other):
    """Assert that all series are equal, `nan` to `nan`."""
    assert {key: repr(value) for key, value in one.items()} == {
        key: repr(value) for key, value in other.items()
    }


def random_event(rng, number):
    """Return an event of one of three customers, about one of a few orders and reviews of each."""
    kind = rng.choice(KINDS)
    event = {
        "id": f"{rng.randrange(10**6):06}-{number}",
        "type": kind,
        "time": rfc3339(NOW - rng.randrange(0, 110 * DAY, HOUR)),
        "customer_id": rng.choice(["ada", "bob", "cleo"]),
    }
    if kind.startswith("review."):
        event["review_id"] = f"v{rng.randrange(12)}"
    elif kind == "customer.merged":
        event["into"] = "bob" if event["customer_id"] == "ada" else "ada"
    if kind == "review.submitted" and rng.random() < 0.3:
        return event | {"rating": 5}
    if kind.startswith("review.submitted"):
        return event | {"rating": 5, "order_id": f"o{rng.randrange(15)}"}
    if kind.startswith(("order.", "refund.")):
        event["order_id"] = f"o{rng.randrange(15)}"
    if kind == "refund.completed":
        return event | {"refund_id": f"r{rng.randrange(9)}", "amount": 1000}
    return event | ({"amount": 1000, "currency": "USD"} if kind == "order.placed" else {})


@pytest.mark.parametrize("seed", range(3))
def test_any_path_gives_the_same_further_metrics(seed):
    rng = Random(seed)
    definitions = Definitions(windows=("1d", "45d"), horizon_days=90, further_metrics=CHOSEN)
    events = [random_event(rng, number) for number in range(150)]
    worker, reviews = SimulatedWorker(definitions, 3, seed), []
    for part in range(3):
        now = NOW + part * 20 * DAY
        worker.live(Step(events[part * 50 : part * 50 + 50], now, rng.randrange(50)))
        whole = SimulatedWorker(definitions, 1)
        whole.process_batch(events[: part * 50 + 50])
        found = worker.results(now)
        assert_identical(found, whole.results(now))
        reviews.append(found["retention_review_ratio", frozenset({("window", "45d")})])
    assert any(ratio.numerator for ratio in reviews)
