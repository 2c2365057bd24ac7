"""Sums of flows by segment and value, over sliding windows (docs/metrics.md, "Segments").

A row of a table has the sums of one value of a segment in one column. It exists from its first weight on, and
takes memory where something is written to it: 9 KB for 90 days of counts, 17 KB for 90 days of sums.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from models.aggregation.window_sums import DeltaBuffer, WindowSums, series_at
from models.definitions.windows import US_PER_HOUR

#: A measure and its detail, such as `("decided", "resolution")`.
Column = tuple[str, str]
#: Segment, value of its label, measure and detail.
_Row = tuple[str, str, str, str]


class SegmentFlowCells(Struct, array_like=True):
    """The flows of one partition by segment and value. The flows of several partitions add up.

    Attributes:
        columns: the columns.
        values: segment -> value -> sums, [windows, columns].
    """

    columns: list[Column]
    values: dict[str, dict[str, list[list[int]]]]


class SegmentSums:
    """The flows of a partition by segment and value.

    Args:
        hours: lengths of the windows, event hours, ascending.
    """

    def __init__(self, hours: Sequence[int]) -> None:
        self._windows: Final = len(hours)
        self._counts: Final = _Table(WindowSums(hours, np.int32))
        self._sums: Final = _Table(WindowSums(hours))

    def add_count(self, row: _Row, time: int, weight: int) -> None:
        """Add a number of things to a count.

        Args:
            row: segment, value of its label, measure and detail.
            time: time at which they count, microseconds since the epoch.
            weight: their number, below 0 to retract them.
        """
        self._counts.add(row, time // US_PER_HOUR, weight)

    def add_sum(self, row: _Row, time: int, weight: int) -> None:
        """Add a weight, such as minor units, to a sum, as `add_count`. A column is either of the two."""
        self._sums.add(row, time // US_PER_HOUR, weight)

    def flush(self, hour: int) -> None:
        """Move the buffered deltas to the tables, at the present event hour."""
        self._counts.flush(hour)
        self._sums.flush(hour)

    def cells(self) -> SegmentFlowCells:
        """Return the sums of all values that ever had a flow."""
        sums = self._counts.sums() | self._sums.sums()
        columns: list[Column] = list(dict.fromkeys(row[2:] for row in sums))
        index = {column: number for number, column in enumerate(columns)}
        values: dict[str, dict[str, list[list[int]]]] = {}
        for (segment, value, measure, detail), windows in sums.items():
            rows = values.setdefault(segment, {}).get(value)
            if rows is None:
                rows = values[segment][value] = [[0] * len(columns) for _ in range(self._windows)]
            for row, number in zip(rows, windows, strict=True):
                row[index[measure, detail]] = number
        return SegmentFlowCells(columns, values)


class _Table:
    """A table of sums with rows by name."""

    def __init__(self, table: WindowSums) -> None:
        self._table = table
        self._buffer = DeltaBuffer()
        self._rows: dict[_Row, int] = {}

    def add(self, row: _Row, slot: int, weight: int) -> None:
        index = self._rows.setdefault(row, len(self._rows))
        if weight == 1 or weight == -1:  # noqa: PLR1714 - faster than a set
            self._buffer.cells_of_weight(weight).append(series_at(index) + slot)
        else:
            self._buffer.cells.append(series_at(index) + slot)
            self._buffer.weights.append(weight)

    def flush(self, slot: int) -> None:
        self._table.reserve(len(self._rows))
        self._table.advance_to(slot)
        self._table.add(*self._buffer.drain(slot))

    def sums(self) -> dict[_Row, list[int]]:
        """Return the sums of each row in each window, without the sum over all time."""
        windows = self._table.windows(len(self._rows))[:-1]
        return dict(zip(self._rows, windows.T.tolist(), strict=True))
