"""The list of overdue orders, by hand (docs/api.md, "Orders")."""

from models.definitions.definitions import Definitions
from models.query.orders import Orders
from models.query.parameters import OrderQuery
from tests.support.outputs import Scenario, customers_of
from tests.support.partitions import DAY, NOW, SECOND

PROMISED = "2026-03-05T09:59:30Z"


def found(scenario, now=NOW):
    ann = customers_of(scenario.events, now, Definitions())["ann"]
    return list(Orders(Definitions()).find(ann, OrderQuery(overdue=True), now))


def test_order_is_listed_with_the_seconds_since_its_promise():
    scenario = Scenario()
    scenario.order(NOW - DAY, "b", promised_at=PROMISED, amount=900)
    scenario.order(NOW - DAY, "a", promised_at=PROMISED)
    orders = [(order.order_id, order.overdue_seconds, order.amount) for order in found(scenario)]
    assert orders == [("a", 30, 1000), ("b", 30, 900)]


def test_order_is_not_overdue_at_the_promised_instant():
    scenario = Scenario()
    scenario.order(NOW - DAY, "o", promised_at=PROMISED)
    assert found(scenario, NOW - 30 * SECOND) == []
    assert len(found(scenario, NOW - 30 * SECOND + 1)) == 1


def test_refunded_orders_of_a_window_are_listed_by_basis():
    scenario = Scenario()
    for order_id, age, paid in (("part", 1, 400), ("whole", 1, 1000), ("old", 9, 400), ("gone", 1, 400)):
        scenario.order(NOW - age * DAY, order_id)
        scenario.record("refund.completed", NOW, refund_id=order_id, order_id=order_id, amount=paid)
    scenario.order(NOW - DAY, "kept")
    scenario.record("order.cancelled", NOW, order_id="gone")
    ann = customers_of(scenario.events, NOW, Definitions())["ann"]

    def listed(**parameters):
        query = OrderQuery(window="7d", **parameters)
        return [order.order_id for order in Orders(Definitions()).find(ann, query, NOW)]

    assert listed(refunded="orders") == ["part", "whole"]
    assert listed(refunded="full") == ["whole"]
    assert listed(refunded="orders", channel="shop") == []


def test_channel_that_is_no_longer_named_is_listed_as_other():
    scenario = Scenario()
    for channel in ("phone", "web"):
        scenario.order(NOW - DAY, channel, promised_at=PROMISED, channel=channel)
    ann = customers_of(scenario.events, NOW, Definitions(channels=("phone", "web")))["ann"]

    def listed(channel):
        found = Orders(Definitions(channels=("web",))).find(
            ann, OrderQuery(overdue=True, channel=channel), NOW
        )
        return [order.order_id for order in found]

    assert [listed(channel) for channel in ("web", "other", "phone")] == [["web"], ["phone"], ["phone"]]


def test_delivered_or_cancelled_order_is_not_listed():
    scenario = Scenario()
    for order_id in ("delivered", "cancelled"):
        scenario.order(NOW - DAY, order_id, promised_at=PROMISED)
        scenario.record(f"order.{order_id}", NOW, order_id=order_id)
    assert found(scenario) == []
