"""Sums by cohort and period of a customer's age (docs/metrics.md, "Cohorts").

A cell counts only customers for whom its period is over: the end of the period is not later than their
present age. So each sum is kept by the event hour of the first order, like the windows of other series, and a
cell is the sum of all hours but the last ones. No customer is visited when a period ends.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from models.aggregation.window_sums import DeltaBuffer, Ints, WindowSums, series_at


class CohortCells(Struct, array_like=True):
    """The cells of one cohort in one partition. The cells of several partitions add up.

    Attributes:
        customers: number of customers of the cohort.
        eligible: customers for whom the period is over, by period.
        nth: eligible customers with a repeat order in the period, by period.
        by: eligible customers with a repeat order before the end of the period, by period.
        unbounded: eligible customers with a repeat order since the start of the period, by period.
        net: currency -> net of the eligible customers before the end of the period, minor units, by period.
    """

    customers: int
    eligible: list[int]
    nth: list[int]
    by: list[int]
    unbounded: list[int]
    net: dict[str, list[int]]


class CohortRows:
    """Offsets of the rows of a cohort: its customers, `nth` and `by` of each period, the last order's period.

    Args:
        periods: number of periods.

    Attributes:
        nth: offset of the first row of `nth`.
        by: offset of the first row of `by`.
        last: offset of the first row of the last order's period. One more row is for the time after all
            periods.
        height: number of rows of a cohort.
    """

    def __init__(self, periods: int) -> None:
        self.nth = 1
        self.by = 1 + periods
        self.last = 1 + 2 * periods
        self.height = 2 + 3 * periods


class CohortSums:
    """The sums of a partition by cohort.

    Args:
        ends: end of each period, event hours after the first order, ascending.

    Attributes:
        ends: end of each period, event hours after the first order, ascending.
        counts: buffer of counts, by the event hour of the first order.
        nets: buffer of sums of money, by the event hour of the first order.
        rows: the rows of a cohort.
    """

    def __init__(self, ends: tuple[int, ...]) -> None:
        self.ends: Final = ends
        self.counts: Final = DeltaBuffer()
        self.nets: Final = DeltaBuffer()
        self.rows: Final = CohortRows(len(ends))
        self._periods = len(ends)
        self._counts = WindowSums(ends, np.int32)
        self._nets = WindowSums(ends)
        self._cohorts: dict[int, int] = {}
        self._money: dict[tuple[int, str], int] = {}

    def cohort(self, month: int) -> int:
        """Return the series of the first row of a cohort."""
        return series_at(self._cohorts.setdefault(month, len(self._cohorts)) * self.rows.height)

    def net(self, month: int, currency: str) -> int:
        """Return the series of a cohort's net in the first period. Those of later periods follow."""
        return series_at(self._money.setdefault((month, currency), len(self._money)) * self._periods)

    def flush(self, slot: int) -> None:
        """Move the buffered deltas to the tables, at the present event hour."""
        for table, buffer, rows in (
            (self._counts, self.counts, len(self._cohorts) * self.rows.height),
            (self._nets, self.nets, len(self._money) * self._periods),
        ):
            table.reserve(rows)
            table.advance_to(slot)
            table.add(*buffer.drain(slot))

    def cells(self) -> dict[int, CohortCells]:
        """Return the cells of each cohort that has customers."""
        counts = _over(self._counts, len(self._cohorts), self.rows.height)
        nets = _over(self._nets, len(self._money), self._periods)
        customers = self._counts.windows(len(self._cohorts) * self.rows.height)[-1][:: self.rows.height]
        found = {
            month: self._cells_of(int(customers[index]), counts[index])
            for month, index in self._cohorts.items()
            if customers[index]
        }
        for (month, currency), index in self._money.items():
            if month in found:
                found[month].net[currency] = _upto(nets[index])
        return found

    def _cells_of(self, customers: int, rows: Ints) -> CohortCells:
        of = self.rows
        last = rows[of.last :]
        since = np.cumsum(last[::-1], axis=0)[::-1][: self._periods]
        return CohortCells(
            customers,
            rows[0].tolist(),
            np.diagonal(rows[of.nth : of.by]).tolist(),
            _upto(rows[of.by : of.last]),
            np.diagonal(since).tolist(),
            {},
        )


def _over(table: WindowSums, groups: int, height: int) -> Ints:
    """Return the sums over first orders for which each period is over: [groups, rows, periods]."""
    windows = table.windows(groups * height)
    over: Ints = (windows[-1] - windows[:-1]).T
    return over.reshape(groups, height, len(windows) - 1)


def _upto(rows: Ints) -> list[int]:
    """Return for each period the sum of its row and of those before it: [rows, periods] -> periods."""
    return np.diagonal(np.cumsum(rows, axis=0)).tolist()  # type: ignore[no-any-return]
