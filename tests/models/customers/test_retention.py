"""The sets of retention by hand: their edges, and changes by time alone (docs/metrics.md, "Retention")."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.aggregation.aggregates import Aggregates
from models.customers.retention import RetentionAggregator
from models.definitions.definitions import Definitions
from models.entities.orders import OrderHistory, QualifyingOrder
from models.facts import claims
from models.facts.control import KeptOrder
from tests.support.partitions import DAY, HOUR, NOW

WEEK = 7 * DAY


def sets(shop, now=None):
    look = shop.samples(now)
    names = ("start", "end", "new", "retained", "lost", "reactivated")
    return {name: look["retention_customers", name, "7d"].value for name in names}


def test_first_order_makes_a_new_customer(shop):
    shop.order("o", NOW)
    assert sets(shop) == {"start": 0, "end": 1, "new": 1, "retained": 0, "lost": 0, "reactivated": 0}


def test_customer_is_active_for_exactly_the_window(shop):
    shop.order("o", NOW + HOUR - 1)
    assert sets(shop, NOW + WEEK - 1)["end"] == 1
    assert sets(shop, NOW + WEEK) == {
        "start": 1,
        "end": 0,
        "new": 0,
        "retained": 0,
        "lost": 1,
        "reactivated": 0,
    }
    assert sets(shop, NOW + 2 * WEEK)["start"] == 0


def test_customers_are_retained_lost_or_reactivated(shop):
    shop.order("r1", NOW - 8 * DAY, customer="retained")
    shop.order("r2", NOW - DAY, customer="retained")
    shop.order("l1", NOW - 8 * DAY, customer="lost")
    shop.order("b1", NOW - 20 * DAY, customer="back")
    shop.order("b2", NOW - DAY, customer="back")
    assert sets(shop) == {"start": 2, "end": 2, "new": 0, "retained": 1, "lost": 1, "reactivated": 1}
    assert shop.value("retention_rate_ratio", "cohort", "7d") == 0.5
    assert shop.value("retention_rate_ratio", "textbook", "7d") == 1
    assert shop.value("retention_churn_ratio", "7d") == 0.5


def test_ratio_without_customers_is_nan(shop):
    assert math.isnan(shop.value("retention_churn_ratio", "7d"))
    assert shop.samples()["retention_churn_ratio", "7d"].denominator == 0


def test_cancelled_order_changes_no_number(shop):
    shop.order("o", NOW)
    shop.process(claims.Cancelled, "o", NOW)
    assert sets(shop)["end"] == 0


def test_late_first_order_changes_the_customers_channel(shop):
    shop.order("second", NOW - 8 * DAY, channel="web")
    shop.order("third", NOW - DAY, channel="web")
    assert shop.value("retention_channel_rate_ratio", "web", "7d") == 1
    shop.order("first", NOW - 9 * DAY, channel="app")
    assert math.isnan(shop.value("retention_channel_rate_ratio", "web", "7d"))
    assert shop.value("retention_channel_rate_ratio", "app", "7d") == 1


def test_returning_customers_are_counted_by_window(shop):
    shop.order("a1", NOW, customer="twice")
    shop.order("a2", NOW, customer="twice")
    shop.order("b1", NOW - 30 * DAY, customer="again")
    shop.order("b2", NOW, customer="again")
    shop.order("c1", NOW, customer="once")
    look = shop.samples()
    assert look["retention_returning_customer_ratio", "window", "7d"].value == pytest.approx(1 / 3)
    assert look["retention_returning_customer_ratio", "lifetime", "7d"].value == pytest.approx(2 / 3)


def test_order_values_of_first_and_repeat_orders(shop):
    shop.order("a1", NOW - 30 * DAY, amount=1000)
    shop.order("a2", NOW, amount=3000)
    shop.order("b1", NOW, amount=500, customer="bob")
    look = shop.samples()
    assert look["retention_average_order_value", "USD", "all", "7d"].value == 17.5
    assert look["retention_average_order_value", "USD", "first", "7d"].value == 5
    assert look["retention_average_order_value", "USD", "repeat", "7d"].value == 30
    assert look["retention_purchase_frequency", "7d"].value == 1
    assert look["retention_realised_value", "USD"].value == 22.5


def test_referred_orders_and_revenue_are_counted(shop):
    shop.order("o", NOW, amount=900, referrer="bob")
    assert shop.value("retention_referred_orders", "7d") == 1
    assert shop.value("retention_referred_revenue", "USD", "7d") == 9
    shop.process(claims.Cancelled, "o", NOW)
    assert shop.value("retention_referred_orders", "7d") == 0


def net_cells(aggregates):
    """Cell -> count, of those that do not cancel out."""
    cells = {}
    for sign in (1, -1):
        for cell in aggregates.counts.cells_of_weight(sign):
            cells[cell] = cells.get(cell, 0) + sign
    for cell, weight in zip(aggregates.totals.cells, aggregates.totals.weights, strict=True):
        cells[-cell] = cells.get(-cell, 0) + weight
    return {cell: count for cell, count in cells.items() if count}


#: A first order beyond the horizon.
KEPT = KeptOrder(at=0, event="e0", channel="app", coupon=False, referrer=False)

ORDERS = st.tuples(
    st.integers(0, 400).map(lambda hour: hour * HOUR),
    st.integers(0, 9).map(str),
    st.sampled_from(["web", "app"]),
)


@given(
    st.lists(ORDERS, max_size=8, unique_by=lambda order: order[:2]), st.data(), st.sampled_from([None, KEPT])
)
def test_history_adds_the_same_in_any_order_of_arrival(drawn, data, kept):
    orders = [QualifyingOrder(time, name, time // HOUR, channel, "USD", 7) for time, name, channel in drawn]
    removed = data.draw(st.lists(st.sampled_from(orders), unique=True)) if orders else []
    definitions = Definitions(windows=("7d",))
    incremental, at_once = Aggregates(definitions), Aggregates(definitions)
    history = OrderHistory(kept=kept)
    aggregator = RetentionAggregator(incremental, definitions)
    for order in orders:
        aggregator.insert(history, order)
    for order in removed:
        aggregator.remove(history, order)
    assert history == sorted(set(orders) - set(removed))
    RetentionAggregator(at_once, definitions).add_history(history)
    assert net_cells(incremental) == net_cells(at_once)
