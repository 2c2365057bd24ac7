"""Changes of a customer's qualifying orders in event time."""

from models.outputs.order_history import order_changes
from tests.support.outputs import NOW, Scenario, customers_of
from tests.support.strategies import DAY


def changes_of(scenario):
    customer = customers_of(scenario.events, NOW, scenario.harness.definitions)["ann"]
    return [
        (change.cause, change.before and change.before.net, change.after and change.after.net)
        for change in order_changes(customer)
    ]


def test_placed_order_is_one_change():
    scenario = Scenario()
    scenario.order(NOW - DAY, "o", amount=1000)
    assert changes_of(scenario) == [("order.placed", None, 1000)]


def test_refund_changes_the_order_from_its_own_time_on():
    scenario = Scenario()
    scenario.order(NOW - 3 * DAY, "o", amount=1000)
    scenario.record("refund.completed", NOW - 2 * DAY, refund_id="r", order_id="o", amount=400)
    scenario.record("order.cancelled", NOW - DAY, order_id="o")
    assert changes_of(scenario) == [
        ("order.placed", None, 1000),
        ("refund.completed", 1000, 600),
        ("order.cancelled", 600, None),
    ]


def test_amendment_before_the_order_counts_from_its_placing():
    scenario = Scenario()
    scenario.record("order.amended", NOW - 2 * DAY, order_id="o", amount=700)
    scenario.order(NOW - DAY, "o", amount=1000)
    assert changes_of(scenario) == [("order.placed", None, 700)]


def test_order_that_was_never_placed_changes_nothing():
    scenario = Scenario()
    scenario.record("order.amended", NOW - DAY, order_id="o", amount=700)
    assert changes_of(scenario) == []
