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


class _Period:
    """The sums of one period.

    Attributes:
        kind: kind of the period.
        number: its number.
        sums: name -> sum.
    """

    __slots__ = ("kind", "number", "sums")

    def __init__(self, kind: str, number: int) -> None:
        self.kind = kind
        self.number = number
        self.sums: dict[Name, int] = {}


class PeriodSums:
    """The sums of a partition in each period of the configured kinds.

    Args:
        calendars: the periods of each kind.

    Attributes:
        calendars: the periods of each kind.
    """

    def __init__(self, calendars: Sequence[Calendar]) -> None:
        self.calendars: Final = tuple(calendars)
        self._periods: dict[str, dict[int, _Period]] = {calendar.kind: {} for calendar in calendars}
        self._evaluated: SumsByPeriod = {calendar.kind: {} for calendar in calendars}
        # The periods that have changed since the last evaluation.
        self._changed: set[_Period] = set()
        # The last time at which something was added, and its periods: an order adds several sums at one time.
        self._time: int | None = None
        self._of_time: list[_Period] = []
        # Kind, number and name -> what was added since the recording was started; None without a recording.
        self._recorded: dict[tuple[str, int, Name], int] | None = None

    def add(self, time: int, name: Name, weight: int) -> None:
        """Add a weight to the sums of a name in the periods of a time, one of each kind.

        Args:
            time: microseconds since the epoch.
            name: name of the sum.
            weight: what to add.
        """
        if time != self._time:
            self._of_time = [self._period(each.kind, each.number(time)) for each in self.calendars]
            self._time = time
        for period in self._of_time:
            period.sums[name] = period.sums.get(name, 0) + weight
        if self._recorded is not None:
            for period in self._of_time:
                self._record(period, name, weight)

    def add_in(self, kind: str, number: int, name: Name, weight: int) -> None:
        """Add a weight to the sum of a name in one period."""
        period = self._period(kind, number)
        period.sums[name] = period.sums.get(name, 0) + weight
        if self._recorded is not None:
            self._record(period, name, weight)

    def _period(self, kind: str, number: int) -> _Period:
        """Return a period, which will change."""
        period = self._periods[kind].get(number)
        if period is None:
            period = self._periods[kind][number] = _Period(kind, number)
        self._changed.add(period)
        return period

    def _record(self, period: _Period, name: Name, weight: int) -> None:
        if self._recorded is not None:
            cell = period.kind, period.number, name
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
        if self._changed:
            self._evaluated = {kind: {**periods} for kind, periods in self._evaluated.items()}
            for period in self._changed:
                self._evaluate(period)
            self._changed.clear()
            self._time = None  # so that its periods are changed again
        return self._evaluated

    def _evaluate(self, period: _Period) -> None:
        period.sums = {name: sum_ for name, sum_ in period.sums.items() if sum_}
        if period.sums:
            self._evaluated[period.kind][period.number] = {**period.sums}
        else:
            self._evaluated[period.kind].pop(period.number, None)
            del self._periods[period.kind][period.number]


def touched(before: SumsByPeriod, after: SumsByPeriod) -> Touched:
    """Return the periods of which a sum differs."""
    return {
        (kind, number)
        for kind in before.keys() | after.keys()
        for number in before[kind].keys() | after[kind].keys()
        if before[kind].get(number) != after[kind].get(number)
    }
