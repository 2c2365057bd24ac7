"""Sums by calendar period (docs/metrics.md, "Closed periods").

Everything counts in the period of its exact time, so a sum changes only with the facts, never with time.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal, get_args

from msgspec import Struct

from models.schedules.periods import Calendar

#: Name of a sum, such as `("orders",)` or `("net", "EUR")`.
Name = tuple[str, ...]
#: Kind -> number of a period -> name -> sum. Sums of 0 are left out.
SumsByPeriod = dict[str, dict[int, dict[Name, int]]]
#: Why a closed period has changed.
Cause = Literal["late", "amended", "refunded", "merged", "erased"]
CAUSE_NAMES: Final[tuple[Cause, ...]] = get_args(Cause)
#: Kind of period -> its label -> number of facts of each of `CAUSE_NAMES`.
RestatedCounts = dict[str, dict[str, list[int]]]
#: Kinds and numbers of periods.
PeriodKeys = set[tuple[str, int]]


class PeriodTable(Struct, array_like=True):
    """The sums of all periods. Each name is stored once, because a partial aggregate has 150 periods.

    Attributes:
        names: names of the sums.
        sums: kind -> number of a period -> sum of each name, in their order. Those of the last names may be
            missing: they are 0.
    """

    names: list[Name] = []
    sums: dict[str, dict[int, list[int]]] = {}

    def of(self, kind: str, number: int) -> dict[Name, int]:
        """Return name -> sum of one period, without sums of 0."""
        found = self.sums.get(kind, {}).get(number, ())
        return {name: sum_ for name, sum_ in zip(self.names, found, strict=False) if sum_}

    def by_name(self) -> SumsByPeriod:
        """Return the sums of all periods by name."""
        return {
            kind: {number: self.of(kind, number) for number in periods} for kind, periods in self.sums.items()
        }


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

    A weight that counts in all kinds is added to a stretch of time, within which no period begins. When the
    sums are evaluated, the stretches are added to their periods: to add each weight to each kind takes three
    times as long.

    Args:
        calendars: the periods of each kind.

    Attributes:
        calendars: the periods of each kind.
    """

    def __init__(self, calendars: Sequence[Calendar]) -> None:
        self.calendars: Final = tuple(calendars)
        self._begins = _begins(self.calendars)
        # Index of a stretch -> name -> what to add to its periods.
        self._stretches: dict[int, dict[Name, int]] = {}
        self._periods: dict[str, dict[int, _Period]] = {calendar.kind: {} for calendar in calendars}
        # Name -> its index in the table; only added to.
        self._names: dict[Name, int] = {}
        self._table = PeriodTable([], {calendar.kind: {} for calendar in calendars})
        # The periods that have changed since the last evaluation.
        self._changed: set[_Period] = set()
        # Stretch and name, or kind, number and name -> what was added since the recording was started.
        self._recorded: dict[tuple[int, Name] | tuple[str, int, Name], int] | None = None

    def add(self, time: int, name: Name, weight: int) -> None:
        """Add a weight to the sums of a name in the periods of a time, one of each kind.

        Args:
            time: microseconds since the epoch.
            name: name of the sum.
            weight: what to add.
        """
        stretch = bisect_right(self._begins, time) - 1
        sums = self._stretches.get(stretch)
        if sums is None:
            sums = self._stretches[stretch] = {}
        sums[name] = sums.get(name, 0) + weight
        if self._recorded is not None:
            self._recorded[stretch, name] = self._recorded.get((stretch, name), 0) + weight

    def add_in(self, kind: str, number: int, name: Name, weight: int) -> None:
        """Add a weight to the sum of a name in one period."""
        sums = self._changing(kind, number).sums
        sums[name] = sums.get(name, 0) + weight
        if self._recorded is not None:
            cell = kind, number, name
            self._recorded[cell] = self._recorded.get(cell, 0) + weight

    def _changing(self, kind: str, number: int) -> _Period:
        """Return a period, which the next evaluation includes because its sums change."""
        period = self._periods[kind].get(number)
        if period is None:
            period = self._periods[kind][number] = _Period(kind, number)
        self._changed.add(period)
        return period

    def start_recording(self) -> None:
        """Record from now on which sums change."""
        self._recorded = {}

    def stop_recording(self) -> PeriodKeys:
        """Return the periods whose sums have changed since the recording was started."""
        recorded, self._recorded = self._recorded or {}, None
        found: dict[tuple[str, int, Name], int] = {}
        for cell, weight in recorded.items():
            if weight:
                of_cell = self._periods_of(cell[0]) if len(cell) == 2 else [cell[:2]]  # noqa: PLR2004
                for kind, number in of_cell:
                    key = kind, number, cell[-1]
                    found[key] = found.get(key, 0) + weight
        return {(kind, number) for (kind, number, _), weight in found.items() if weight}

    def _periods_of(self, stretch: int) -> list[tuple[str, int]]:
        """Return the kinds and numbers of the periods that a stretch is in."""
        begin = self._begins[stretch]
        return [(calendar.kind, calendar.number(begin)) for calendar in self.calendars]

    def evaluate(self) -> PeriodTable:
        """Return the sums of all periods, which later changes leave as they are."""
        for stretch, added in self._stretches.items():
            for kind, number in self._periods_of(stretch):
                sums = self._changing(kind, number).sums
                for name, weight in added.items():
                    sums[name] = sums.get(name, 0) + weight
        self._stretches.clear()
        if self._changed:
            table = {kind: {**periods} for kind, periods in self._table.sums.items()}
            for period in self._changed:
                self._evaluate(period, table[period.kind])
            self._changed.clear()
            self._table = PeriodTable(list(self._names), table)
        return self._table

    def _evaluate(self, period: _Period, table: dict[int, list[int]]) -> None:
        """Replace the sums of a period in the table of its kind."""
        period.sums = {name: sum_ for name, sum_ in period.sums.items() if sum_}
        if not period.sums:
            table.pop(period.number, None)
            del self._periods[period.kind][period.number]
            return
        for name in period.sums:
            self._names.setdefault(name, len(self._names))
        table[period.number] = [period.sums.get(name, 0) for name in self._names]


@cache
def _begins(calendars: tuple[Calendar, ...]) -> list[int]:
    """Return the times at which a period of any kind begins, microseconds since the epoch, ascending."""
    return sorted({begin for calendar in calendars for begin in calendar.begins})
