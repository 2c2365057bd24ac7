"""The totals of several partitions, by hand."""

import math

import pytest

from models.aggregation.aggregates import Aggregates
from models.definitions.definitions import Definitions
from models.definitions.windows import Window
from models.metrics.totals import Totals, quantiles
from tests.support.partitions import HOUR, NOW, SECOND

DEFINITIONS = Definitions(windows=("7d",), rates={"USD": 1.0, "JPY": 0.01})
WEEK = Window.parse("7d")


def totals_of(*aggregates, definitions=DEFINITIONS):
    return Totals([each.evaluate(NOW) for each in aggregates], definitions, NOW)


def test_partitions_are_added_and_the_oldest_ticket_is_kept():
    left, right = Aggregates(DEFINITIONS), Aggregates(DEFINITIONS)
    for aggregates, gauge, opened in ((left, 2, NOW - 3), (right, 3, NOW - 7)):
        aggregates.gauges[aggregates.gauge("overdue")] = gauge
        aggregates.counts.cells_of_weight(1).append(aggregates.count("orders") + NOW // HOUR)
        aggregates.add_unanswered(opened, 1)
    totals = totals_of(left, right)
    assert (totals.gauge("overdue"), totals.sum(168, "orders"), totals.oldest) == (5, 2, NOW - 7)


def test_money_is_converted_to_the_base_currency():
    aggregates = Aggregates(DEFINITIONS)
    for currency, minor in (("USD", 250), ("JPY", 400)):
        aggregates.add_total(aggregates.total("net", currency) + NOW // HOUR, minor)
    assert totals_of(aggregates).money(168, "net") == pytest.approx(2.5 + 4)
    assert math.isnan(totals_of(aggregates, definitions=Definitions(windows=("7d",))).money(168, "net"))


def test_quantiles_merge_the_durations_of_partitions():
    left, right = Aggregates(DEFINITIONS), Aggregates(DEFINITIONS)
    for aggregates, seconds in ((left, (10, 30)), (right, (20,))):
        for duration in seconds:
            aggregates.add_duration(aggregates.duration("wait"), NOW, duration * SECOND, 1)
    totals = totals_of(left, right)
    values = {
        sample.labels["quantile"]: sample.value for sample in quantiles(totals, WEEK, "wait", {}, ("wait",))
    }
    assert values == {name: pytest.approx(20, rel=0.01) for name in ("0.5", "0.9", "0.95", "0.99")}
    assert totals.durations(WEEK, ("wait",)).sum == 60
