"""Sums by calendar period (docs/metrics.md, "Closed periods").

Everything counts in the period of its exact time, so a sum changes only with the facts, never with time.
"""

from collections.abc import Sequence
from typing import Final, Literal, get_args

from models.schedules.periods import Calendar

#: Name of a sum, such as `("orders",)` or `("net", "EUR")`.
Name = tuple[str, ...]
#: Kind -> number of the period -> name -> sum. Sums of 0 are left out.
SumsByPeriod = dict[str, dict[int, dict[Name, int]]]
#: Why a closed period has changed.
Cause = Literal["late", "amended", "refunded", "merged", "erased"]
CAUSE_NAMES: Final[tuple[Cause, ...]] = get_args(Cause)
#: Kind of period -> its label -> number of facts of each of `CAUSE_NAMES`.
RestatedCounts = dict[str, dict[str, list[int]]]
#: Kinds and numbers of periods.
Touched = set[tuple[str, int]]


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
        # Kind, number and name -> what was added since the recording was started; None without a recording.
        self._recorded: dict[tuple[str, int, Name], int] | None = None

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
        if self._recorded is not None:
            cell = kind, number, name
            self._recorded[cell] = self._recorded.get(cell, 0) + weight

    def start_recording(self) -> None:
        """Record from now on which sums change."""
        self._recorded = {}

    def stop_recording(self) -> Touched:
        """Return the periods of which a sum has changed since the recording was started."""
        recorded, self._recorded = self._recorded or {}, None
        return {(kind, number) for (kind, number, _), weight in recorded.items() if weight}

    def evaluate(self) -> SumsByPeriod:
        """Return the sums of all periods, which later changes leave as they are."""
        if self._evaluated is None:
            self._evaluated = {kind: _without_zeros(periods) for kind, periods in self._sums.items()}
            self._sums = {
                kind: {number: dict(sums) for number, sums in periods.items()}
                for kind, periods in self._evaluated.items()
            }
        return self._evaluated


def touched(before: SumsByPeriod, after: SumsByPeriod) -> Touched:
    """Return the periods of which a sum differs."""
    return {
        (kind, number)
        for kind in before.keys() | after.keys()
        for number in before[kind].keys() | after[kind].keys()
        if before[kind].get(number) != after[kind].get(number)
    }


def _without_zeros(periods: dict[int, dict[Name, int]]) -> dict[int, dict[Name, int]]:
    found = {number: {name: sum_ for name, sum_ in sums.items() if sum_} for number, sums in periods.items()}
    return {number: sums for number, sums in found.items() if sums}
