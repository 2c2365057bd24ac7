"""Test the contributions of a customer's orders to the sums of their cohort."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.aggregation.cohort_sums import CohortCells, CohortSums
from models.customers.cohorts import CohortAggregator
from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from models.entities.orders import OrderHistory, QualifyingOrder
from models.facts.control import KeptOrder

HOUR = 3_600_000_000
ENDS = (10, 20, 50)
JANUARY = 1_767_225_600_000_000  #: 1 January 2026, 00:00 UTC
DEFINITIONS = Definitions(cohorts=CohortDefinitions(brackets=tuple(f"{end}h" for end in ENDS)))
KEPT = KeptOrder(at=JANUARY - 10**15, event="e0", channel="web", coupon=False, referrer=False)


def order(hour: int, net: int = 7, currency: str = "USD", name: str = "e") -> QualifyingOrder:
    """Return an order some hours after the start of January."""
    time = JANUARY + hour * HOUR
    return QualifyingOrder(time, f"{name}{hour}", time // HOUR, "web", currency, net)


def aggregator():
    sums = CohortSums(ENDS)
    return CohortAggregator(sums, DEFINITIONS), sums


def cells_after(sums: CohortSums, hours: int):
    """Return the cells of the only cohort some hours after the start of January."""
    sums.flush(JANUARY // HOUR + hours)
    [cells] = sums.cells().values()
    return cells


def test_repeat_order_counts_in_its_period_by_it_and_since_it():
    cohorts, sums = aggregator()
    cohorts.add_history(OrderHistory([order(0), order(15), order(16)]), 1)
    cells = cells_after(sums, 500)
    assert (cells.customers, cells.eligible) == (1, [1, 1, 1])
    assert (cells.nth, cells.by, cells.unbounded) == ([0, 1, 0], [0, 1, 1], [1, 1, 0])
    assert cells.net == {"USD": [7, 21, 21]}


def test_second_order_in_the_first_period_counts_in_it():
    cohorts, sums = aggregator()
    cohorts.add_history(OrderHistory([order(0), order(1), order(15)]), 1)
    cells = cells_after(sums, 500)
    assert (cells.nth, cells.by, cells.unbounded) == ([1, 1, 0], [1, 1, 1], [1, 1, 0])


@pytest.mark.parametrize(("hours", "eligible"), [(9, [0, 0, 0]), (10, [1, 0, 0]), (50, [1, 1, 1])])
def test_customer_is_eligible_once_the_period_is_over(hours, eligible):
    cohorts, sums = aggregator()
    cohorts.add_history(OrderHistory([order(0), order(1)]), 1)
    cells = cells_after(sums, hours)
    assert cells.eligible == cells.by == eligible


def test_order_after_all_periods_counts_only_as_unbounded():
    cohorts, sums = aggregator()
    cohorts.add_history(OrderHistory([order(0), order(50)]), 1)
    cells = cells_after(sums, 500)
    assert (cells.nth, cells.by, cells.unbounded) == ([0, 0, 0], [0, 0, 0], [1, 1, 1])


def test_customer_with_a_kept_order_adds_no_cell():
    cohorts, sums = aggregator()
    cohorts.add_history(OrderHistory([order(0), order(15)], KEPT), 1)
    sums.flush(JANUARY // HOUR)
    assert sums.cells() == {}


ORDERS = st.builds(
    order, st.integers(0, 70), st.integers(0, 3), st.sampled_from(["USD", "EUR"]), st.sampled_from("ab")
)


@given(st.lists(ORDERS, max_size=8, unique_by=lambda order: order[:2]), st.data())
def test_orders_add_the_same_in_any_order_of_arrival(orders, data):
    removed = data.draw(st.lists(st.sampled_from(orders), unique=True)) if orders else []
    cohorts, incremental = aggregator()
    history = OrderHistory()
    for one in orders:
        history.append(one)
        history.sort()
        cohorts.add_order(history, one, 1)
    for one in removed:
        cohorts.add_order(history, one, -1)
        history.remove(one)
    whole, at_once = aggregator()
    whole.add_history(history, 1)
    for hours in (70, 75, 90, 200):
        assert nonzero(incremental, hours) == nonzero(at_once, hours)


def nonzero(sums: CohortSums, hours: int) -> dict[int, CohortCells]:
    """Return the cells some hours after the start of January, without currencies that sum to zero."""
    sums.flush(JANUARY // HOUR + hours)
    cells = sums.cells()
    for each in cells.values():
        each.net = {currency: net for currency, net in each.net.items() if any(net)}
    return cells
