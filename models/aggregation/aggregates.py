"""The aggregates of a partition: what its customers add up to, in each window, at `now`.

Aggregators of entities and customers apply and retract deltas as facts change. Deltas are appended to
buffers, a few bytes each, and reach the tables when the aggregates are evaluated.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Final

import numpy as np
from msgspec import Struct

from models.aggregation.cohort_sums import CohortCells, CohortSums
from models.aggregation.duration_sketches import BUCKETS, Sketches, bucket_of
from models.aggregation.period_sums import PeriodSums, PeriodTable, RestatedCounts
from models.aggregation.segment_sets import SegmentSets, SegmentSetSums
from models.aggregation.segment_sums import SegmentFlowCells, SegmentSums
from models.aggregation.variant_sums import Beyond, Shown, VariantSums
from models.aggregation.window_sums import DeltaBuffer, Ints, WindowSums, series_at
from models.definitions.definitions import PRIORITIES, Definitions, has_next_response
from models.definitions.further_metrics import SECOND_ORDER
from models.definitions.windows import SHORT_WINDOWS, US_PER_HOUR, US_PER_MINUTE, Window, hour, minute
from models.schedules.periods import calendars

#: Name of a series, such as `("orders", "web")`.
Name = tuple[str, ...]

#: The year, which the definitions use besides the configured windows.
YEAR: Final = Window("365d", 8760)
#: Lengths of the short windows, in minutes.
SHORT: Final = tuple(window.minutes for window in SHORT_WINDOWS)


def long_windows(definitions: Definitions) -> list[Window]:
    """Return the configured windows and the year, by length."""
    windows = {Window.parse(name) for name in definitions.windows}
    if all(window.hours != YEAR.hours for window in windows):
        windows.add(YEAR)
    return sorted(windows, key=lambda window: window.hours)


def window_sizes(definitions: Definitions) -> list[int]:
    """Return every window length, in hours, that series are summed over, ascending."""
    lengths = {24 * definitions.lifecycle_days, 12 * definitions.lifecycle_days}
    for window in long_windows(definitions):
        lengths |= {window.hours, 2 * window.hours}
    return sorted(lengths)


def segment_windows_of(definitions: Definitions) -> list[Window]:
    """Return the windows over which segments are computed, by length."""
    windows = [Window.parse(name) for name in definitions.segment_windows]
    return sorted(windows, key=lambda window: window.hours)


def channels_of(definitions: Definitions) -> tuple[str, ...]:
    """Return all values of the label `channel`."""
    return (*definitions.channels, "other", "unknown")


def teams_of(definitions: Definitions) -> tuple[str, ...]:
    """Return all values of the label `team`. Empty unless teams are configured."""
    return (*definitions.teams, "other", "unknown") if definitions.teams else ()


def methods_of(definitions: Definitions) -> tuple[str, ...]:
    """Return all values of the label `payment_method`."""
    return (*definitions.payment_methods, "other")


def duration_names(definitions: Definitions) -> list[Name]:
    """Return the names of the series of durations, in the order in which partial aggregates hold them."""
    kinds = ["response_any", "response_human", "resolution_first", "resolution_full"]
    conversations = ["next_response"] if has_next_response(definitions) else []
    chosen = [SECOND_ORDER] if SECOND_ORDER in definitions.further_metrics else []
    if definitions.schedules:
        kinds += [f"{kind}_business" for kind in kinds]
        conversations += [f"{kind}_business" for kind in conversations]
    return [
        *((kind, priority) for kind in kinds for priority in PRIORITIES),
        *(("response_channel", channel) for channel in channels_of(definitions)),
        *((kind, team) for kind in ("team_response", "team_resolution") for team in teams_of(definitions)),
        *((name,) for name in ("wait", "refund", "checkout", "delivery", *conversations, *chosen)),
    ]


class PartialAggregate(Struct, array_like=True):
    """A partition's aggregates at one `now`. Partial aggregates of partitions merge by adding.

    The names of the fields are part of the schema hash of the roll-up: while a release that renames one is
    rolled out, the metrics do not move.

    Attributes:
        now: time of the evaluation, microseconds.
        sums: series by hour -> its sum in each of `window_sizes`, and in total.
        minutes: series by minute -> its sum in each of the short windows, and in total.
        levels: gauge -> its value at `now`.
        span_sums: sums of durations, microseconds, [short windows and long windows, `duration_names`].
        sketches: non-empty buckets and their counts (int32) of each ring: short windows, then long ones.
        oldest: time at which the oldest unanswered ticket was opened, microseconds. None without one.
        shown: experiment -> variant -> customers who saw it last, by column of `VariantSums`.
        beyond: some of the experiments and variants that are beyond the limits.
        cohorts: month -> cells of its cohort. Empty unless cohorts are defined.
        periods: sums by calendar period. Empty unless kinds are configured.
        restated: kind of period -> label -> number of facts that have changed it since its close, by cause.
            The partition fills it in. None unless kinds are configured and the partition counts.
        counted_since: kind of period -> instant since which its changes are counted, microseconds. The
            partition fills it in. A kind is missing until a committed transaction contains its instant.
        segment_flows: flows by segment. None unless segments are configured.
        segment_sets: customers by segment and value. Empty unless segments of customers are configured.
    """

    now: int
    sums: dict[Name, list[int]]
    minutes: dict[Name, list[int]]
    levels: dict[Name, int]
    span_sums: list[list[int]]
    sketches: list[tuple[bytes, bytes]]
    oldest: int | None
    shown: Shown
    beyond: list[Beyond]
    cohorts: dict[int, CohortCells]
    periods: PeriodTable
    restated: RestatedCounts | None
    counted_since: dict[str, int]
    segment_flows: SegmentFlowCells | None
    segment_sets: SegmentSets


class Aggregates:
    """Counts, sums, durations and gauges of one partition.

    Attributes:
        counts: buffer of counts by hour.
        totals: buffer of sums by hour.
        minutes: buffer of counts by minute.
        gauges: value of each gauge, by index.
        variants: customers by the variants that they saw.
        cohorts: customers by the month of their first order. None unless cohorts are defined.
        periods: sums by calendar period. None unless kinds of periods are configured.
        segment_flows: flows by segment. None unless segments are configured.
        segment_sets: customers by segment. None unless segments of customers are configured.
        pre_evaluate_hooks: called before an evaluation, to append deltas that were deferred.
    """

    def __init__(self, definitions: Definitions) -> None:
        lengths = window_sizes(definitions)
        durations = duration_names(definitions)
        hours = [window.hours for window in long_windows(definitions)]
        self.counts: Final = DeltaBuffer()
        self.totals: Final = DeltaBuffer()
        self.minutes: Final = DeltaBuffer()
        self.variants: Final = VariantSums(definitions)
        cohorts = definitions.cohorts
        self.cohorts: Final = None if cohorts is None else CohortSums(cohorts.ends)
        self.periods: Final = PeriodSums(calendars(definitions)) if definitions.periods.kinds else None
        self.segment_flows: Final = _segment_flows(definitions)
        with_sets = any(segment.subject == "customer" for segment in definitions.segments)
        self.segment_sets: Final = SegmentSetSums(definitions) if with_sets else None
        self.pre_evaluate_hooks: Final[list[Callable[[], None]]] = []
        self._count_names: dict[Name, int] = {}
        self._total_names: dict[Name, int] = {}
        self._minute_names: dict[Name, int] = {}
        self._gauge_names: dict[Name, int] = {}
        self.gauges: Final[list[int]] = []
        self._counts = WindowSums(lengths, np.int32)
        self._totals = WindowSums(lengths)
        self._minutes = WindowSums(SHORT, np.int32)
        self._duration_names = {name: index for index, name in enumerate(durations)}
        self._durations = array("q")  # series, end, duration, sign
        self._long = _DurationSums(hours, len(durations), US_PER_HOUR)
        self._short = _DurationSums(SHORT, len(durations), US_PER_MINUTE)
        self._unanswered = _Oldest()

    def count(self, *name: str) -> int:
        """Return the series of a count by hour."""
        return series_at(self._count_names.setdefault(name, len(self._count_names)))

    def total(self, *name: str) -> int:
        """Return the series of a sum by hour."""
        return series_at(self._total_names.setdefault(name, len(self._total_names)))

    def minute(self, *name: str) -> int:
        """Return the series of a count by minute."""
        return series_at(self._minute_names.setdefault(name, len(self._minute_names)))

    def gauge(self, *name: str) -> int:
        """Return the index of a gauge in `gauges`. It starts at 0."""
        index = self._gauge_names.setdefault(name, len(self._gauge_names))
        if index == len(self.gauges):
            self.gauges.append(0)
        return index

    def duration(self, *name: str) -> int:
        """Return the index of a series of durations."""
        return self._duration_names[name]

    def add_total(self, cell: int, weight: int) -> None:
        """Add a weight to a cell of a sum by hour."""
        self.totals.cells.append(cell)
        self.totals.weights.append(weight)

    def add_duration(self, series: int, ended: int, duration: int, sign: int) -> None:
        """Add a duration to a series (`sign` 1), or retract it (-1).

        Args:
            series: index from `duration`.
            ended: time of the end, microseconds.
            duration: microseconds. A duration below zero counts as zero.
            sign: 1 or -1.
        """
        self._durations.extend((series, ended, max(0, duration), sign))

    def add_unanswered(self, opened: int, sign: int) -> None:
        """Add a ticket that waits for an answer of a human (`sign` 1), or retract it (-1).

        Args:
            opened: time at which the ticket was opened, microseconds.
            sign: 1 or -1.
        """
        self._unanswered.add(opened, sign)

    def evaluate(self, now: int) -> PartialAggregate:
        """Return the aggregates at `now` (microseconds), which never goes back."""
        self.flush(now)
        return PartialAggregate(
            now=now,
            sums=_named(self._count_names, self._counts) | _named(self._total_names, self._totals),
            minutes=_named(self._minute_names, self._minutes),
            levels={name: self.gauges[index] for name, index in self._gauge_names.items()},
            span_sums=[*self._short.sums(), *self._long.sums()],
            sketches=[*self._short.sketches(), *self._long.sketches()],
            oldest=self._unanswered.time(),
            shown=self.variants.sums(),
            beyond=self.variants.beyond(),
            cohorts={} if self.cohorts is None else self.cohorts.cells(),
            periods=PeriodTable() if self.periods is None else self.periods.evaluate(),
            restated=None,
            counted_since={},
            segment_flows=None if self.segment_flows is None else self.segment_flows.cells(),
            segment_sets={} if self.segment_sets is None else self.segment_sets.sums(),
        )

    def flush(self, now: int) -> None:
        """Move the buffered deltas to the tables. Until then each delta takes memory."""
        for hook in self.pre_evaluate_hooks:
            hook()
        self.variants.flush(hour(now))
        if self.cohorts is not None:
            self.cohorts.flush(hour(now))
        if self.segment_flows is not None:
            self.segment_flows.flush(hour(now))
        if self.segment_sets is not None:
            self.segment_sets.flush(hour(now))
        for table, names, buffer, slot in (
            (self._counts, self._count_names, self.counts, hour(now)),
            (self._totals, self._total_names, self.totals, hour(now)),
            (self._minutes, self._minute_names, self.minutes, minute(now)),
        ):
            table.reserve(len(names))
            table.advance_to(slot)
            table.add(*buffer.drain(slot))
        durations = np.frombuffer(self._durations, np.int64).reshape(-1, 4).T.copy()
        self._durations = array("q")
        self._long.flush(hour(now), durations)
        self._short.flush(minute(now), durations)


def _segment_flows(definitions: Definitions) -> SegmentSums | None:
    hours = [window.hours for window in segment_windows_of(definitions)]
    return SegmentSums(hours) if definitions.segments else None


def _named(names: dict[Name, int], table: WindowSums) -> dict[Name, list[int]]:
    return dict(zip(names, table.windows(len(names)).T.tolist(), strict=True))


class _DurationSums:
    """Durations by slots of `slot_us` microseconds: their sums, and their sketches."""

    def __init__(self, lengths: Sequence[int], series: int, slot_us: int) -> None:
        self._series = series
        self._slot_us = slot_us
        self._table = WindowSums(lengths)
        self._sketches = Sketches(lengths, series)

    def flush(self, slot: int, deltas: Ints) -> None:
        """Add columns of (series, end, duration, sign) that ended by `slot`."""
        series, ended, durations, signs = deltas
        slots = ended // self._slot_us
        self._table.advance_to(slot)
        self._table.add(series, slots, durations * signs)
        self._sketches.advance_to(slot)
        self._sketches.add(series * BUCKETS + bucket_of(durations), slots, signs)

    def sums(self) -> list[list[int]]:
        """Return the sums of durations, microseconds, [windows, series]."""
        return self._table.windows(self._series)[:-1].tolist()  # type: ignore[no-any-return]

    def sketches(self) -> list[tuple[bytes, bytes]]:
        """Return the non-empty buckets of each ring, and their counts."""
        filled = [(ring, np.flatnonzero(ring)) for ring in self._sketches.rings]
        return [(index.astype(np.int32).tobytes(), ring[index].tobytes()) for ring, index in filled]


class _Oldest:
    """The smallest of a multiset of times: a heap that drops a retracted time when it reaches the top."""

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
