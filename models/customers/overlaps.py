"""Overlaps of customers' order gaps with the intervals of their exposures, variants and values of segments.

As in `models.customers.retention`, no customer is visited as time passes. With h = H - W, a customer is in
`start` for W hours after an order at hour a, or until the next order, at hour b. From hour b - W on, the
customer is retained. An exposure counts for W hours from its own hour on, a variant until the next one is
seen. Where an order gap and an interval overlap, +1 is added at the first hour, and -1 after the last. The
sum of all up to h is the number of customers.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from models.aggregation.window_sums import Ints
from models.definitions.windows import NEVER_HOUR

#: Event hours of an order and of the next one, or `NEVER_HOUR` after the last order.
OrderGap = tuple[int, int]
#: [from, until) in event hours.
Interval = tuple[int, int]

#: Integers of one overlap in the buffer: group, order, next order, since, until, sign.
_FIELDS: Final = 6
#: Up to this number, all order gaps are compared with an interval faster than the near ones are found.
_FEW: Final = 20


def order_gaps_between(hours: Sequence[int], *, end: bool) -> list[OrderGap]:
    """Return the gaps between orders, ascending.

    Args:
        hours: event hours of the orders, ascending.
        end: whether to include the gap after the last order.
    """
    found: list[OrderGap] = list(pairwise(hours))
    if end and hours:
        found.append((hours[-1], NEVER_HOUR))
    return found


class OverlapDeltas(NamedTuple):
    """The deltas of one column.

    Attributes:
        column: 2 x index of the window for customers in `start`, and 1 more for retained ones.
        window: length of the window, hours.
        groups: group of each delta.
        slots: event hour of each delta.
        weights: the deltas, 1 and -1.
    """

    column: int
    window: int
    groups: Ints
    slots: Ints
    weights: Ints


class Overlaps:
    """A buffer of overlaps of order gaps with intervals, which are turned into deltas all at once.

    Args:
        windows: lengths of the windows, hours.
        ends: whether an interval counts for the length of a window only.
    """

    def __init__(self, windows: Sequence[int], *, ends: bool) -> None:
        self._windows = windows
        self._longest = max(windows)
        self._ends = ends
        self._buffer = array("q")

    def add(
        self, order_gaps: Sequence[OrderGap], group: int, intervals: Sequence[Interval], sign: int
    ) -> None:
        """Apply the overlaps of a customer's order gaps with intervals (`sign` 1), or retract them (-1)."""
        buffer, longest, are_few = self._buffer, self._longest, len(order_gaps) <= _FEW
        for since, until in intervals:
            for ordered, following in order_gaps if are_few else _between(order_gaps, since, until):
                if ordered < until and since < following and since < ordered + longest:
                    buffer.extend((group, ordered, following, since, until, sign))

    def clear(self) -> None:
        """Remove all overlaps from the buffer."""
        self._buffer = array("q")

    def drain(self) -> Iterator[OverlapDeltas]:
        """Remove all overlaps from the buffer, and yield their deltas by column."""
        overlaps = np.frombuffer(self._buffer, np.int64).reshape(-1, _FIELDS).T
        self.clear()
        if not overlaps.size:
            return
        groups, ordered, following, since, until, signs = overlaps
        first = np.maximum(ordered, since)
        for index, hours in enumerate(self._windows):
            end = np.minimum(np.minimum(ordered + hours, following), until)
            if self._ends:
                end = np.minimum(end, since + hours)
            for column, begin in (
                (2 * index, first),
                (2 * index + 1, np.maximum(first, following - hours)),
            ):
                some = begin < end
                yield OverlapDeltas(
                    column,
                    hours,
                    np.concatenate([groups[some], groups[some]]),
                    np.concatenate([begin[some], end[some]]),
                    np.concatenate([signs[some], -signs[some]]),
                )


def _between(order_gaps: Sequence[OrderGap], since: int, until: int) -> Sequence[OrderGap]:
    """Return the order gaps that can overlap an interval. A customer can have thousands of them."""
    begin = max(bisect_right(order_gaps, (since, NEVER_HOUR)) - 1, 0)
    return order_gaps[begin : bisect_left(order_gaps, (until, 0))]
