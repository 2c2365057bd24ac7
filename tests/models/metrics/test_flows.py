"""Test how the flows of partitions are merged."""

from models.aggregation.segment_sums import SegmentFlowCells
from models.metrics.flows import SegmentFlowTotals

ORDERS, EUR, USD = ("orders", ""), ("net", "EUR"), ("net", "USD")


def test_flows_of_partitions_add_up_for_any_columns():
    one = SegmentFlowCells([ORDERS, EUR], {"country": {"DE": [[1, 70], [2, 90]]}})
    other = SegmentFlowCells([USD, ORDERS], {"country": {"DE": [[5, 10], [6, 20]], "AT": [[0, 1], [0, 1]]}})
    totals = SegmentFlowTotals([one, other, None], ["7d", "30d"])
    assert totals.sum("country", "DE", "7d", "orders") == 11
    assert totals.sum("country", "AT", "30d", "orders") == 1
    assert totals.by_detail("country", "DE", "30d", "net") == {"EUR": 90, "USD": 6}


def test_value_without_flows_has_the_sum_zero():
    totals = SegmentFlowTotals([None], ["7d"])
    assert totals.sum("country", "DE", "7d", "orders") == 0
    assert totals.by_detail("country", "DE", "7d", "net") == {}
