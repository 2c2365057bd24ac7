"""Apply customers' qualifying orders to the sums of calendar periods (docs/metrics.md, "Closed periods").

A customer counts once in each period with an order, and once as `stayed` in a period if the period before has
an order too. An order changes its own period and its two neighbours, so a new order changes a handful of
sums.
"""

from bisect import bisect_left, bisect_right
from typing import Final

from models.aggregation.period_sums import Name, PeriodSums
from models.definitions.windows import NEVER_US
from models.entities.orders import OrderHistory, QualifyingOrder
from models.schedules.periods import Calendar

#: Customers with an order in the period.
CUSTOMERS: Final[Name] = ("customers",)
#: Customers with an order in the period, and in the period before.
STAYED: Final[Name] = ("stayed",)
#: Customers whose first order is in the period.
NEW: Final[Name] = ("new",)


class PeriodAggregator:
    """Applies the order histories of customers to the sums of calendar periods, and retracts them.

    Args:
        sums: the sums by period.
    """

    def __init__(self, sums: PeriodSums) -> None:
        self._sums = sums

    def add_history(self, orders: OrderHistory, sign: int) -> None:
        """Apply a whole order history (`sign` 1), or retract it (-1)."""
        for calendar in self._sums.calendars:
            add, kind, begins = self._sums.add_in, calendar.kind, calendar.begins
            number, end = -NEVER_US, -NEVER_US
            for time, *_ in orders:
                if time < end:  # in the period of the order before
                    continue
                before, number = number, bisect_right(begins, time) - 1
                end = begins[number + 1]
                add(kind, number, CUSTOMERS, sign)
                if before == number - 1:
                    add(kind, number, STAYED, sign)
        self._add_first(orders, sign)

    def replace_history(self, old: OrderHistory, new: OrderHistory) -> None:
        """Retract a whole order history, and apply another one, unless they are equal."""
        if old != new or old.kept != new.kept:
            self.add_history(old, -1)
            self.add_history(new, 1)

    def retract_first(self, orders: OrderHistory) -> None:
        """Retract the first order of a history as new: the customer's first order is beyond the horizon."""
        self._add_first(orders, -1)

    def _add_first(self, orders: OrderHistory, sign: int) -> None:
        if orders and orders.kept is None:
            self._sums.add(orders[0].time, NEW, sign)

    def add_order(self, orders: OrderHistory, order: QualifyingOrder, sign: int) -> None:
        """Apply what an order changes.

        Args:
            orders: the history with the order in it.
            order: the order.
            sign: 1 if it has been inserted, -1 if it is about to be removed.
        """
        at = bisect_left(orders, order)
        before = orders[at - 1].time if at else None
        after = orders[at + 1].time if at + 1 < len(orders) else None
        for calendar in self._sums.calendars:
            self._add_between(calendar, before, order.time, after, sign)
        if at == 0 and orders.kept is None:
            self._sums.add(order.time, NEW, sign)
            if after is not None:
                self._sums.add(after, NEW, -sign)

    def _add_between(
        self, calendar: Calendar, before: int | None, time: int, after: int | None, sign: int
    ) -> None:
        """Apply an order between its two neighbours in the history, by their times."""
        number, begins = calendar.number(time), calendar.begins
        follows = before is not None and before >= begins[number]
        precedes = after is not None and after < begins[number + 1]
        if follows or precedes:  # another order counts the customer in this period
            return
        add, kind = self._sums.add_in, calendar.kind
        add(kind, number, CUSTOMERS, sign)
        if before is not None and before >= begins[number - 1]:
            add(kind, number, STAYED, sign)
        if after is not None and after < begins[number + 2]:
            add(kind, number + 1, STAYED, sign)
