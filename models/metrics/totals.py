"""The totals: partial aggregates of all partitions, merged by adding, and read by name and window."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import floor, nan

import numpy as np
from numpy.typing import NDArray

from models.aggregation.aggregates import (
    SHORT,
    YEAR,
    Name,
    PartialAggregate,
    duration_names,
    long_windows,
    segment_windows_of,
    window_sizes,
)
from models.aggregation.duration_sketches import BUCKETS, middle_of
from models.definitions.definitions import Definitions
from models.definitions.money import sums_in_base
from models.definitions.windows import SHORT_WINDOWS, US_PER_SECOND, Window
from models.metrics.flows import SegmentFlowTotals
from models.metrics.samples import Sample
from models.metrics.variants import VariantTotals

QUANTILES = ("0.5", "0.9", "0.95", "0.99")


class Totals:
    """The aggregates of all partitions at one `now`.

    Args:
        partials: the partial aggregates, each evaluated at `now`.
        definitions: the definitions that they were made with.
        now: microseconds since the epoch.

    Attributes:
        definitions: the definitions.
        now: microseconds since the epoch.
        windows: the configured windows.
        year: the window of 365 days.
        oldest: time at which the oldest unanswered ticket was opened, microseconds. None without one.
        variants: customers by the variants of experiments that they saw.
        cohorts: month -> cells of its cohort, of each partition.
        segment_sets: segment -> value -> customers by column of `SegmentSetSums`, of each partition.
        periods: sums by calendar period, of each partition.
        restated: kind of period -> label -> facts since its close by cause, of each partition; None for a
            partition that does not count yet.
        counted_since: kind of period -> instant since which its changes are counted, of each partition.
    """

    def __init__(self, partials: Sequence[PartialAggregate], definitions: Definitions, now: int) -> None:
        self.definitions = definitions
        self.now = now
        self.windows = [Window.parse(name) for name in definitions.windows]
        self.year = YEAR
        self._lengths = {length: index for index, length in enumerate(window_sizes(definitions))}
        self._sums = _added(partial.sums for partial in partials)
        self._minutes = _added(partial.minutes for partial in partials)
        self._short = {window: index for index, window in enumerate(SHORT_WINDOWS)}
        self._gauges: Counter[Name] = Counter()
        for partial in partials:
            self._gauges.update(partial.levels)
        self._zero = [0] * (len(self._lengths) + 1)
        self._durations = DurationSums(partials, definitions)
        self.variants = VariantTotals([partial.shown for partial in partials], definitions)
        self.cohorts = [partial.cohorts for partial in partials]
        self.periods = [partial.periods for partial in partials]
        self.restated = [partial.restated for partial in partials]
        self.counted_since = [partial.counted_since for partial in partials]
        self._segment_flows = [partial.segment_flows for partial in partials]
        self.segment_sets = [partial.segment_sets for partial in partials]
        self.oldest = min(
            (partial.oldest for partial in partials if partial.oldest is not None), default=None
        )

    @property
    def segment_windows(self) -> list[str]:
        """The names of the windows of segments, by length."""
        return [window.name for window in segment_windows_of(self.definitions)]

    @cached_property
    def segment_flows(self) -> SegmentFlowTotals:
        """The flows of all partitions by segment, value and window."""
        return SegmentFlowTotals(self._segment_flows, self.segment_windows)

    def sum(self, hours: int, *name: str) -> int:
        """Return the sum of a series over the last `hours` event hours, one of `window_sizes`."""
        return self._sums.get(name, self._zero)[self._lengths[hours]]

    def window(self, window: Window, *name: str) -> int:
        """Return the sum of a series in a window, which may be a short one if the series is by minute."""
        if window in self._short:
            return self._minutes.get(name, self._zero)[self._short[window]]
        return self.sum(window.hours, *name)

    def all_time(self, *name: str) -> int:
        """Return the sum of a series over all stored events."""
        return self._sums.get(name, self._zero)[-1]

    def since_minute(self, *name: str) -> int:
        """Return the sum of a series by minute over all event minutes up to the present one."""
        return self._minutes.get(name, self._zero)[-1]

    def gauge(self, *name: str) -> int:
        """Return the value of a gauge."""
        return self._gauges[name]

    def gauges(self, *prefix: str) -> dict[Name, int]:
        """Return the gauges whose name begins with a prefix: name without the prefix -> value."""
        length = len(prefix)
        return {name[length:]: value for name, value in self._gauges.items() if name[:length] == prefix}

    def money(self, hours: int, kind: str) -> float:
        """Return a sum of money over the last `hours` event hours, in major units of the base currency."""
        return self._money(kind, self._lengths[hours])

    def all_time_money(self, kind: str) -> float:
        """Return a sum of money over all stored events, in major units of the base currency."""
        return self._money(kind, -1)

    def gauge_money(self, *kind: str) -> float:
        """Return the value of a gauge of money, in major units of the base currency."""
        return self.in_base({currency: net for (currency,), net in self.gauges(*kind).items() if net})

    def _money(self, kind: str, index: int) -> float:
        return self.in_base(
            {name[1]: sums[index] for name, sums in self._sums.items() if name[0] == kind and sums[index]}
        )

    def in_base(self, sums: Mapping[str, int]) -> float:
        """Return sums of minor units by currency as major units of the base currency.

        Returns:
            NaN if the configuration has no rate for a currency.
        """
        return sums_in_base(sums, self.definitions.rates)

    def durations(self, window: Window, *names: Name) -> "Durations":
        """Return the durations of one or several series that ended in a window."""
        return self._durations.durations(window, names)


def _added(parts: Iterable[dict[Name, list[int]]]) -> dict[Name, list[int]]:
    result: dict[Name, list[int]] = {}
    for sums in parts:
        for name, values in sums.items():
            known = result.get(name)
            result[name] = values if known is None else [a + b for a, b in zip(known, values, strict=True)]
    return result


class DurationSums:
    """The durations of all partitions: sums and buckets, by window and series."""

    def __init__(self, partials: Sequence[PartialAggregate], definitions: Definitions) -> None:
        self._names = {name: index for index, name in enumerate(duration_names(definitions))}
        long = long_windows(definitions)
        self._windows = {window: index for index, window in enumerate([*SHORT_WINDOWS, *long])}
        shape = (len(self._windows), len(self._names))
        self._sums = np.zeros(shape, np.int64)
        counts = np.zeros((shape[0], shape[1] * BUCKETS), np.int64)
        for partial in partials:
            self._sums += np.array(partial.span_sums, np.int64)
            for ring, (index, filled) in enumerate(partial.sketches):
                counts[ring][np.frombuffer(index, np.int32)] += np.frombuffer(filled, np.int32)
        short = len(SHORT)
        np.cumsum(counts[:short], axis=0, out=counts[:short])
        np.cumsum(counts[short:], axis=0, out=counts[short:])
        self._counts = counts.reshape(*shape, BUCKETS)
        #: Number of durations by window and series: most series of most shops have none in a short window.
        self._numbers: list[list[int]] = self._counts.sum(axis=2).tolist()

    def durations(self, window: Window, names: Sequence[Name]) -> "Durations":
        """Return the durations of one or several series that ended in a window."""
        at = self._windows[window]
        numbers = self._numbers[at]
        series = [index for name in names if numbers[index := self._names[name]]]
        if not series:
            return _NONE
        if len(series) == 1:
            return Durations(int(self._sums[at, series[0]]), self._counts[at, series[0]])
        return Durations(int(self._sums[at, series].sum()), self._counts[at, series].sum(axis=0))


class Durations:
    """Durations that ended in a window.

    Attributes:
        count: number of durations.
        sum: their sum, seconds.
    """

    def __init__(self, sum_us: int, buckets: NDArray[np.int64]) -> None:
        self.count = int(buckets.sum())
        self.sum = sum_us / US_PER_SECOND
        self._buckets = buckets

    @cached_property
    def _ranks(self) -> NDArray[np.int64]:
        ranks: NDArray[np.int64] = np.cumsum(self._buckets)
        return ranks

    def quantile(self, q: float) -> float:
        """Return the duration at rank floor(q x (n - 1)), within 1 %, in seconds. NaN without durations."""
        if not self.count:
            return nan
        rank = floor(q * (self.count - 1))
        return middle_of(int(np.searchsorted(self._ranks, rank, side="right"))) / US_PER_SECOND


_NONE = Durations(0, np.zeros(BUCKETS, np.int64))


def quantiles(
    totals: Totals, window: Window, metric: str, labels: dict[str, str], *names: Name
) -> Iterator[Sample]:
    """Yield the samples of the quantiles of a metric, over one or several series of durations."""
    durations = totals.durations(window, *names)
    for q in QUANTILES:
        yield Sample(metric, labels | {"quantile": q}, durations.quantile(float(q)))
