"""Test sums by calendar period."""

from datetime import UTC, datetime

from models.aggregation.period_sums import PeriodSums
from models.schedules.periods import calendar

MONTHS, YEARS = calendar("month", "UTC"), calendar("year", "UTC")
OCTOBER = int(datetime(2026, 10, 15, tzinfo=UTC).timestamp()) * 1_000_000


def test_weight_counts_in_the_period_of_each_kind():
    sums = PeriodSums([MONTHS, YEARS])
    sums.add(OCTOBER, ("net", "EUR"), 5)
    sums.add(OCTOBER, ("net", "EUR"), 2)
    assert sums.evaluate().by_name() == {
        "month": {MONTHS.number(OCTOBER): {("net", "EUR"): 7}},
        "year": {YEARS.number(OCTOBER): {("net", "EUR"): 7}},
    }


def test_retracted_weight_leaves_nothing():
    sums = PeriodSums([MONTHS])
    sums.add(OCTOBER, ("orders",), 1)
    sums.evaluate()
    sums.add(OCTOBER, ("orders",), -1)
    assert sums.evaluate().by_name() == {"month": {}}


def test_later_weight_leaves_an_evaluation_unchanged():
    sums = PeriodSums([MONTHS])
    sums.add(OCTOBER, ("orders",), 1)
    before = sums.evaluate().by_name()
    sums.add(OCTOBER, ("orders",), 1)
    assert before["month"][MONTHS.number(OCTOBER)] == {("orders",): 1}
    assert sums.evaluate().by_name()["month"][MONTHS.number(OCTOBER)] == {("orders",): 2}
