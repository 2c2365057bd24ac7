"""Retention after an exposure (docs/metrics.md, "Churn by exposure").

It counts customers in `start` by the exposures that they had by then.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from models.aggregation.aggregates import Aggregates, long_windows
from models.customers.overlaps import Interval, OrderGap, Overlaps
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_HOUR
from models.entities.exposures import ANY, EXPOSURES

#: Exposure (index in `EXPOSURES`) -> the event hours in which a customer had it, sorted.
ExposureHours = dict[int, list[int]]
#: The first and the last one of some event hours.
Span = tuple[int, int]

ALL_HOURS: Final[Span] = (-NEVER_HOUR, NEVER_HOUR)


class ExposureAggregator:
    """Applies the exposures of customers to a partition's aggregates, and retracts them.

    The overlap of an order gap with an interval is only appended to a buffer. When the aggregates are
    evaluated, all overlaps are turned into deltas of each window at once.
    """

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._counts = aggregates.counts
        windows = [window.hours for window in long_windows(definitions)]
        self._overlaps = Overlaps(windows, ends=True)
        # [exposure, column]: series of the customers in `start`, and of the retained ones.
        self._series = np.array(
            [
                [
                    aggregates.count(f"exposed_{count}", name, str(hours))
                    for hours in windows
                    for count in ("start", "stayed")
                ]
                for name in (*EXPOSURES, ANY)
            ],
            np.int64,
        )
        aggregates.pre_evaluate_hooks.append(self._flush)

    def replace_order_gaps(
        self, old: Sequence[OrderGap], new: Sequence[OrderGap], exposures: ExposureHours
    ) -> None:
        """Retract some order gaps of a customer, and apply others in their place.

        Args:
            old: the gaps that no longer exist.
            new: the gaps in their place.
            exposures: all exposures of the customer.
        """
        if exposures:
            hours = [hour for order_gap in (*old, *new) for hour in order_gap]
            near = min(hours), max(hours)
            self.add_exposures(old, exposures, exposures, -1, near)
            self.add_exposures(new, exposures, exposures, 1, near)

    def add_exposures(
        self,
        order_gaps: Sequence[OrderGap],
        exposures: ExposureHours,
        changed: Iterable[int],
        sign: int,
        near: Span = ALL_HOURS,
    ) -> None:
        """Apply the exposures of a customer (`sign` 1), or retract them (-1).

        Args:
            order_gaps: all order gaps of the customer.
            exposures: all exposures of the customer.
            changed: the exposures to apply or retract, besides `ANY`.
            sign: 1 or -1.
            near: only the exposures in these hours, and the last one before them.
        """
        for exposure in changed:
            if exposure in exposures:
                self._overlaps.add(order_gaps, exposure, _intervals([exposures[exposure]], near), sign)
        if exposures:
            self._overlaps.add(order_gaps, len(EXPOSURES), _intervals(exposures.values(), near), sign)

    def _flush(self) -> None:
        for column, _, groups, slots, weights in self._overlaps.drain():
            self._counts.cells.frombytes((self._series[groups, column] + slots).tobytes())
            self._counts.weights.frombytes(weights.tobytes())


def _intervals(exposures: Iterable[Sequence[int]], near: Span) -> list[Interval]:
    """Return the intervals from each exposure to the next one.

    Args:
        exposures: event hours of exposures, each sequence ascending.
        near: only the intervals that begin in these hours, and the last one before them. A customer can have
            thousands of exposures.
    """
    first, last = near
    hours: list[int] = []
    before, after = -NEVER_HOUR, NEVER_HOUR
    for some in exposures:
        begin, end = bisect_left(some, first), bisect_right(some, last)
        hours += some[begin:end]
        if begin:
            before = max(before, some[begin - 1])
        if end < len(some):
            after = min(after, some[end])
    hours.sort()
    if before > -NEVER_HOUR:
        hours.insert(0, before)
    return list(pairwise([*hours, after]))
