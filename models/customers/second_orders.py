"""The time from a customer's first order to the second one (docs/metrics.md, "Further metrics").

A customer whose first order is beyond the horizon adds nothing: orders between it and the first known one may
have left the horizon too.
"""

from bisect import bisect_left

from models.aggregation.aggregates import Aggregates
from models.entities.orders import OrderHistory, QualifyingOrder


class SecondOrderAggregator:
    """Applies the second orders of customers to a partition's aggregates, and retracts them.

    Args:
        aggregates: the partition's aggregates, with the durations of the family `second_order`.
    """

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates
        self._series = aggregates.duration("second_order")

    def add_history(self, orders: OrderHistory, sign: int) -> None:
        """Apply a whole order history (`sign` 1), or retract it (-1)."""
        if orders.kept is None:
            self._add(orders[:2], sign)

    def retract_first(self, orders: OrderHistory) -> None:
        """Retract a history whose first order turns out to be beyond the horizon."""
        self.add_history(orders, -1)

    def add_order(self, orders: OrderHistory, order: QualifyingOrder, sign: int) -> None:
        """Apply what an order changes.

        Args:
            orders: the history with the order in it.
            order: the order.
            sign: 1 if it has been inserted, -1 if it is about to be removed.
        """
        if orders.kept is not None:
            return
        at = bisect_left(orders, order)
        if at < 2:  # noqa: PLR2004 - the first or the second order
            self._add(orders[:2], sign)
            self._add([other for index, other in enumerate(orders[:3]) if index != at], -sign)

    def _add(self, first_orders: list[QualifyingOrder], sign: int) -> None:
        if len(first_orders) > 1:
            first, second = first_orders
            self._aggregates.add_duration(self._series, second.time, second.time - first.time, sign)
