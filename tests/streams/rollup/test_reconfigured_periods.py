"""A frozen month never looks unchanged after `[periods]` of the configuration was another one for a while."""

import pytest

from models.metrics.periods import PeriodTotals
from models.metrics.totals import Totals
from streams.rollup.closed_periods import ClosedPeriods, Key
from tests.models.partition.test_restatement_counts import restart, watched_shop, with_periods
from tests.models.partition.test_restatements import JANUARY, MONTHS
from tests.support.partitions import HOUR, NOW, Shop

OFF = Shop().definitions


def evaluated(shop):
    return PeriodTotals(Totals([shop.partition.evaluate(shop.now)], shop.definitions, shop.now))


def changes(closed, shop):
    """Return cause -> number of the changes of January since its close."""
    found = [one for one in closed.samples(evaluated(shop)) if one.metric == "retention_period_changes"]
    return {one.labels["cause"]: one.value for one in found if one.labels["period"] == "2026-01"}


@pytest.fixture
def shop():
    return watched_shop()


@pytest.fixture
def closed(shop):
    """Return the frozen months of the shop."""
    found = ClosedPeriods("shop", MONTHS)
    found.close(evaluated(shop), 0)
    found.confirm(found.snapshot())
    return found


@pytest.mark.parametrize(
    "meanwhile", [OFF, with_periods(kinds=("quarter",)), with_periods(zone="Europe/Berlin")]
)
def test_late_order_meanwhile_is_named_configuration(shop, closed, meanwhile):
    restart(shop, meanwhile, NOW + HOUR)
    shop.order("late", JANUARY)
    restart(shop, MONTHS, NOW + 2 * HOUR)
    assert changes(closed, shop) == {"configuration": 1}
    shop.order("later", JANUARY)
    assert changes(closed, shop) == {"configuration": 1, "late": 1}


def test_restart_without_a_change_is_no_configuration(shop, closed):
    restart(shop, MONTHS, NOW + HOUR)
    assert changes(closed, shop) == {}
    shop.order("late", JANUARY)
    assert changes(closed, shop) == {"late": 1}


def test_version_that_is_frozen_later_has_complete_counts(shop, closed):
    restart(shop, with_periods(kinds=("quarter",)), NOW + HOUR)
    restart(shop, MONTHS, NOW + 2 * HOUR)
    shop.now += HOUR
    again = ClosedPeriods("shop", MONTHS)
    again.close(evaluated(shop), 0)
    again.confirm(again.snapshot())
    shop.order("late", JANUARY)
    assert Key("month", "2026-01", 1) in again.committed
    assert (changes(closed, shop), changes(again, shop)) == ({"late": 1, "configuration": 1}, {"late": 1})


def test_other_definitions_for_a_while_are_no_lasting_cause(shop, closed):
    """The facts of this while are counted."""
    restart(shop, with_periods(close_after="240h"), NOW + HOUR)
    shop.order("late", JANUARY)
    restart(shop, MONTHS, NOW + 2 * HOUR)
    assert changes(closed, shop) == {"late": 1}
