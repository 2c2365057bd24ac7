"""Customers by experiment and variant, of all partitions, within the limits (docs/metrics.md, "Experiments").

Each partition has counted the smallest of its own names. A name among the smallest of all partitions is also
among the smallest of each partition that has it, so its sum is complete.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from models.aggregation.aggregates import PartialAggregate
from models.aggregation.smallest_names import OTHER
from models.aggregation.variant_sums import Beyond, Shown
from models.definitions.definitions import Definitions
from models.definitions.windows import Window

_Key = TypeVar("_Key")


class VariantTotals:
    """The sums of all partitions by the experiments and variants that are counted by name.

    Args:
        parts: sums of each partition.
        definitions: the limits and the chosen experiments.

    Attributes:
        beyond: experiments and variants of `parts` that are beyond the limits.
    """

    def __init__(self, parts: Iterable[Shown], definitions: Definitions) -> None:
        self._columns = {name: 2 * index for index, name in enumerate(definitions.windows)}
        self._sums: dict[tuple[str, str], list[int]] = {}
        self.beyond: list[Beyond] = []
        merged = _merged(parts)
        counted = _counted(merged, definitions.max_experiments, definitions.experiments)
        for experiment, variants in merged.items():
            if experiment in counted:
                self._add(experiment, variants, definitions.max_variants)
            else:
                self._add_beyond(experiment, variants)

    def _add(self, experiment: str, variants: dict[str, list[int]], limit: int) -> None:
        counted = _counted(variants, limit)
        for variant, sums in variants.items():
            name = variant if variant in counted else OTHER
            _add(self._sums, (experiment, name), sums)
            if name != variant:
                self.beyond.append((experiment, variant))

    def _add_beyond(self, experiment: str, variants: dict[str, list[int]]) -> None:
        for sums in variants.values():
            _add(self._sums, (OTHER, OTHER), sums)
        if experiment != OTHER:
            self.beyond.append((experiment, None))

    def names(self) -> list[tuple[str, str]]:
        """Return the experiments and variants that are counted, `other` included, sorted."""
        return sorted(self._sums)

    def customers(self, experiment: str, variant: str, window: Window) -> tuple[int, int]:
        """Return the customers in `start` who had seen a variant, and the number of retained ones."""
        column, sums = self._columns[window.name], self._sums[experiment, variant]
        return sums[column], sums[column + 1]


def beyond_limits(partials: Sequence[PartialAggregate], definitions: Definitions, limit: int) -> list[Beyond]:
    """Return up to `limit` of the experiments and variants that are beyond the limits.

    Of an experiment beyond the limit, no variants are returned.
    """
    beyond = set(VariantTotals([partial.shown for partial in partials], definitions).beyond)
    beyond.update(name for partial in partials for name in partial.beyond)
    whole = {experiment for experiment, variant in beyond if variant is None}
    found = [(name, variant) for name, variant in beyond if variant is None or name not in whole]
    return sorted(found, key=lambda one: (one[0], one[1] or ""))[:limit]


def _counted(names: Collection[str], limit: int, chosen: Sequence[str] = ()) -> frozenset[str]:
    """Return the names that are counted by name: the chosen ones, else the smallest."""
    known = sorted(set(names) - {OTHER})
    return frozenset(set(known).intersection(chosen) if chosen else known[:limit])


def _merged(parts: Iterable[Shown]) -> Shown:
    merged: Shown = {}
    for part in parts:
        for experiment, variants in part.items():
            known = merged.setdefault(experiment, {})
            for variant, sums in variants.items():
                _add(known, variant, sums)
    return merged


def _add(known: dict[_Key, list[int]], key: _Key, sums: list[int]) -> None:
    before = known.get(key)
    known[key] = sums if before is None else [a + b for a, b in zip(before, sums, strict=True)]
