"""Customers in `start` by segment and value, and the retained ones (docs/metrics.md, "Segments").

As for the variants of experiments, no customer is visited as time passes (`models.customers.overlaps`).
"""

from models.aggregation.start_sums import StartSums
from models.definitions.definitions import Definitions
from models.definitions.windows import Window

#: Segment of customers -> value -> sums by column.
SegmentSets = dict[str, dict[str, list[int]]]


class SegmentSetSums(StartSums):
    """Sums by segment of customers and value, in the windows of segments.

    Args:
        definitions: the segments and their windows.
    """

    def __init__(self, definitions: Definitions) -> None:
        super().__init__([Window.parse(name).hours for name in definitions.segment_windows])
        self._groups = {
            segment.name: {label: self._sums.new_group() for label in segment.labels}
            for segment in definitions.segments
            if segment.subject == "customer"
        }

    def group(self, segment: str, value: str) -> int:
        """Return the group in which a value of a segment counts."""
        return self._groups[segment][value]

    def sums(self) -> SegmentSets:
        """Return the sums by segment and value."""
        sums = self._sums.sums
        return {
            name: {label: sums(group) for label, group in groups.items()}
            for name, groups in self._groups.items()
        }
