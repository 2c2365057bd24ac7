"""A partition's aggregates: the sum of all points of its customers, and what it is in each window at `now`.

Customers' parts add and remove points as they change; nothing else does. Points are appended to buffers, a
few bytes each, and reach the tables when the aggregates are evaluated.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Final

import numpy as np
from msgspec import Struct

from models.aggregation.duration_sketches import BUCKETS, Sketches, bucket_of
from models.aggregation.window_sums import DeltaBuffer, Ints, WindowSums, series_at
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.windows import SHORT_WINDOWS, US_PER_HOUR, US_PER_MINUTE, Window, hour, minute

Name = tuple[str, ...]

#: A year, which the definitions use besides the configured windows.
YEAR: Final = Window("365d", 8760)
SHORT: Final = tuple(window.minutes for window in SHORT_WINDOWS)


def long_windows(definitions: Definitions) -> list[Window]:
    """Give the configured windows and the year, by length."""
    windows = {Window.parse(name) for name in definitions.windows}
    if all(window.hours != YEAR.hours for window in windows):
        windows.add(YEAR)
    return sorted(windows, key=lambda window: window.hours)


def window_sizes(definitions: Definitions) -> list[int]:
    """Give every length, in hours, that numbers are summed over, ascending."""
    lengths = {24 * definitions.lifecycle_days, 12 * definitions.lifecycle_days}
    for window in long_windows(definitions):
        lengths |= {window.hours, 2 * window.hours}
    return sorted(lengths)


def channels_of(definitions: Definitions) -> tuple[str, ...]:
    """Give every channel there can be."""
    return (*definitions.channels, "other", "unknown")


def methods_of(definitions: Definitions) -> tuple[str, ...]:
    """Give every payment method there can be."""
    return (*definitions.payment_methods, "other")


def duration_names(definitions: Definitions) -> list[Name]:
    """Give the series of durations, in the order in which partials hold them."""
    kinds = ("response_any", "response_human", "resolution_first", "resolution_full")
    return [
        *((kind, priority) for kind in kinds for priority in PRIORITIES),
        *(("response_channel", channel) for channel in channels_of(definitions)),
        *((name,) for name in ("wait", "refund", "checkout", "delivery")),
    ]


class PartialAggregate(Struct, array_like=True):
    """A partition's windowed sums at one `now`. Partials of partitions merge by adding.

    Attributes:
        now: what they were evaluated at.
        sums: series -> its sum in each of `window_sizes`, and of everything.
        minutes: series -> its sum in each of the short windows, and of more than can be told.
        levels: what there is at `now`, however old.
        span_sums: series of `duration_names` -> sum of durations (us), in each short window and each long one.
        sketches: one a ring (short windows, then long ones): non-empty buckets (int32), their counts (int32).
        oldest: when the oldest unanswered ticket was opened.
    """

    now: int
    sums: dict[Name, list[int]]
    minutes: dict[Name, list[int]]
    levels: dict[Name, int]
    span_sums: list[list[int]]
    sketches: list[tuple[bytes, bytes]]
    oldest: int | None


class Aggregates:
    """Counts, sums, durations and levels of one partition."""

    def __init__(self, definitions: Definitions) -> None:
        lengths = window_sizes(definitions)
        spans = duration_names(definitions)
        hours = [window.hours for window in long_windows(definitions)]
        #: Counts by hour of unit weight.
        self.counts: Final = DeltaBuffer()
        #: Sums by hour.
        self.totals: Final = DeltaBuffer()
        #: Counts by minute, of unit weight.
        self.minutes: Final = DeltaBuffer()
        #: Called before points are counted, by who has more of them.
        self.pre_evaluate_hooks: Final[list[Callable[[], None]]] = []
        self._count_names: dict[Name, int] = {}
        self._total_names: dict[Name, int] = {}
        self._minute_names: dict[Name, int] = {}
        self._gauge_names: dict[Name, int] = {}
        self.gauges: Final[list[int]] = []
        self._counts = WindowSums(lengths, np.int32)
        self._totals = WindowSums(lengths)
        self._minutes = WindowSums(SHORT, np.int32)
        self._duration_names = {name: index for index, name in enumerate(spans)}
        self._durations = array("q")  # series, end, duration, sign
        self._long = _DurationSums(hours, len(spans), US_PER_HOUR)
        self._short = _DurationSums(SHORT, len(spans), US_PER_MINUTE)
        self._oldest = _Oldest()

    def count(self, *name: str) -> int:
        """Give the series that unit weights are counted in, by hour."""
        return series_at(self._count_names.setdefault(name, len(self._count_names)))

    def total(self, *name: str) -> int:
        """Give the series that weights are summed in, by hour."""
        return series_at(self._total_names.setdefault(name, len(self._total_names)))

    def minute(self, *name: str) -> int:
        """Give the series that unit weights are counted in, by minute."""
        return series_at(self._minute_names.setdefault(name, len(self._minute_names)))

    def gauge(self, *name: str) -> int:
        """Give the index in `levels` of what is counted without a time."""
        index = self._gauge_names.setdefault(name, len(self._gauge_names))
        if index == len(self.gauges):
            self.gauges.append(0)
        return index

    def duration(self, *name: str) -> int:
        """Give the index of a series of durations."""
        return self._duration_names[name]

    def add_total(self, cell: int, weight: int) -> None:
        """Add a weight to a cell of a total."""
        self.totals.cells.append(cell)
        self.totals.weights.append(weight)

    def add_duration(self, series: int, ended: int, duration: int, sign: int) -> None:
        """Add a duration to a series, or take it back: when it ended, and how long it was (microseconds).

        One below zero counts as zero.
        """
        self._durations.extend((series, ended, max(0, duration), sign))

    def add_unanswered(self, opened: int, sign: int) -> None:
        """Add, or take back, a ticket that waits for an answer of a human."""
        self._oldest.add(opened, sign)

    def evaluate(self, now: int) -> PartialAggregate:
        """Give the sums at `now` (microseconds), which never goes back."""
        self.flush(now)
        return PartialAggregate(
            now=now,
            sums=_named(self._count_names, self._counts) | _named(self._total_names, self._totals),
            minutes=_named(self._minute_names, self._minutes),
            levels={name: self.gauges[index] for name, index in self._gauge_names.items()},
            span_sums=[*self._short.sums(), *self._long.sums()],
            sketches=[*self._short.sketches(), *self._long.sketches()],
            oldest=self._oldest.time(),
        )

    def flush(self, now: int) -> None:
        """Take what has been added into the tables: until then each point takes memory."""
        for hook in self.pre_evaluate_hooks:
            hook()
        for table, names, pending, slot in (
            (self._counts, self._count_names, self.counts, hour(now)),
            (self._totals, self._total_names, self.totals, hour(now)),
            (self._minutes, self._minute_names, self.minutes, minute(now)),
        ):
            table.reserve(len(names))
            table.advance_to(slot)
            table.add(*pending.drain(slot))
        spans = np.frombuffer(self._durations, np.int64).reshape(-1, 4).T.copy()
        self._durations = array("q")
        self._long.flush(hour(now), spans)
        self._short.flush(minute(now), spans)


def _named(names: dict[Name, int], table: WindowSums) -> dict[Name, list[int]]:
    return dict(zip(names, table.windows(len(names)).T.tolist(), strict=True))


class _DurationSums:
    """Durations by slots of `slot_us`: their sums, and their sketches."""

    def __init__(self, lengths: Sequence[int], series: int, slot_us: int) -> None:
        self._series = series
        self._slot_us = slot_us
        self._table = WindowSums(lengths)
        self._sketches = Sketches(lengths, series)

    def flush(self, slot: int, spans: Ints) -> None:
        """Take columns of (series, end, duration, sign) that ended by `slot`."""
        series, ended, durations, signs = spans
        slots = ended // self._slot_us
        self._table.advance_to(slot)
        self._table.add(series, slots, durations * signs)
        self._sketches.advance_to(slot)
        self._sketches.add(series * BUCKETS + bucket_of(durations), slots, signs)

    def sums(self) -> list[list[int]]:
        """Give the sums of durations: [window][series]."""
        return self._table.windows(self._series)[:-1].tolist()  # type: ignore[no-any-return]

    def sketches(self) -> list[tuple[bytes, bytes]]:
        """Give each ring's filled buckets, and their counts."""
        filled = [(ring, np.flatnonzero(ring)) for ring in self._sketches.rings]
        return [(index.astype(np.int32).tobytes(), ring[index].tobytes()) for ring, index in filled]


class _Oldest:
    """The smallest of a multiset of times: a heap from which what was taken back leaves when it surfaces."""

    def __init__(self) -> None:
        self._count: Counter[int] = Counter()
        self._heap: list[int] = []

    def add(self, time: int, sign: int) -> None:
        if time not in self._count:
            heappush(self._heap, time)
        self._count[time] += sign

    def time(self) -> int | None:
        while self._heap and not self._count[self._heap[0]]:
            del self._count[heappop(self._heap)]
        return self._heap[0] if self._heap else None
