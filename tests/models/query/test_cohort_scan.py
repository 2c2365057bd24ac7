"""A scan of all customers has the cells of the aggregates."""

from dataclasses import replace
from datetime import date

from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.metrics.cohorts import KINDS, CohortTotals, cohort_totals
from models.metrics.totals import Totals
from models.query.cohort_scan import CohortScanner, ScannedCohorts
from tests.models.query.test_matching_gauge import QueriedHistory
from tests.support.histories import random_history
from tests.support.strategies import DEFINITIONS

#: Months of a zone beside full hours, and short periods.
COHORTS = Definitions(
    rates=DEFINITIONS.rates,
    windows=("1d",),
    periods=PeriodDefinitions(zone="Asia/Kolkata"),
    cohorts=CohortDefinitions(
        brackets=("1h", "1d", "30d", "90d", "365d"), export="grid", complete_from=date(2024, 2, 10)
    ),
)


def scanned(shop):
    """Return the cohorts of all customers of a partition, by a scan."""
    scanner, found = CohortScanner(shop.definitions), ScannedCohorts()
    for customer in shop.decoded_customers:
        one = scanner.read(customer, shop.now, selected=True)
        if one is not None:
            found.merge(one)
    return CohortTotals([found.cells], found.kept, shop.definitions, shop.now, earliest=found.earliest)


def test_scan_of_all_customers_equals_the_aggregates():
    history = random_history(3, customers=60, size=1500)
    shop = QueriedHistory(replace(history, definitions=COHORTS), steps=9)
    expected = cohort_totals(Totals([shop.partition.evaluate(shop.now)], COHORTS, shop.now))
    assert expected is not None
    found = scanned(shop)
    assert len(found.compared()) > 3
    assert found.compared() == expected.compared()
    assert found.customers() == expected.customers()
    for kind in KINDS:
        for month in (*expected.compared(), None):
            assert found.cells(month, kind) == expected.cells(month, kind)


def test_customer_without_the_value_has_a_month_and_no_cells():
    shop = QueriedHistory(replace(random_history(3, size=200), definitions=COHORTS))
    scanner = CohortScanner(COHORTS)
    found = [scanner.read(customer, shop.now, selected=False) for customer in shop.decoded_customers]
    assert {each.earliest for each in found if each} != {None}
    assert all(not each.cells and not each.kept for each in found if each)
