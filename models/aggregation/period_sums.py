"""Sums by calendar period (docs/metrics.md, "Closed periods").

Everything counts in the period of its exact time, so a sum changes only with the facts, never with time.
"""

from collections.abc import Sequence
from typing import Final

from models.schedules.periods import Calendar

#: Name of a sum, such as `("orders",)` or `("net", "EUR")`.
Name = tuple[str, ...]
#: Kind -> number of the period -> name -> sum. Sums of 0 are left out.
SumsByPeriod = dict[str, dict[int, dict[Name, int]]]


class PeriodSums:
    """The sums of a partition in each period of the configured kinds.

    Args:
        calendars: the periods of each kind.

    Attributes:
        calendars: the periods of each kind.
    """

    def __init__(self, calendars: Sequence[Calendar]) -> None:
        self.calendars: Final = tuple(calendars)
        self._sums: SumsByPeriod = {calendar.kind: {} for calendar in calendars}
        self._evaluated: SumsByPeriod | None = None

    def add(self, time: int, name: Name, weight: int) -> None:
        """Add a weight to the sums of a name in the periods of a time, one of each kind.

        Args:
            time: microseconds since the epoch.
            name: name of the sum.
            weight: what to add.
        """
        for calendar in self.calendars:
            self.add_in(calendar.kind, calendar.number(time), name, weight)

    def add_in(self, kind: str, number: int, name: Name, weight: int) -> None:
        """Add a weight to the sum of a name in one period."""
        sums = self._sums[kind].setdefault(number, {})
        sums[name] = sums.get(name, 0) + weight
        self._evaluated = None

    def evaluate(self) -> SumsByPeriod:
        """Return the sums of all periods, which later changes leave as they are."""
        if self._evaluated is None:
            self._evaluated = {kind: _without_zeros(periods) for kind, periods in self._sums.items()}
            self._sums = {
                kind: {number: dict(sums) for number, sums in periods.items()}
                for kind, periods in self._evaluated.items()
            }
        return self._evaluated


def _without_zeros(periods: dict[int, dict[Name, int]]) -> dict[int, dict[Name, int]]:
    found = {number: {name: sum_ for name, sum_ in sums.items() if sum_} for number, sums in periods.items()}
    return {number: sums for number, sums in found.items() if sums}
