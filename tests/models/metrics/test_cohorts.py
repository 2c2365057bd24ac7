"""Metrics of cohorts, by hand (docs/metrics.md, "Cohorts")."""

from datetime import date

import pytest

from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from tests.support.partitions import DAY, NOW, Shop

SINCE = date(2025, 1, 1)
COHORTS = CohortDefinitions(unit="7d", periods=4, complete_from=SINCE)


@pytest.fixture
def shop():
    """Return a partition of a shop with cohorts; the present is 5 March 2026."""
    return Shop(Definitions(cohorts=COHORTS))


def test_curve_counts_each_age_over_customers_who_reached_it(shop):
    shop.order("a1", NOW - 30 * DAY, customer="ada")
    shop.order("a2", NOW - 22 * DAY, customer="ada")  # at the age of 8 days
    shop.order("b1", NOW - 10 * DAY, customer="bob")
    samples = shop.samples()
    nth = [samples["retention_cohort_age_ratio", str(age), "nth"] for age in range(4)]
    assert [(s.numerator, s.denominator) for s in nth] == [(0, 2), (1, 1), (0, 1), (0, 1)]
    assert shop.value("retention_cohort_age_ratio", "2", "by") == 1
    assert shop.value("retention_cohort_age_ratio", "2", "unbounded") == 0


def test_value_by_age_includes_the_first_order(shop):
    shop.order("a1", NOW - 30 * DAY, customer="ada", amount=1000)
    shop.order("a2", NOW - 22 * DAY, customer="ada", amount=500)
    assert [shop.value("retention_cohort_age_value", age, "USD") for age in "01"] == [10, 15]


def test_customers_of_13_months_and_before_are_counted(shop):
    shop.order("a1", NOW, customer="ada")
    shop.order("b1", NOW - 750 * DAY, customer="bob")
    cohorts = {key[1]: s.value for key, s in shop.samples().items() if key[0] == "retention_cohort_customers"}
    assert len(cohorts) == 14
    assert {name: value for name, value in cohorts.items() if value} == {"before": 1, "2026-03": 1}


def test_earliest_three_months_are_before_without_complete_from():
    shop = Shop(Definitions(cohorts=CohortDefinitions()))
    for month in range(5):
        shop.order(f"o{month}", NOW - 30 * month * DAY, customer=f"c{month}")
    samples = shop.samples()
    assert samples["retention_cohort_customers", "before"].value == 3
    assert ("retention_cohort_customers", "2026-01") not in samples


@pytest.mark.parametrize(("since", "before"), [(date(2026, 2, 1), 1), (date(2026, 2, 2), 2)])
def test_month_that_begins_before_complete_from_is_before(since, before):
    shop = Shop(Definitions(cohorts=CohortDefinitions(complete_from=since)))
    for month in range(3):
        shop.order(f"o{month}", NOW - 30 * month * DAY, customer=f"c{month}")
    assert shop.value("retention_cohort_customers", "before") == before
    assert shop.value("retention_cohort_customers", "2026-03") == 1


def test_customer_stays_in_before_when_the_first_order_is_kept(shop):
    shop.order("a1", NOW - 790 * DAY, customer="ada")
    shop.order("a2", NOW, customer="ada")
    later = NOW + 20 * DAY
    assert shop.value("retention_cohort_customers", "before", now=later) == 1
    assert shop.value("retention_cohort_customers", "2026-03", now=later) == 0
    shop.restart()
    assert shop.value("retention_cohort_customers", "before", now=later) == 1


def test_grid_has_only_cells_with_eligible_customers():
    shop = Shop(
        Definitions(cohorts=CohortDefinitions(unit="7d", periods=4, complete_from=SINCE, export="grid"))
    )
    shop.order("a1", NOW - 20 * DAY, customer="ada")  # 13 February
    cells = [key[1:3] for key in shop.samples() if key[0] == "retention_cohort_value"]
    assert cells == [("0", "2026-02"), ("1", "2026-02")]


def test_nothing_is_exported_unless_cohorts_are_defined():
    shop = Shop()
    shop.order("a1", NOW - 30 * DAY)
    assert not [key for key in shop.samples() if key[0].startswith("retention_cohort_")]
