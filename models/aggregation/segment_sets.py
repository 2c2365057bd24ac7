"""Customers in `start` by segment and value, and those of them who stayed (docs/metrics.md, "Segments").

As for the variants of experiments, no customer is visited as time passes (`models.customers.overlaps`).
"""

from models.aggregation.waiting_sums import WaitingSums
from models.aggregation.window_sums import Ints
from models.definitions.definitions import Definitions
from models.definitions.windows import Window

#: Segment of customers -> value -> sums by column.
SegmentSets = dict[str, dict[str, list[int]]]


class SegmentSetSums:
    """Sums by segment of customers and value.

    The columns of a sum are, for each window of segments, the customers in `start`, and those of them who
    stayed.

    Args:
        definitions: the segments and their windows.

    Attributes:
        windows: lengths of the windows of segments, hours.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.windows = [Window.parse(name).hours for name in definitions.segment_windows]
        self._sums = WaitingSums(2 * len(self.windows))
        self._groups = {
            segment.name: {label: self._sums.new_group() for label in segment.labels}
            for segment in definitions.segments
            if segment.subject == "customer"
        }

    def group(self, segment: str, value: str) -> int:
        """Return the group in which a value of a segment counts."""
        return self._groups[segment][value]

    def add(self, groups: Ints, column: int, slots: Ints, weights: Ints) -> None:
        """Add deltas to a column, each of which counts from an event hour on.

        Args:
            groups: group of each delta.
            column: the column.
            slots: event hour from which on each delta counts.
            weights: the deltas.
        """
        self._sums.add(groups, column, slots, weights)

    def flush(self, slot: int) -> None:
        """Move the present event hour forward, and settle the deltas."""
        self._sums.advance_to(slot)
        self._sums.settle()

    def sums(self) -> SegmentSets:
        """Return the sums by segment and value."""
        sums = self._sums.sums
        return {
            name: {label: sums(group) for label, group in groups.items()}
            for name, groups in self._groups.items()
        }
