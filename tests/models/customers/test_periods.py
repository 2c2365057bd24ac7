"""Test the contributions of a customer's orders to the sums of calendar periods."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from models.aggregation.period_sums import PeriodSums
from models.customers.periods import CUSTOMERS, NEW, STAYED, PeriodAggregator
from models.entities.orders import OrderHistory, QualifyingOrder
from models.facts.control import KeptOrder
from models.schedules.periods import calendar

HOUR = 3_600_000_000
DAY = 24 * HOUR
JANUARY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
KEPT = KeptOrder(at=JANUARY - 10**15, event="e0", channel="web", coupon=False, referrer=False)


def order(day: int, name: str = "e") -> QualifyingOrder:
    """Return an order some days after the start of January."""
    time = JANUARY + day * DAY
    return QualifyingOrder(time, f"{name}{day}", time // HOUR, "web", "USD", 7)


def aggregator(*kinds: str):
    sums = PeriodSums([calendar(kind, "UTC") for kind in kinds])
    return PeriodAggregator(sums), sums


def by_month(sums: PeriodSums) -> dict:
    """Return the month of 2026 -> name -> sum."""
    months = calendar("month", "UTC")
    return {
        int(months.label(number)[5:]): found for number, found in sums.evaluate().by_name()["month"].items()
    }


def test_customer_counts_once_in_each_month_with_orders():
    periods, sums = aggregator("month")
    periods.add_history(OrderHistory([order(1), order(2), order(95)]), 1)
    assert by_month(sums) == {1: {CUSTOMERS: 1, NEW: 1}, 4: {CUSTOMERS: 1}}


def test_customer_stays_if_the_month_before_has_an_order_too():
    periods, sums = aggregator("month")
    periods.add_history(OrderHistory([order(1), order(32), order(60)]), 1)
    assert by_month(sums)[2] == by_month(sums)[3] == {CUSTOMERS: 1, STAYED: 1}


def test_first_order_beyond_the_horizon_is_not_new():
    periods, sums = aggregator("month")
    periods.add_history(OrderHistory([order(1)], KEPT), 1)
    assert by_month(sums) == {1: {CUSTOMERS: 1}}


def test_earlier_order_takes_the_place_of_the_first_one():
    periods, sums = aggregator("month")
    history = OrderHistory([order(32)])
    periods.add_history(history, 1)
    history.insert(0, order(1))
    periods.add_order(history, order(1), 1)
    assert by_month(sums) == {1: {CUSTOMERS: 1, NEW: 1}, 2: {CUSTOMERS: 1, STAYED: 1}}


ORDERS = st.builds(order, st.integers(0, 800), st.sampled_from("ab"))


@given(st.lists(ORDERS, max_size=8, unique_by=lambda order: order[:2]), st.data())
def test_orders_add_the_same_in_any_order_of_arrival(orders, data):
    removed = data.draw(st.lists(st.sampled_from(orders), unique=True)) if orders else []
    kept = data.draw(st.sampled_from([None, KEPT]))
    periods, incremental = aggregator("week", "month", "quarter", "year")
    history = OrderHistory(kept=kept)
    for one in orders:
        history.append(one)
        history.sort()
        periods.add_order(history, one, 1)
    for one in removed:
        periods.add_order(history, one, -1)
        history.remove(one)
    whole, at_once = aggregator("week", "month", "quarter", "year")
    whole.add_history(history, 1)
    assert incremental.evaluate().by_name() == at_once.evaluate().by_name()
