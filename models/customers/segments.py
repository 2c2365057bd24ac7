"""Apply customers' orders and values to the sums of retention by segment (docs/metrics.md, "Segments").

It counts customers in `start` by the value that they had then, as experiments do by variant
(`models.customers.variants`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from models.aggregation.aggregates import Aggregates
from models.aggregation.segment_sets import SegmentSetSums
from models.customers.customer import Customer
from models.customers.overlaps import OrderGap, Overlaps
from models.customers.segment_values import SegmentValues, ValueChanges, hour_intervals
from models.definitions.definitions import Definitions


class Refreshed(NamedTuple):
    """The values of a customer for each segment of customers, before and after a change."""

    before: tuple[ValueChanges, ...]
    after: tuple[ValueChanges, ...]


class SegmentAggregator:
    """Applies the values of customers to a partition's aggregates, and retracts them.

    Args:
        sums: the sums to apply them to.
        aggregates: the aggregates that the sums belong to.
        definitions: the shop's definitions.

    Attributes:
        values: derives the values.
    """

    def __init__(self, sums: SegmentSetSums, aggregates: Aggregates, definitions: Definitions) -> None:
        self.values = SegmentValues(definitions)
        self._sums = sums
        self._overlaps = Overlaps(sums.windows, ends=False)
        aggregates.pre_evaluate_hooks.append(self._flush)

    def replace_order_gaps(
        self, customer: Customer, old: Sequence[OrderGap], new: Sequence[OrderGap]
    ) -> None:
        """Retract some order gaps of a customer, and apply others in their place."""
        changes = self.values.of_customer(customer)
        self._add(changes, old, -1)
        self._add(changes, new, 1)

    def refresh(self, customer: Customer, order_gaps: Sequence[OrderGap]) -> Refreshed | None:
        """Replace the values of a customer whose facts have changed.

        Args:
            customer: the customer.
            order_gaps: all order gaps of the customer.

        Returns:
            The values before and after the change; None if they are equal.
        """
        before, after = self.values.of_customer(customer), self.values.derive(customer)
        if before == after:
            return None
        self._add(before, order_gaps, -1)
        self._add(after, order_gaps, 1)
        customer.segment_changes = after
        return Refreshed(before, after)

    def _add(self, changes: Sequence[ValueChanges], order_gaps: Sequence[OrderGap], sign: int) -> None:
        if not order_gaps:
            return
        for segment, own in zip(self.values.customers, changes, strict=True):
            for value, interval in hour_intervals(own):
                group = self._sums.group(segment.name, value)
                self._overlaps.add(order_gaps, group, (interval,), sign)

    def _flush(self) -> None:
        self._sums.add_overlaps(self._overlaps.drain())
