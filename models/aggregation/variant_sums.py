"""Customers by the variants of experiments that they saw, for a limited number of experiments and variants.

A partition holds the smallest of its own names. The smallest names of all partitions are among these, with
all their customers (`models.metrics.variants`). All other names are summed under `other`, so no customer
is lost when a smaller name takes the place of a larger one.
"""

from collections.abc import Set as AbstractSet

from models.aggregation.smallest_names import OTHER, SmallestNames
from models.aggregation.start_sums import StartSums
from models.definitions.definitions import Definitions
from models.definitions.windows import Window

#: Experiment -> variant -> sums by column.
Shown = dict[str, dict[str, list[int]]]
#: An experiment beyond the limit, or a variant beyond the limit of its experiment.
Beyond = tuple[str, str | None]


class _Experiment:
    """An experiment that is counted by name.

    Attributes:
        names: variants that are counted by name.
        groups: variant -> its group.
        other: group of all other variants.
    """

    def __init__(self, limit: int, other: int) -> None:
        self.names = SmallestNames(limit)
        self.groups: dict[str, int] = {}
        self.other = other


class VariantSums(StartSums):
    """Sums by experiment and variant, in the configured windows.

    Args:
        definitions: the windows, the limits and the chosen experiments.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        super().__init__([Window.parse(name).hours for name in definitions.windows])
        self.reset()

    def reset(self) -> None:
        """Remove all names and sums."""
        definitions = self._definitions
        self._names = SmallestNames(definitions.max_experiments, definitions.experiments)
        self._experiments: dict[str, _Experiment] = {}
        self.clear()
        self._other = self._sums.new_group()

    def group(self, experiment: str, variant: str) -> int:
        """Return the group in which a variant of an experiment counts."""
        held = self._experiments.get(experiment)
        return self._other if held is None else held.groups.get(variant, held.other)

    def replace_names(self, experiment: str, old: AbstractSet[str], new: AbstractSet[str]) -> None:
        """Replace the variants of an experiment that one customer has seen by others."""
        if new and not old:
            self._add_experiment(experiment)
        elif old and not new:
            self._names.remove_user(experiment)
        held = self._experiments.get(experiment)
        if held is not None:
            for variant in old - new:
                held.names.remove_user(variant)
            for variant in new - old:
                self._add_variant(held, variant)

    def _add_experiment(self, experiment: str) -> None:
        dropped = self._names.add_user(experiment)
        if dropped is not None:
            self._remove_experiment(dropped)
        if experiment in self._names and experiment not in self._experiments:
            self._experiments[experiment] = _Experiment(
                self._definitions.max_variants, self._sums.new_group()
            )

    def _remove_experiment(self, experiment: str) -> None:
        removed = self._experiments.pop(experiment)
        for group in (*removed.groups.values(), removed.other):
            self._sums.move(group, self._other)

    def _add_variant(self, held: _Experiment, variant: str) -> None:
        dropped = held.names.add_user(variant)
        if dropped is not None:
            self._sums.move(held.groups.pop(dropped), held.other)
        if variant in held.names and variant not in held.groups:
            held.groups[variant] = self._sums.new_group()

    def drop_unused(self) -> bool:
        """Drop the names that no customer has seen any more.

        Returns:
            Whether names beyond the limit have to take their places: the caller adds all customers again,
            after `reset`.
        """
        for experiment in self._names.drop_unused():
            self._remove_experiment(experiment)
        for held in self._experiments.values():
            for variant in held.names.drop_unused():
                self._sums.move(held.groups.pop(variant), held.other)
        return self._names.has_room or any(held.names.has_room for held in self._experiments.values())

    @property
    def waiting(self) -> int:
        """Number of deltas that do not count yet."""
        return self._sums.waiting

    def sums(self) -> Shown:
        """Return the sums by experiment and variant, with all further names under `other`."""
        sums = self._sums.sums
        shown = {
            experiment: {variant: sums(group) for variant, group in held.groups.items()}
            | {OTHER: sums(held.other)}
            for experiment, held in self._experiments.items()
        }
        return shown | {OTHER: {OTHER: sums(self._other)}}

    def beyond(self) -> list[Beyond]:
        """Return some of the experiments and variants that are beyond the limits."""
        variants = [
            (experiment, variant)
            for experiment, held in self._experiments.items()
            for variant in held.names.beyond
        ]
        return [*((experiment, None) for experiment in self._names.beyond), *variants]
