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

_FEW: Final = 50


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
            near = span_of([hour for order_gap in (*old, *new) for hour in order_gap], exposures)
            self.add_exposures(old, exposures, exposures, -1, near)
            self.add_exposures(new, exposures, exposures, 1, near)

    def add_exposures(
        self,
        order_gaps: Sequence[OrderGap],
        exposures: ExposureHours,
        changed: Iterable[int],
        sign: int,
        near: Span | None = None,
    ) -> None:
        """Apply the exposures of a customer (`sign` 1), or retract them (-1).

        Args:
            order_gaps: all order gaps of the customer.
            exposures: all exposures of the customer.
            changed: the exposures to apply or retract, besides `ANY`.
            sign: 1 or -1.
            near: `span_of` the hours that matter; None for all. Outside it, a change and its retraction are
                the same.
        """
        for exposure in changed:
            if exposure in exposures:
                self._overlaps.add(order_gaps, exposure, _intervals(exposures[exposure], near), sign)
        if exposures:
            self._overlaps.add(order_gaps, len(EXPOSURES), _intervals(_all_hours(exposures), near), sign)

    def _flush(self) -> None:
        for column, _, groups, slots, weights in self._overlaps.drain():
            self._counts.cells.frombytes((self._series[groups, column] + slots).tobytes())
            self._counts.weights.frombytes(weights.tobytes())


def span_of(hours: Sequence[int], exposures: ExposureHours) -> Span | None:
    """Return the first and the last of some event hours; None for a customer of few exposures.

    Few exposures are applied faster all at once than a part of them is found.
    """
    if sum(map(len, exposures.values())) <= _FEW:
        return None
    return min(hours), max(hours)


def _all_hours(exposures: ExposureHours) -> list[int]:
    """Return the hours of all exposures, sorted."""
    if len(exposures) == 1:
        return next(iter(exposures.values()))
    return sorted([at for hours in exposures.values() for at in hours])


def _intervals(hours: Sequence[int], near: Span | None) -> list[Interval]:
    """Return the intervals from each exposure to the next.

    Args:
        hours: event hours of the exposures, ascending.
        near: only the intervals that begin in these hours, and the last one before them; None for all.
    """
    if near is None:
        return list(zip(hours, [*hours[1:], NEVER_HOUR], strict=True))
    begin = max(bisect_left(hours, near[0]) - 1, 0)
    end = bisect_right(hours, near[1])
    following = hours[end] if end < len(hours) else NEVER_HOUR
    return list(pairwise([*hours[begin:end], following]))
