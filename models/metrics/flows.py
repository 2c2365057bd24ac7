"""The flows of all partitions by segment (docs/metrics.md, "Segments")."""

from collections.abc import Iterable

from models.aggregation.segment_sums import Column, SegmentFlowCells


class SegmentFlowTotals:
    """The flows of all partitions by segment, value and window.

    Args:
        parts: flows of each partition. None where no segment is configured.
        windows: names of the windows of segments, by length.
    """

    def __init__(self, parts: Iterable[SegmentFlowCells | None], windows: Iterable[str]) -> None:
        self._windows = {window: index for index, window in enumerate(windows)}
        self._sums: dict[tuple[str, str, int], dict[Column, int]] = {}
        for part in parts:
            if part is not None:
                self._add(part)

    def _add(self, part: SegmentFlowCells) -> None:
        for segment, values in part.values.items():
            for value, rows in values.items():
                for window, row in enumerate(rows):
                    sums = self._sums.setdefault((segment, value, window), {})
                    for column, number in zip(part.columns, row, strict=True):
                        if number:
                            sums[column] = sums.get(column, 0) + number

    def sum(self, segment: str, value: str, window: str, measure: str, detail: str = "") -> int:
        """Return the sum of a measure over the flows of a value in a window."""
        return self._of(segment, value, window).get((measure, detail), 0)

    def by_detail(self, segment: str, value: str, window: str, measure: str) -> dict[str, int]:
        """Return detail -> sum of a measure, such as the net by currency, without zeros."""
        sums = self._of(segment, value, window)
        return {detail: number for (name, detail), number in sums.items() if name == measure and number}

    def _of(self, segment: str, value: str, window: str) -> dict[Column, int]:
        return self._sums.get((segment, value, self._windows[window]), {})
