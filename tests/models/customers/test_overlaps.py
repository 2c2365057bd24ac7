"""Order gaps, and their overlaps with intervals, by hand."""

from models.customers.overlaps import order_gaps_between
from models.definitions.windows import NEVER_HOUR


def test_last_order_gap_is_open_ended():
    assert order_gaps_between([3, 8, 8], end=True) == [(3, 8), (8, 8), (8, NEVER_HOUR)]
    assert order_gaps_between([3, 8], end=False) == [(3, 8)]
    assert order_gaps_between([], end=True) == []
