"""Retention after an exposure or a variant (docs/metrics.md, "Churn by exposure" and "By variant").

It counts customers in `start` by the exposures that they had, or the variants that they saw, by then.

As in `models.customers.retention`, no customer is visited as time passes. With h = H - W, a customer counts
in `start` from an order at a for W hours, or until the next order, at b. The customer stays, if b is not
later than h + W, from b - W on. An exposure counts from its hour on for W hours, a variant until another one
is seen. Where both hold, +1 is added at the first hour and -1 after the last. The sum of all up to h is the
number of customers.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from models.aggregation.aggregates import Aggregates, long_windows
from models.aggregation.window_sums import Ints
from models.definitions.definitions import Definitions
from models.definitions.windows import NEVER_HOUR, US_PER_HOUR
from models.entities.exposures import ANY, EXPOSURES
from models.facts.claims import Seen

#: Exposure (index in `EXPOSURES`) -> the event hours in which a customer had it, sorted.
ExposureHours = dict[int, list[int]]
#: Event hours of an order and of the next one, or `NEVER_HOUR` after the last order.
OrderGap = tuple[int, int]
#: [from, until) in event hours.
Interval = tuple[int, int]
#: The variants of an experiment that a customer saw, each with the interval in which it was the latest.
VariantIntervals = list[tuple[str, Interval]]


def order_gaps_between(hours: Sequence[int], *, end: bool) -> list[OrderGap]:
    """Return the gaps between orders, ascending.

    Args:
        hours: event hours of the orders, ascending.
        end: whether to include the gap after the last order.
    """
    found: list[OrderGap] = list(pairwise(hours))
    if end and hours:
        found.append((hours[-1], NEVER_HOUR))
    return found


def variant_intervals(seen: Sequence[Seen]) -> VariantIntervals:
    """Return the variants of an experiment that were seen, with the interval of each."""
    variant = seen[0].variant if seen else ""
    if all(claim.variant == variant for claim in seen):  # true for nearly all customers
        return [(variant, (min([claim.time for claim in seen]) // US_PER_HOUR, NEVER_HOUR))] if seen else []
    starts: list[tuple[str, int]] = []
    for claim in sorted(seen, key=lambda claim: (claim.time, claim.id)):
        at = claim.time // US_PER_HOUR
        if starts and starts[-1][1] == at:
            starts.pop()
        if not starts or starts[-1][0] != claim.variant:
            starts.append((claim.variant, at))
    ends = [*(at for _, at in starts[1:]), NEVER_HOUR]
    return [(variant, (at, end)) for (variant, at), end in zip(starts, ends, strict=False)]


#: Integers of one overlap in the buffer: group, order, next order, since, until, sign.
_FIELDS: Final = 6


class ExposureAggregator:
    """Adds the exposures and variants of customers to a partition's aggregates, and takes them back.

    The overlap of an order gap with an interval is only appended to a buffer. When the aggregates are
    evaluated, all overlaps are turned into deltas of each window at once.
    """

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._windows = [window.hours for window in long_windows(definitions)]
        self._overlaps = array("q")
        # Group -> window -> series of the customers in `start`, and of those who stayed.
        self._series: list[list[tuple[int, int]]] = []
        self._variants: dict[tuple[str, str], int] = {}
        for name in (*EXPOSURES, ANY):
            self._group("exposed", name)
        aggregates.pre_evaluate_hooks.append(self._flush_overlaps)

    def _group(self, kind: str, *name: str) -> int:
        count = self._aggregates.count
        self._series.append(
            [
                (count(f"{kind}_start", *name, str(hours)), count(f"{kind}_stayed", *name, str(hours)))
                for hours in self._windows
            ]
        )
        return len(self._series) - 1

    def replace_order_gaps(
        self,
        old: Sequence[OrderGap],
        new: Sequence[OrderGap],
        exposures: ExposureHours,
        variants: Mapping[str, VariantIntervals],
    ) -> None:
        """Retract some order gaps of a customer, and apply others in their place.

        Args:
            old: the gaps that no longer exist.
            new: the gaps in their place.
            exposures: all exposures of the customer.
            variants: experiment -> the variants that the customer saw.
        """
        for exposure in exposures:
            self._replace(exposure, old, new, _intervals(exposures[exposure]))
        if exposures:
            self._replace(len(EXPOSURES), old, new, _intervals(_all_hours(exposures)))
        for experiment, intervals in variants.items():
            for variant, interval in intervals:
                self._replace(self._variant(experiment, variant), old, new, (interval,))

    def _replace(
        self, group: int, old: Sequence[OrderGap], new: Sequence[OrderGap], intervals: Sequence[Interval]
    ) -> None:
        self._add_overlaps(old, group, intervals, -1)
        self._add_overlaps(new, group, intervals, 1)

    def add_exposures(
        self, order_gaps: Sequence[OrderGap], exposures: ExposureHours, changed: Iterable[int], sign: int
    ) -> None:
        """Apply the exposures of a customer (`sign` 1), or retract them (-1).

        Args:
            order_gaps: all order gaps of the customer.
            exposures: all exposures of the customer.
            changed: the exposures to apply or retract, besides `ANY`.
            sign: 1 or -1.
        """
        for exposure in changed:
            if exposure in exposures:
                self._add_overlaps(order_gaps, exposure, _intervals(exposures[exposure]), sign)
        if exposures:
            self._add_overlaps(order_gaps, len(EXPOSURES), _intervals(_all_hours(exposures)), sign)

    def add_variants(
        self, order_gaps: Sequence[OrderGap], experiment: str, variants: VariantIntervals, sign: int
    ) -> None:
        """Apply the variants of an experiment that a customer saw (`sign` 1), or retract them (-1)."""
        for variant, interval in variants:
            self._add_overlaps(order_gaps, self._variant(experiment, variant), (interval,), sign)

    def _variant(self, experiment: str, variant: str) -> int:
        group = self._variants.get((experiment, variant))
        if group is None:
            group = self._variants[experiment, variant] = self._group("shown", experiment, variant)
        return group

    def _add_overlaps(
        self, order_gaps: Sequence[OrderGap], group: int, intervals: Sequence[Interval], sign: int
    ) -> None:
        overlaps, longest = self._overlaps, self._windows[-1]
        for since, until in intervals:
            for ordered, following in order_gaps:
                if ordered < until and since < following and since < ordered + longest:
                    overlaps.extend((group, ordered, following, since, until, sign))

    def _flush_overlaps(self) -> None:
        """Turn the buffered overlaps into deltas of each window."""
        overlaps = np.frombuffer(self._overlaps, np.int64).reshape(-1, _FIELDS).T
        self._overlaps = array("q")
        group, ordered, following, since, until, sign = overlaps
        is_exposure = group <= len(EXPOSURES)
        first = np.maximum(ordered, since)
        for index, hours in enumerate(self._windows):
            start, stayed = np.array([series[index] for series in self._series], np.int64).T
            end = np.minimum(np.minimum(ordered + hours, following), until)
            end = np.where(is_exposure, np.minimum(end, since + hours), end)
            self._add(start[group], first, end, sign)
            self._add(stayed[group], np.maximum(first, following - hours), end, sign)

    def _add(self, series: Ints, first: Ints, end: Ints, sign: Ints) -> None:
        some = first < end
        totals = self._aggregates.counts
        totals.cells.frombytes(np.concatenate([(series + first)[some], (series + end)[some]]).tobytes())
        totals.weights.frombytes(np.concatenate([sign[some], -sign[some]]).tobytes())


def _all_hours(exposures: ExposureHours) -> list[int]:
    """Return the hours of all exposures, sorted."""
    if len(exposures) == 1:
        return next(iter(exposures.values()))
    return sorted([at for hours in exposures.values() for at in hours])


def _intervals(hours: Sequence[int]) -> list[Interval]:
    """Return the intervals from each exposure to the next."""
    return list(zip(hours, [*hours[1:], NEVER_HOUR], strict=True))
