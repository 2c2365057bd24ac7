"""Churn by exposure, by hand (docs/metrics.md)."""

from bisect import insort
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from models.aggregation.aggregates import Aggregates, long_windows
from models.customers.exposure import ExposureAggregator, ExposureHours
from models.customers.overlaps import order_gaps_between
from models.definitions.definitions import Definitions
from models.facts import claims
from tests.support.partitions import DAY, NOW

DEFINITIONS = Definitions()
ORDER_GAPS = order_gaps_between([5, 20, 40], end=True)


class Exposures:
    """The exposures of one customer with three orders."""

    def __init__(self) -> None:
        self.hours: ExposureHours = {}
        self._aggregates = Aggregates(DEFINITIONS)
        self._aggregator = ExposureAggregator(self._aggregates, DEFINITIONS)

    def add(self, kind: int, hour: int) -> None:
        self._aggregator.add_exposures(ORDER_GAPS, self.hours, {kind}, -1, (hour, hour))
        insort(self.hours.setdefault(kind, []), hour)
        self._aggregator.add_exposures(ORDER_GAPS, self.hours, {kind}, 1, (hour, hour))

    def add_all(self, hours: ExposureHours) -> None:
        self.hours = hours
        self._aggregator.add_exposures(ORDER_GAPS, hours, hours, 1)

    def deltas(self) -> Counter[tuple[int, int]]:
        """Remove and return the deltas: cell and weight -> number."""
        for hook in self._aggregates.pre_evaluate_hooks:
            hook()
        counts = self._aggregates.counts
        found = Counter(zip(counts.cells, counts.weights, strict=True))
        del counts.cells[:], counts.weights[:]
        return found


def sums(deltas: Counter[tuple[int, int]]) -> dict[int, int]:
    """Return cell -> sum, without zeros."""
    found: Counter[int] = Counter()
    for (cell, weight), number in deltas.items():
        found[cell] += weight * number
    return {cell: sum_ for cell, sum_ in found.items() if sum_}


def test_churn_is_split_by_exposure(shop):
    shop.order("a", NOW - 8 * DAY, customer="lost")
    shop.process(claims.StockMissed, "", NOW - 8 * DAY, customer="lost")
    shop.order("b", NOW - 8 * DAY, customer="stayed")
    shop.order("c", NOW - DAY, customer="stayed")
    samples = shop.samples()
    stockout = samples["retention_churn_by_exposure_ratio", "stockout", "7d"]
    without = samples["retention_churn_by_exposure_ratio", "none", "7d"]
    assert (stockout.numerator, stockout.denominator) == (1, 1)
    assert (without.numerator, without.denominator) == (0, 1)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), max_size=12))
def test_exposures_added_singly_equal_all_at_once(exposures):
    singly, at_once = Exposures(), Exposures()
    for kind, hour in exposures:
        singly.add(kind, hour)
    at_once.add_all({kind: sorted(hour for each, hour in exposures if each == kind) for kind, _ in exposures})
    assert sums(singly.deltas()) == sums(at_once.deltas())


def test_exposure_among_thousands_changes_few_cells():
    exposures = Exposures()
    exposures.add_all({0: list(range(0, 6000, 2))})
    exposures.deltas()
    exposures.add(0, 3001)
    intervals, groups, columns, ends = 3 + 2, 2, 2, 2
    windows = len(long_windows(DEFINITIONS))
    assert 0 < exposures.deltas().total() <= intervals * groups * columns * ends * windows
