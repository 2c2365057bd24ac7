"""Test the warning of segments in which hardly anything has a named value."""

import pytest

from models.aggregation.segment_sums import SegmentFlowCells
from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from models.metrics.segment_coverage import Uncovered, uncovered_segments
from models.metrics.totals import Totals
from tests.support.partitions import NOW, Shop

COUNTRY = Segment(name="country", field="country", values=("DE",))
COUPON = Segment(name="coupon", origin="coupon", values=("SPRING",))
DEFINITIONS = Definitions(segments=(COUNTRY, COUPON), segment_windows=("90d", "30d"))


def found(customers: tuple[int, int, int], orders: tuple[int, int, int]) -> list[Uncovered]:
    """Return the segments that are named, given numbers of a named value, of `other` and of `unknown`."""
    partial = Shop(DEFINITIONS).partition.evaluate(NOW)
    partial.segment_sets = {
        "country": {label: [number, 0, 0, 0] for label, number in zip(COUNTRY.labels, customers, strict=True)}
    }
    by_value = {label: [[0], [number]] for label, number in zip(COUPON.labels, orders, strict=True)}
    partial.segment_flows = SegmentFlowCells([("orders", "")], {"coupon": by_value})
    return uncovered_segments(Totals([partial], DEFINITIONS, NOW))


def test_segment_of_unknown_or_of_other_values_is_named():
    assert found((5, 0, 95), (4, 96, 0)) == [
        Uncovered("country", "customer", "unknown", 95, 100, "90d"),
        Uncovered("coupon", "order", "other", 96, 100, "90d"),
    ]


@pytest.mark.parametrize("numbers", [(6, 0, 94), (0, 50, 50), (0, 0, 19), (0, 0, 0)])
def test_covered_segment_or_one_of_few_things_is_not_named(numbers):
    assert found(numbers, numbers) == []
