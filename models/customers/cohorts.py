"""Apply customers' qualifying orders to the sums of their cohorts (docs/metrics.md, "Cohorts").

A repeat order changes the period of its own age, and those of its neighbours. So a new order adds a handful
of deltas, unless it is the first one: then all ages change.
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from models.aggregation.cohort_sums import CohortSums
from models.aggregation.window_sums import series_at
from models.definitions.definitions import Definitions
from models.entities.orders import OrderHistory, QualifyingOrder
from models.schedules.months import months_of

#: Distance of two neighbouring series.
_ROW = series_at(1) - series_at(0)


class _Repeat(NamedTuple):
    """An order other than the first.

    Attributes:
        order: the order.
        before: the qualifying order before it.
        second: whether `before` is the first order.
        last: whether no order follows.
    """

    order: QualifyingOrder
    before: QualifyingOrder
    second: bool
    last: bool


class CohortAggregator:
    """Applies the order histories of customers to the sums of their cohorts, and retracts them.

    A history whose first order is beyond the horizon adds nothing, because no cell shows its cohort.

    Args:
        sums: the sums by cohort.
        definitions: the time zone of months.
    """

    def __init__(self, sums: CohortSums, definitions: Definitions) -> None:
        self._sums = sums
        self._months = months_of(definitions.periods.zone)
        self._ends = sums.ends

    def add_history(self, orders: OrderHistory, sign: int) -> None:
        """Apply a whole order history (`sign` 1), or retract it (-1)."""
        if orders and orders.kept is None:
            self._add_all(orders, sign)

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
        if at == 0:
            self._add_all(orders, sign)
            self.add_history(OrderHistory(orders[1:]), -sign)
        else:
            self._add_between(orders, at, sign)

    def _add_all(self, orders: OrderHistory, sign: int) -> None:
        first = orders[0]
        month = self._months.of(first.time)
        self._sums.counts.cells_of_weight(sign).append(self._sums.cohort(month) + first.hour)
        self._add_net(month, first, 0, first, sign)
        before, last = first, len(orders) - 1
        for index in range(1, len(orders)):
            order = orders[index]
            self._add_repeat(first, _Repeat(order, before, index == 1, index == last), sign)
            before = order

    def _add_between(self, orders: OrderHistory, at: int, sign: int) -> None:
        """Apply the repeat order at an index, and the changes of its neighbours."""
        first, before, order = orders[0], orders[at - 1], orders[at]
        last = len(orders) - 1
        self._add_repeat(first, _Repeat(order, before, at == 1, at == last), sign)
        if at < last:
            after, ends = orders[at + 1], at + 1 == last
            self._add_repeat(first, _Repeat(after, order, second=False, last=ends), sign)
            self._add_repeat(first, _Repeat(after, before, at == 1, ends), -sign)
        elif at > 1:  # the order before was the last one
            cohort = self._sums.cohort(self._months.of(first.time)) + first.hour
            cells = self._sums.counts.cells_of_weight(-sign)
            cells.append(cohort + (self._sums.rows.last + self._period(first, before)) * _ROW)

    def _add_repeat(self, first: QualifyingOrder, repeat: _Repeat, sign: int) -> None:
        month, rows = self._months.of(first.time), self._sums.rows
        cells, cohort = self._sums.counts.cells_of_weight(sign), self._sums.cohort(month) + first.hour
        period = self._period(first, repeat.order)
        if repeat.last:
            cells.append(cohort + (rows.last + period) * _ROW)
        if period == len(self._ends):
            return
        if repeat.second:
            cells.append(cohort + (rows.by + period) * _ROW)
        if repeat.second or self._period(first, repeat.before) != period:
            cells.append(cohort + (rows.nth + period) * _ROW)
        self._add_net(month, first, period, repeat.order, sign)

    def _add_net(
        self, month: int, first: QualifyingOrder, period: int, order: QualifyingOrder, sign: int
    ) -> None:
        nets = self._sums.nets
        nets.cells.append(self._sums.net(month, order.currency) + period * _ROW + first.hour)
        nets.weights.append(sign * order.net)

    def _period(self, first: QualifyingOrder, order: QualifyingOrder) -> int:
        """Return the period of an order's age; the number of periods after the last one."""
        return bisect_right(self._ends, order.hour - first.hour)
