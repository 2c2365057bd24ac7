"""Who stays: what a customer's qualifying orders add to the sums (docs/metrics.md, "Retention").

No customer is visited as time passes. At hour H, with a window of W hours, over a customer's orders t1 <=
... <= tn:

- the customer is in `end` if tn is in the window, has two orders in it if tn-1 is, is `new` if t1 is;
- orders of H-2W+1 ... H-W, less the pairs of neighbours that both lie there, count the customers in `start`.
  A pair (a, b) with b - a < W has a in those hours, and not b, where b is in the window: pairs with a in the
  last 2W hours, less pairs with b in the last W. So pairs are counted at a and at b, by the smallest W above
  their gap.

So a new order moves a handful of points, however many the customer has.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from models.aggregation.aggregates import Aggregates, channels_of, long_windows
from models.definitions.definitions import Definitions

#: A qualifying order: (time, event id, hour, channel, currency, net); a customer's are kept sorted.
Entry = tuple[int, str, int, str, str, int]
Line = list[Entry]


class _Channel:
    """The series of customers whose first order came by one channel."""

    def __init__(self, aggregates: Aggregates, channel: str, classes: int) -> None:
        self.orders = aggregates.count("orders", channel)
        self.first = aggregates.count("first", channel)
        self.last = aggregates.count("last", channel)
        self.opened = [aggregates.count("opened", channel, str(index)) for index in range(classes)]
        self.closed = [aggregates.count("closed", channel, str(index)) for index in range(classes)]


class RetentionAggregator:
    """What lines of qualifying orders add to a partition's sums."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._windows = [window.hours for window in long_windows(definitions)]
        self._channels = {
            channel: _Channel(aggregates, channel, len(self._windows)) for channel in channels_of(definitions)
        }
        self._only = aggregates.count("only")
        self._second = aggregates.count("second")
        self._first_net: dict[str, int] = {}

    def add_line(self, line: Line) -> None:
        """Add all of a customer's points."""
        if line:
            self._aggregates.counts.plus.extend(self._all(line))
            self._add_first(line, 1)

    def remove_line(self, line: Line) -> None:
        """Take all of a customer's points back."""
        if line:
            self._aggregates.counts.minus.extend(self._all(line))
            self._add_first(line, -1)

    def insert(self, line: Line, entry: Entry) -> None:
        """Put an order into its place in a customer's line."""
        if line and line[-1] < entry:
            self._append(line, entry)
            return
        at = bisect_left(line, entry)
        if at == 0 and line and line[0][3] != entry[3]:  # the customer came by another channel
            self.remove_line(line)
            line.insert(0, entry)
            self.add_line(line)
            return
        counts = self._aggregates.counts
        series = self._series(line or [entry])
        near = max(at - 1, 0)
        self._forget(line, at)
        counts.minus.extend(self._pairs(line[near : at + 1], series))
        line.insert(at, entry)
        counts.plus.append(series.orders + entry[2])
        counts.plus.extend(self._pairs(line[near : at + 2], series))
        self._recall(line, at)

    def _append(self, line: Line, entry: Entry) -> None:
        """Put an order after the last, as most come, with the fewest points."""
        counts, series = self._aggregates.counts, self._series(line)
        before, at = line[-1][2], entry[2]
        counts.minus.append(series.last + before)
        counts.minus.append(self._only + before if len(line) == 1 else self._second + line[-2][2])
        counts.plus.extend((series.orders + at, series.last + at, self._second + before))
        index = bisect_right(self._windows, at - before)
        if index < len(self._windows):
            counts.plus.extend((series.opened[index] + before, series.closed[index] + at))
        line.append(entry)

    def remove(self, line: Line, entry: Entry) -> None:
        """Take an order out of a customer's line."""
        at = bisect_left(line, entry)
        if at == 0 and len(line) > 1 and line[1][3] != entry[3]:
            self.remove_line(line)
            del line[0]
            self.add_line(line)
            return
        counts = self._aggregates.counts
        series = self._series(line)
        near = max(at - 1, 0)
        self._forget(line, at)
        counts.minus.append(series.orders + entry[2])
        counts.minus.extend(self._pairs(line[near : at + 2], series))
        del line[at]
        counts.plus.extend(self._pairs(line[near : at + 1], series))
        self._recall(line, at)

    def _forget(self, line: Line, at: int) -> None:
        if line:
            self._aggregates.counts.minus.extend(self._ends(line, self._series(line)))
            if at == 0:
                self._add_first(line, -1)

    def _recall(self, line: Line, at: int) -> None:
        if line:
            self._aggregates.counts.plus.extend(self._ends(line, self._series(line)))
            if at == 0:
                self._add_first(line, 1)

    def _series(self, line: Line) -> _Channel:
        # A channel that the configuration no longer names.
        series = self._channels.get(line[0][3])
        return self._channels["other"] if series is None else series

    def _all(self, line: Line) -> list[int]:
        series = self._series(line)
        orders = series.orders
        cells = [orders + entry[2] for entry in line]
        return cells + self._pairs(line, series) + self._ends(line, series)

    def _ends(self, line: Line, series: _Channel) -> list[int]:
        first, last = line[0][2], line[-1][2]
        if len(line) == 1:
            return [series.first + first, series.last + last, self._only + first]
        return [series.first + first, series.last + last, self._second + line[-2][2]]

    def _pairs(self, line: Sequence[Entry], series: _Channel) -> list[int]:
        cells: list[int] = []
        if len(line) < 2:  # noqa: PLR2004 - a pair
            return cells
        windows = self._windows
        before = line[0][2]
        for entry in line[1:]:
            after = entry[2]
            index = bisect_right(windows, after - before)
            if index < len(windows):
                cells.append(series.opened[index] + before)
                cells.append(series.closed[index] + after)
            before = after
        return cells

    def _add_first(self, line: Line, sign: int) -> None:
        _, _, at, _, currency, net = line[0]
        series = self._first_net.get(currency)
        if series is None:
            series = self._first_net[currency] = self._aggregates.total("first_net", currency)
        self._aggregates.add_total(series + at, sign * net)
