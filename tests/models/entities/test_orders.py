"""Orders, refunds of them, their value and their delivery, by hand (docs/metrics.md)."""

import math

import pytest

from models.definitions.definitions import Definitions
from models.entities import orders, refunds
from models.entities.refunds import NOT_REFUNDED
from models.facts import claims
from models.facts.claims import Amended, Cancelled, Completed, Delivered, Placed, Rejected, Requested
from tests.support.partitions import DAY, HOUR, NOW, Shop


def test_earliest_placed_and_latest_amended_claim_count():
    order = orders.derive(
        [
            Placed(20, "a", 1, "EUR", "app"),
            Placed(10, "b", 500, "USD", "web"),
            Placed(10, "c", 2, "EUR", "app"),
            Amended(30, "x", 600),
            Amended(30, "y", 700),
            Amended(5, "z", 800),
        ],
        NOT_REFUNDED,
    )
    assert (order.time, order.id, order.amount, order.currency) == (10, "b", 700, "USD")


def test_claims_of_an_order_wait_until_it_is_placed():
    assert orders.derive([Amended(1, "a", 5), Cancelled(2, "b"), Delivered(3, "c")], (1, 5)) is None


@pytest.mark.parametrize(
    ("amount", "refunded", "qualifying", "net"),
    [
        (100, (0, 0), True, 100),
        (100, (1, 40), True, 60),
        (100, (2, 100), False, 0),
        (100, (1, 130), False, 0),
        (0, (1, 0), True, 0),
        (0, (0, 0), True, 0),
        (0, (1, 1), False, 0),
    ],
)
def test_order_refunded_in_full_does_not_qualify(amount, refunded, qualifying, net):
    order = orders.derive([Placed(1, "a", amount, "USD", "web")], refunded)
    assert (order.qualifying, order.net) == (qualifying, net)


def test_refund_belongs_to_the_order_of_its_earliest_claim():
    assert refunds.refunded_of([[Completed(9, "b", "late", 5), Completed(3, "a", "early", 7)]]) == {
        "early": (1, 7)
    }


def test_each_part_of_a_refund_waits_for_its_order():
    found = [Requested(1, "a", "known"), Rejected(2, "b", "other"), Completed(3, "c", "other", 9)]
    assert refunds.derive(found, lambda order: order == "known") == refunds.Refund(1, None, None)


def test_refund_ratios_count_orders_and_money(shop):
    for number, amount in enumerate([1000, 1000, 2000, 4000]):
        shop.order(f"o{number}", NOW - DAY, amount=amount)
    shop.process(claims.Cancelled, "o3", NOW)
    shop.process(claims.Completed, "r1", NOW, "o1", 1000)
    shop.process(claims.Completed, "r2", NOW, "o2", 500)
    look = shop.samples()
    assert look["retention_refund_ratio", "orders", "7d"].value == pytest.approx(2 / 3)
    assert look["retention_refund_ratio", "full", "7d"].value == pytest.approx(1 / 3)
    assert look["retention_refund_ratio", "value", "7d"].value == pytest.approx(15 / 40)
    assert look["retention_orders", "7d"].value == 2
    assert look["retention_net_revenue", "USD", "7d"].value == 25


def test_refund_before_its_order_counts_once_it_is_placed(shop):
    shop.process(claims.Requested, "r", NOW - 3 * HOUR, "o")
    shop.process(claims.Completed, "r", NOW - HOUR, "o", 300)
    assert math.isnan(shop.value("retention_refund_seconds", "0.5", "7d"))
    shop.order("o", NOW - DAY, amount=1000)
    assert shop.value("retention_refund_seconds", "0.5", "7d") == pytest.approx(7200, rel=0.01)
    assert shop.value("retention_net_revenue", "USD", "7d") == 7


def test_rejected_refunds_are_a_share_of_the_decided(shop):
    shop.order("o", NOW - DAY)
    for refund in ("r1", "r2", "r3", "r4"):
        shop.process(claims.Requested, refund, NOW - DAY, "o")
    shop.process(claims.Rejected, "r1", NOW, "o")
    shop.process(claims.Rejected, "r2", NOW, "o")
    shop.process(claims.Completed, "r2", NOW, "o", 1)
    shop.process(claims.Completed, "r3", NOW, "o", 1)
    sample = shop.samples()["retention_refund_rejected_ratio", "7d"]
    assert (sample.numerator, sample.denominator) == (1, 3)
    assert shop.value("retention_refunds_open") == 1


def test_order_is_overdue_from_the_promise_until_delivery(shop):
    shop.order("o", NOW - DAY, promised=NOW + HOUR)
    assert shop.value("retention_deliveries_overdue", now=NOW + HOUR) == 0
    assert shop.value("retention_deliveries_overdue", now=NOW + HOUR + 1) == 1
    shop.process(claims.Delivered, "o", NOW + HOUR)
    assert shop.value("retention_deliveries_overdue") == 0
    assert shop.value("retention_on_time_delivery_ratio", "7d") == 1


@pytest.mark.parametrize(
    ("delivered", "exposure"), [(NOW - 8 * DAY, "none"), (NOW - 8 * DAY + 1, "late_delivery")]
)
def test_delivery_is_late_after_the_promised_instant(shop, delivered, exposure):
    shop.order("o", NOW - 9 * DAY, promised=NOW - 8 * DAY)
    shop.process(claims.Delivered, "o", delivered)
    look = shop.samples()
    found = [
        name
        for name in ("none", "late_delivery")
        if look["retention_churn_by_exposure_ratio", name, "7d"].denominator
    ]
    assert found == [exposure]


def test_cancelled_order_is_never_overdue_but_may_be_late(shop):
    shop.order("o", NOW - DAY, promised=NOW - HOUR)
    shop.process(claims.Cancelled, "o", NOW)
    assert shop.value("retention_deliveries_overdue") == 0
    shop.process(claims.Delivered, "o", NOW)
    assert shop.value("retention_on_time_delivery_ratio", "7d") == 0
    assert shop.value("retention_delivery_seconds", "0.99", "7d") == pytest.approx(86_400, rel=0.01)


def test_amount_is_converted_when_it_is_evaluated():
    shop = Shop(Definitions(rates={"USD": 1.0, "JPY": 0.01, "KWD": 3.0}))
    shop.order("yen", NOW, amount=500, currency="JPY")
    shop.order("dinar", NOW, amount=2000, currency="KWD")
    assert shop.value("retention_net_revenue", "USD", "7d") == pytest.approx(5 + 6)


def test_restored_order_counts_again(shop):
    shop.order("o", NOW - DAY, amount=1000)
    shop.process(claims.Cancelled, "o", NOW - 3 * HOUR)
    shop.process(claims.OrderRestored, "o", NOW - HOUR)
    assert shop.value("retention_orders", "7d") == 1
    shop.process(claims.OrderRestored, "o", NOW - 4 * HOUR)  # from before the cancellation: no effect
    assert shop.value("retention_orders", "7d") == 1
    shop.process(claims.Cancelled, "o", NOW)
    assert shop.value("retention_orders", "7d") == 0


def test_reversed_refund_gives_no_money_back(shop):
    shop.order("o", NOW - DAY, amount=1000)
    shop.process(claims.Requested, "r", NOW - 5 * HOUR, "o")
    shop.process(claims.Completed, "r", NOW - 4 * HOUR, "o", 1000)
    assert shop.value("retention_orders", "7d") == 0
    shop.process(claims.Reversed, "r", NOW - 3 * HOUR, "o")
    look = shop.samples()
    assert look["retention_orders", "7d"].value == 1
    assert look["retention_net_revenue", "USD", "7d"].value == 10
    assert look["retention_refund_ratio", "orders", "7d"].value == 0
    assert look["retention_refunds_reversed", "7d"].value == 1
    assert look["retention_refunds_open",].value == 0
    shop.process(claims.Completed, "r", NOW - HOUR, "o", 400)
    look = shop.samples()
    assert look["retention_net_revenue", "USD", "7d"].value == 6
    assert look["retention_refunds_reversed", "7d"].value == 0


def test_reversal_waits_for_its_order(shop):
    shop.process(claims.Reversed, "r", NOW - HOUR, "o")
    assert shop.value("retention_refunds_reversed", "7d") == 0
    shop.order("o", NOW - DAY, amount=1000)
    assert shop.value("retention_refunds_reversed", "7d") == 1


def test_refund_paid_again_belongs_to_its_new_order():
    known = [Completed(1, "a", "o1", 5), claims.Reversed(2, "b", "o1"), Completed(3, "c", "o2", 7)]
    assert refunds.refunded_of([known, [*known[:2]]]) == {"o2": (1, 7)}
