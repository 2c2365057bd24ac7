"""Who stays after what: customers in `start` by what they had met, or had been shown, by then.

docs/metrics.md, "Churn by exposure" and "By variant".

As in `models.retention`, nobody is visited as time passes. With h = H - W, a customer counts in `start` from
an order at a for W hours or until the next order, at b; and stays, if b is not later than h + W, from b - W
on. Meeting something counts from then on for W hours (or, of a variant, until another is shown). Where both
hold, +1 at the first hour and -1 after the last: the sum of all up to h is the number of customers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from models.aggregates import Aggregates, long_windows
from models.claims import Seen
from models.definitions import Definitions
from models.windows import US_PER_HOUR

EXPOSURES: Final = (
    "slow_response",
    "late_delivery",
    "refund",
    "refund_rejected",
    "stockout",
    "bad_experience",
)
SLOW_RESPONSE, LATE_DELIVERY, REFUND, REFUND_REJECTED, STOCKOUT, BAD_EXPERIENCE = range(len(EXPOSURES))
#: Any of these, from which follows who met none.
ANY: Final = "any"

#: Exposure -> the event hours in which a customer met it, sorted.
Met = dict[int, list[int]]
#: What was met, and in which event hour.
Encounter = tuple[int, int]
#: An order's event hour and the next one's, if there is one.
Gap = tuple[int, int | None]
#: [from, until) in event hours; until None: for good.
Spell = tuple[int, int | None]


def gaps(hours: Sequence[int], *, end: bool) -> list[Gap]:
    """Give the gaps between orders, ascending; with `end`, the one after the last order too."""
    found: list[Gap] = list(pairwise(hours))
    if end and hours:
        found.append((hours[-1], None))
    return found


def spells_of(seen: Iterable[Seen]) -> Iterator[tuple[str, Spell]]:
    """Give the variants of an experiment that a customer was shown, and while when each was the latest."""
    shown: list[tuple[str, int]] = []
    for claim in sorted(seen, key=lambda claim: (claim.time, claim.id)):
        at = claim.time // US_PER_HOUR
        if shown and shown[-1][1] == at:
            shown.pop()
        if not shown or shown[-1][0] != claim.variant:
            shown.append((claim.variant, at))
    for index, (variant, at) in enumerate(shown):
        yield variant, (at, shown[index + 1][1] if index + 1 < len(shown) else None)


class _Group:
    """The series, by window, of customers with something in common: in `start`, and of those, who stayed."""

    def __init__(self, aggregates: Aggregates, windows: Sequence[int], *name: str) -> None:
        count, (kind, *rest) = aggregates.count, name
        self.series = [
            (count(f"{kind}_start", *rest, str(hours)), count(f"{kind}_stayed", *rest, str(hours)))
            for hours in windows
        ]


class ExposurePoints:
    """What customers' exposures and variants add to a partition's sums."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._windows = [window.hours for window in long_windows(definitions)]
        self._exposures = [_Group(aggregates, self._windows, "exposed", name) for name in (*EXPOSURES, ANY)]
        self._variants: dict[tuple[str, str], _Group] = {}

    def add(self, chosen: Sequence[Gap], met: Met, seen: Mapping[str, Sequence[Seen]], sign: int) -> None:
        """Add what some gaps between a customer's orders add, or take it back."""
        if met:
            for exposure, hours in met.items():
                self._add_met(chosen, self._exposures[exposure], hours, sign)
            self._add_met(
                chosen, self._exposures[-1], sorted(at for hours in met.values() for at in hours), sign
            )
        for experiment, claims in seen.items():
            for variant, spell in spells_of(claims):
                group = self._variant(experiment, variant)
                for index, window in enumerate(self._windows):
                    self._add_spell(chosen, group.series[index], window, spell, sign)

    def _add_met(self, chosen: Sequence[Gap], group: _Group, hours: list[int], sign: int) -> None:
        for index, window in enumerate(self._windows):
            for at, following in zip(hours, [*hours[1:], None], strict=True):
                until = at + window
                if following is not None and following < until:
                    until = following
                self._add_spell(chosen, group.series[index], window, (at, until), sign)

    def _add_spell(
        self, chosen: Sequence[Gap], series: tuple[int, int], window: int, spell: Spell, sign: int
    ) -> None:
        since, until = spell
        start, stayed = series
        counts = self._aggregates.counts
        up, down = counts.of(sign), counts.of(-sign)
        for ordered, following in chosen:
            first = max(ordered, since)
            end = ordered + window
            if following is not None and following < end:
                end = following
            if until is not None and until < end:
                end = until
            if first >= end:
                continue
            up.append(start + first)
            down.append(start + end)
            if following is not None and following - window < end:
                up.append(stayed + max(first, following - window))
                down.append(stayed + end)

    def _variant(self, experiment: str, variant: str) -> _Group:
        group = self._variants.get((experiment, variant))
        if group is None:
            group = _Group(self._aggregates, self._windows, "shown", experiment, variant)
            self._variants[experiment, variant] = group
        return group
