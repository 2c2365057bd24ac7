"""The list of a cell has as many customers as the cell (docs/api.md, "Cohorts")."""

from datetime import date

from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.metrics.cohorts import KINDS, cohort_totals
from models.metrics.totals import Totals
from models.query.customers import Customers
from models.query.parameters import CustomerQuery
from tests.support.partitions import DAY, HOUR, NOW, Shop

COHORTS = Definitions(
    periods=PeriodDefinitions(zone="Asia/Kolkata"),
    cohorts=CohortDefinitions(brackets=("1d", "2d", "90d"), complete_from=date(2022, 1, 1)),
)


def assert_lists_equal_cells(partition):
    """Assert who is eligible, has a hit and has none in every cell, and whether that is the whole month."""
    totals = cohort_totals(Totals([partition.evaluate(NOW)], COHORTS, NOW))
    customers = [partition.customer(key) for key in partition.customer_keys()]
    cells = [cell for month in totals.compared() for kind in KINDS for cell in totals.cells(month, kind)]
    assert {cell.hits > 0 for cell in cells} == {cell.complete for cell in cells} == {True, False}
    for cell in cells:
        chosen = {"cohort": cell.cohort, "age": cell.age, "kind": cell.kind}
        sizes = [listed(customers, **chosen, hit=hit) for hit in (None, True, False)]
        assert sizes == [cell.eligible, cell.hits, cell.eligible - cell.hits], cell
        assert cell.complete == (cell.eligible == listed(customers, cohort=cell.cohort))


def listed(customers, **parameters):
    """Return the length of a list."""
    query, found = CustomerQuery(**parameters), Customers(COHORTS)
    return sum(found.find(customer, query, NOW) is not None for customer in customers)


def test_lists_equal_the_cells_beside_the_edges_of_periods():
    """The first orders are of the last hours of January in UTC, which are in February in the zone."""
    shop, february = Shop(COHORTS), NOW - NOW % DAY - 32 * DAY - 5 * HOUR
    for age in (0, 1, 23, 24, 25, 47, 48, 49, 600):
        shop.order("first", february, customer=f"again after {age}")
        shop.order("second", february + age * HOUR, customer=f"again after {age}")
    for age in (23, 24, 25, 47, 48, 49):
        shop.order("first", NOW - age * HOUR, customer=f"{age} hours old")
    shop.order("first", NOW - 900 * DAY, customer="kept")
    shop.order("second", february, customer="kept")
    shop.samples()
    assert_lists_equal_cells(shop.partition)
