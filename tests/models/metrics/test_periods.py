"""Metrics of calendar periods, by hand (docs/metrics.md, "Closed periods")."""

import math
from datetime import UTC, datetime

import pytest

from models.definitions.definitions import Definitions
from models.definitions.periods import PERIOD_KINDS, PeriodDefinitions
from tests.support.partitions import DAY, HOUR, NOW, Shop

MONTHS = PeriodDefinitions(kinds=("month",))


def us(*moment: int) -> int:
    """Return a time in UTC as microseconds since the epoch."""
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.fixture
def shop():
    """Return a partition of a shop with months; the present is 5 March 2026."""
    return Shop(Definitions(periods=MONTHS))


def sets(shop, period, basis="as_now"):
    """Return the sizes of the sets of a month."""
    found = {key[1:]: sample.value for key, sample in shop.samples().items() if "period_customers" in key[0]}
    return {key[3]: value for key, value in found.items() if key[:3] == (basis, "month", period)}


def test_sets_compare_a_month_with_the_one_before(shop):
    shop.order("a1", us(2026, 1, 10), customer="retained")
    shop.order("a2", us(2026, 2, 10), customer="retained")
    shop.order("b1", us(2026, 1, 10), customer="lost")
    shop.order("c1", us(2026, 2, 10), customer="new")
    shop.order("d1", us(2025, 12, 10), customer="reactivated")
    shop.order("d2", us(2026, 2, 10), customer="reactivated")
    assert sets(shop, "2026-02") == {
        "start": 2, "end": 3, "retained": 1, "lost": 1, "new": 1, "reactivated": 1
    }  # fmt: skip
    assert shop.value("retention_period_rate_ratio", "as_now", "month", "cohort", "2026-02") == 0.5
    assert shop.value("retention_period_rate_ratio", "as_now", "month", "textbook", "2026-02") == 1
    assert shop.value("retention_period_churn_ratio", "as_now", "month", "2026-02") == 0.5


def test_order_counts_in_the_month_of_the_zone():
    shop = Shop(Definitions(periods=PeriodDefinitions(zone="Asia/Kolkata", kinds=("month",))))
    shop.order("a1", us(2026, 1, 31, 18, 29), customer="january")
    shop.order("b1", us(2026, 1, 31, 18, 30), customer="february")
    assert (sets(shop, "2026-01")["end"], sets(shop, "2026-02")["end"]) == (1, 1)


def test_basis_is_running_until_the_end_of_the_period(shop):
    end = us(2026, 4, 1)
    shop.order("a1", NOW)
    assert shop.value("retention_period_churn_ratio", "running", "month", "2026-03", now=end - 1) is not None
    shop.samples(now=end)
    assert sets(shop, "2026-03", "running") == {}
    assert sets(shop, "2026-03", "as_now")["end"] == 1


def test_latest_periods_of_each_kind_are_exported():
    shop = Shop(Definitions(periods=PeriodDefinitions(kinds=PERIOD_KINDS)))
    names = [key[2:4] for key in shop.samples() if key[0] == "retention_period_churn_ratio"]
    found = {kind: [period for each, period in names if each == kind] for kind in PERIOD_KINDS}
    assert {kind: len(periods) for kind, periods in found.items()} == {
        "week": 6, "month": 13, "quarter": 5, "year": 2
    }  # fmt: skip
    assert [found[kind][-1] for kind in PERIOD_KINDS] == ["2026-03-02", "2026-03", "2026-Q1", "2026"]


def test_period_exists_while_the_one_before_is_in_the_horizon():
    shop = Shop(Definitions(periods=MONTHS, horizon_days=70, windows=("7d",), lifecycle_days=7))
    first_hour = us(2026, 1, 1) + 70 * DAY - HOUR
    shop.order("a1", us(2026, 1, 1), customer="ada")
    assert shop.value("retention_period_churn_ratio", "as_now", "month", "2026-02", now=first_hour) == 1
    assert not sets(shop, "2026-01")
    shop.samples(now=first_hour + HOUR)
    assert not sets(shop, "2026-02")
    assert sets(shop, "2026-03", "running")


def test_customer_with_a_kept_order_is_not_new():
    shop = Shop(Definitions(periods=MONTHS, horizon_days=70, windows=("7d",), lifecycle_days=7))
    shop.order("a1", us(2025, 12, 29), customer="ada")
    shop.order("a2", us(2026, 2, 10), customer="ada")
    later = us(2026, 3, 10)
    shop.samples(now=later)
    assert sets(shop, "2026-02") == {
        "start": 0, "end": 1, "retained": 0, "lost": 0, "new": 0, "reactivated": 1
    }  # fmt: skip
    shop.restart()
    assert sets(shop, "2026-02")["reactivated"] == 1


def test_ratios_of_an_empty_period_are_undefined(shop):
    assert math.isnan(shop.value("retention_period_churn_ratio", "as_now", "month", "2026-02"))


def test_no_series_exists_unless_kinds_are_configured():
    shop = Shop(Definitions(periods=PeriodDefinitions(zone="Europe/Berlin")))
    shop.order("a1", NOW)
    assert not [key for key in shop.samples() if key[0].startswith("retention_period_")]
