"""Apply customers' qualifying orders to the sums of retention (docs/metrics.md, "Retention").

No customer is visited as time passes. At hour H, with a window of W hours, over a customer's orders t1 <=
... <= tn:

- The customer is in `end` if tn is in the window, has two orders in it if tn-1 is, and is `new` if t1 is.
- The orders of H-2W+1 ... H-W, less the pairs of neighbours that both lie there, count the customers in
  `start`. A pair (a, b) with b - a < W has a in those hours, and not b, if b is in the window. The number of
  these is the number of pairs with a in the last 2W hours, less the pairs with b in the last W. So pairs are
  counted at a and at b, by the smallest W above their gap.

So a new order moves a handful of deltas, however many orders the customer has.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from models.aggregation.aggregates import Aggregates, channels_of, long_windows
from models.definitions.definitions import Definitions
from models.entities.orders import OrderHistory, QualifyingOrder
from models.facts.control import KeptOrder


class _Channel:
    """The series of customers whose first order came by one channel."""

    def __init__(self, aggregates: Aggregates, channel: str, classes: int) -> None:
        self.orders = aggregates.count("orders", channel)
        self.first = aggregates.count("first", channel)
        self.last = aggregates.count("last", channel)
        self.opened = [aggregates.count("opened", channel, str(index)) for index in range(classes)]
        self.closed = [aggregates.count("closed", channel, str(index)) for index in range(classes)]


class RetentionAggregator:
    """Applies the order histories of customers to a partition's aggregates, and retracts them."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._windows = [window.hours for window in long_windows(definitions)]
        self._channels = {
            channel: _Channel(aggregates, channel, len(self._windows)) for channel in channels_of(definitions)
        }
        self._only = aggregates.count("only")
        self._second = aggregates.count("second")
        self._first_net: dict[str, int] = {}

    def add_history(self, orders: OrderHistory) -> None:
        """Apply a whole order history."""
        if orders:
            self._aggregates.counts.plus.extend(self._all(orders))
            self._add_first(orders, 1)

    def remove_history(self, orders: OrderHistory) -> None:
        """Retract a whole order history."""
        if orders:
            self._aggregates.counts.minus.extend(self._all(orders))
            self._add_first(orders, -1)

    def insert(self, orders: OrderHistory, order: QualifyingOrder) -> None:
        """Insert an order into a history, at its sorted place, and apply the difference."""
        if orders and orders[-1] < order:
            self._append(orders, order)
            return
        at = bisect_left(orders, order)
        if at == 0 and orders and orders.kept is None and orders[0].channel != order.channel:
            # The channel of the first order changes.
            self.remove_history(orders)
            orders.insert(0, order)
            self.add_history(orders)
            return
        counts = self._aggregates.counts
        series = self._series(orders or OrderHistory([order], orders.kept))
        near = max(at - 1, 0)
        self._remove_ends(orders, at)
        counts.minus.extend(self._pairs(orders[near : at + 1], series))
        orders.insert(at, order)
        counts.plus.append(series.orders + order.hour)
        counts.plus.extend(self._pairs(orders[near : at + 2], series))
        self._add_ends(orders, at)

    def _append(self, orders: OrderHistory, order: QualifyingOrder) -> None:
        """Insert an order after the last one. Most orders take this path; it writes the fewest deltas."""
        counts, series = self._aggregates.counts, self._series(orders)
        before, at = orders[-1].hour, order.hour
        counts.minus.append(series.last + before)
        if len(orders) > 1:
            counts.minus.append(self._second + orders[-2].hour)
        elif orders.kept is None:
            counts.minus.append(self._only + before)
        counts.plus.extend((series.orders + at, series.last + at, self._second + before))
        index = bisect_right(self._windows, at - before)
        if index < len(self._windows):
            counts.plus.extend((series.opened[index] + before, series.closed[index] + at))
        orders.append(order)

    def remove(self, orders: OrderHistory, order: QualifyingOrder) -> None:
        """Remove an order from a history, and apply the difference."""
        at = bisect_left(orders, order)
        if at == 0 and len(orders) > 1 and orders.kept is None and orders[1].channel != order.channel:
            self.remove_history(orders)
            del orders[0]
            self.add_history(orders)
            return
        counts = self._aggregates.counts
        series = self._series(orders)
        near = max(at - 1, 0)
        self._remove_ends(orders, at)
        counts.minus.append(series.orders + order.hour)
        counts.minus.extend(self._pairs(orders[near : at + 2], series))
        del orders[at]
        counts.plus.extend(self._pairs(orders[near : at + 1], series))
        self._add_ends(orders, at)

    def _remove_ends(self, orders: OrderHistory, at: int) -> None:
        if orders:
            self._aggregates.counts.minus.extend(self._ends(orders, self._series(orders)))
            if at == 0:
                self._add_first(orders, -1)

    def _add_ends(self, orders: OrderHistory, at: int) -> None:
        if orders:
            self._aggregates.counts.plus.extend(self._ends(orders, self._series(orders)))
            if at == 0:
                self._add_first(orders, 1)

    def _series(self, orders: OrderHistory) -> _Channel:
        # The channel may be one that the configuration no longer names.
        series = self._channels.get(orders[0].channel if orders.kept is None else orders.kept.channel)
        return self._channels["other"] if series is None else series

    def _all(self, orders: OrderHistory) -> list[int]:
        series = self._series(orders)
        placed = series.orders
        cells = [placed + hour for _, _, hour, _, _, _ in orders]
        return cells + self._pairs(orders, series) + self._ends(orders, series)

    def _ends(self, orders: OrderHistory, series: _Channel) -> list[int]:
        first, last = orders[0].hour, orders[-1].hour
        cells = [series.last + last]
        if len(orders) > 1:
            cells.append(self._second + orders[-2].hour)
        if orders.kept is None:
            cells.append(series.first + first)
            if len(orders) == 1:
                cells.append(self._only + first)
        return cells

    def keep(self, orders: OrderHistory, kept: KeptOrder) -> None:
        """Apply that the customer's first order lies beyond the horizon."""
        self.remove_history(orders)
        orders.kept = kept
        self.add_history(orders)

    def _pairs(self, orders: Sequence[QualifyingOrder], series: _Channel) -> list[int]:
        cells: list[int] = []
        if len(orders) < 2:  # noqa: PLR2004 - a pair
            return cells
        windows = self._windows
        before = orders[0].hour
        for _, _, after, _, _, _ in orders[1:]:
            index = bisect_right(windows, after - before)
            if index < len(windows):
                cells.append(series.opened[index] + before)
                cells.append(series.closed[index] + after)
            before = after
        return cells

    def _add_first(self, orders: OrderHistory, sign: int) -> None:
        if orders.kept is not None:
            return
        _, _, at, _, currency, net = orders[0]
        series = self._first_net.get(currency)
        if series is None:
            series = self._first_net[currency] = self._aggregates.total("first_net", currency)
        self._aggregates.add_total(series + at, sign * net)
