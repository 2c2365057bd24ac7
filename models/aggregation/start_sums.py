"""Customers in `start` by group, and the retained ones. No customer is visited as time passes."""

from collections.abc import Iterable, Sequence

from models.aggregation.waiting_sums import WaitingSums
from models.aggregation.window_sums import Ints


class StartSums:
    """Sums of groups of customers.

    A group has two columns for each window: the customers in `start`, and the retained ones.

    Args:
        windows: lengths of the windows, hours.

    Attributes:
        windows: lengths of the windows, hours.
    """

    def __init__(self, windows: Sequence[int]) -> None:
        self.windows = windows
        self.clear()

    def clear(self) -> None:
        """Remove all groups and sums."""
        self._sums = WaitingSums(2 * len(self.windows))

    def add(self, groups: Ints, column: int, slots: Ints, weights: Ints) -> None:
        """Add deltas to a column, each of which counts from an event hour on.

        Args:
            groups: group of each delta.
            column: the column.
            slots: event hour from which on each delta counts.
            weights: the deltas.
        """
        self._sums.add(groups, column, slots, weights)

    def add_overlaps(self, overlaps: Iterable[tuple[int, int, Ints, Ints, Ints]]) -> None:
        """Add the deltas of overlaps, as `models.customers.overlaps.Overlaps.drain` yields them."""
        for column, window, groups, slots, weights in overlaps:
            # A customer of the hour h counts in `start` when h is a window ago.
            self.add(groups, column, slots + window, weights)

    def flush(self, slot: int) -> None:
        """Move the present event hour forward, and settle the deltas."""
        self._sums.advance_to(slot)
        self._sums.settle()
