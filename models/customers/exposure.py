"""Who stays after what: customers in `start` by what they had met, or had been shown, by then.

docs/metrics.md, "Churn by exposure" and "By variant".

As in `models.customers.retention`, nobody is visited as time passes. With h = H - W, a customer counts in `start` from
an order at a for W hours or until the next order, at b; and stays, if b is not later than h + W, from b - W
on. Meeting something counts from then on for W hours (or, of a variant, until another is shown). Where both
hold, +1 at the first hour and -1 after the last: the sum of all up to h is the number of customers.
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

#: Exposure -> the event hours in which a customer met it, sorted.
ExposureHours = dict[int, list[int]]
#: An order's event hour and the next one's, or one that never comes.
OrderGap = tuple[int, int]
#: [from, until) in event hours.
Interval = tuple[int, int]
#: The variants of an experiment that a customer was shown, and while when each was the latest.
VariantIntervals = list[tuple[str, Interval]]


def order_gaps(hours: Sequence[int], *, end: bool) -> list[OrderGap]:
    """Give the gaps between orders, ascending; with `end`, the one after the last order too."""
    found: list[OrderGap] = list(pairwise(hours))
    if end and hours:
        found.append((hours[-1], NEVER_HOUR))
    return found


def variant_intervals(seen: Sequence[Seen]) -> VariantIntervals:
    """Give what was shown of an experiment, as spells."""
    variant = seen[0].variant if seen else ""
    if all(claim.variant == variant for claim in seen):  # as of nearly every customer
        return [(variant, (min([claim.time for claim in seen]) // US_PER_HOUR, NEVER_HOUR))] if seen else []
    shown: list[tuple[str, int]] = []
    for claim in sorted(seen, key=lambda claim: (claim.time, claim.id)):
        at = claim.time // US_PER_HOUR
        if shown and shown[-1][1] == at:
            shown.pop()
        if not shown or shown[-1][0] != claim.variant:
            shown.append((claim.variant, at))
    ends = [*(at for _, at in shown[1:]), NEVER_HOUR]
    return [(variant, (at, end)) for (variant, at), end in zip(shown, ends, strict=False)]


#: Integers of a crossing in the buffer: group, order, next order, since, until, sign.
_FIELDS: Final = 6


class ExposureAggregator:
    """What customers' exposures and variants add to a partition's sums.

    A gap between orders that crosses a spell is only noted; what that means in each window is computed for
    all of them at once, when the aggregates are evaluated.
    """

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._windows = [window.hours for window in long_windows(definitions)]
        self._crossings = array("q")
        # Group -> window -> series of customers in `start`, and of those who stayed.
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

    def move(
        self,
        gone: Sequence[OrderGap],
        come: Sequence[OrderGap],
        met: ExposureHours,
        shown: Mapping[str, VariantIntervals],
    ) -> None:
        """Some gaps between a customer's orders have taken the place of others."""
        for exposure in met:
            self._change(exposure, gone, come, _pieces(met[exposure]))
        if met:
            self._change(len(EXPOSURES), gone, come, _pieces(_every(met)))
        for experiment, spells in shown.items():
            for variant, spell in spells:
                self._change(self._variant(experiment, variant), gone, come, (spell,))

    def _change(
        self, group: int, gone: Sequence[OrderGap], come: Sequence[OrderGap], spells: Sequence[Interval]
    ) -> None:
        self._cross(gone, group, spells, -1)
        self._cross(come, group, spells, 1)

    def add_met(
        self, chosen: Sequence[OrderGap], met: ExposureHours, exposures: Iterable[int], sign: int
    ) -> None:
        """Add what all gaps between a customer's orders add with these exposures, or take it back."""
        for exposure in exposures:
            if exposure in met:
                self._cross(chosen, exposure, _pieces(met[exposure]), sign)
        if met:
            self._cross(chosen, len(EXPOSURES), _pieces(_every(met)), sign)

    def add_shown(
        self, chosen: Sequence[OrderGap], experiment: str, shown: VariantIntervals, sign: int
    ) -> None:
        """Add what all gaps between a customer's orders add with an experiment, or take it back."""
        for variant, spell in shown:
            self._cross(chosen, self._variant(experiment, variant), (spell,), sign)

    def _variant(self, experiment: str, variant: str) -> int:
        group = self._variants.get((experiment, variant))
        if group is None:
            group = self._variants[experiment, variant] = self._group("shown", experiment, variant)
        return group

    def _cross(self, chosen: Sequence[OrderGap], group: int, spells: Sequence[Interval], sign: int) -> None:
        crossings, longest = self._crossings, self._windows[-1]
        for since, until in spells:
            for ordered, following in chosen:
                if ordered < until and since < following and since < ordered + longest:
                    crossings.extend((group, ordered, following, since, until, sign))

    def _flush_overlaps(self) -> None:
        """Turn crossings into points."""
        crossings = np.frombuffer(self._crossings, np.int64).reshape(-1, _FIELDS).T
        self._crossings = array("q")
        group, ordered, following, since, until, sign = crossings
        met = group <= len(EXPOSURES)
        first = np.maximum(ordered, since)
        for index, hours in enumerate(self._windows):
            start, stayed = np.array([series[index] for series in self._series], np.int64).T
            end = np.minimum(np.minimum(ordered + hours, following), until)
            end = np.where(met, np.minimum(end, since + hours), end)
            self._add(start[group], first, end, sign)
            self._add(stayed[group], np.maximum(first, following - hours), end, sign)

    def _add(self, series: Ints, first: Ints, end: Ints, sign: Ints) -> None:
        some = first < end
        totals = self._aggregates.counts
        totals.cells.frombytes(np.concatenate([(series + first)[some], (series + end)[some]]).tobytes())
        totals.weights.frombytes(np.concatenate([sign[some], -sign[some]]).tobytes())


def _every(met: ExposureHours) -> list[int]:
    """Give the hours in which anything was met."""
    if len(met) == 1:
        return next(iter(met.values()))
    return sorted([at for hours in met.values() for at in hours])


def _pieces(hours: Sequence[int]) -> list[Interval]:
    """Give the spells from each meeting to the next."""
    return list(zip(hours, [*hours[1:], NEVER_HOUR], strict=True))
