"""Retention by the variants of experiments that customers saw (docs/metrics.md, "Experiments").

It counts customers in `start` by the variant of each experiment that they had seen last by then.
"""

from collections.abc import Mapping, Sequence

from models.aggregation.aggregates import Aggregates
from models.customers.overlaps import Interval, OrderGap, Overlaps
from models.definitions.windows import NEVER_HOUR, US_PER_HOUR
from models.facts.claims import Seen

#: The variants of an experiment that a customer saw, each with the interval in which it was the latest.
VariantIntervals = list[tuple[str, Interval]]


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


class VariantAggregator:
    """Applies the variants that customers saw to a partition's aggregates, and retracts them."""

    def __init__(self, aggregates: Aggregates) -> None:
        self._sums = aggregates.variants
        self._overlaps = Overlaps(self._sums.windows, ends=False)
        aggregates.pre_evaluate_hooks.append(self._flush)

    def restore(
        self,
        order_gaps: Sequence[OrderGap],
        variants_seen: Mapping[str, Sequence[Seen]],
        variants: Mapping[str, VariantIntervals],
    ) -> None:
        """Apply all variants of a customer.

        Args:
            order_gaps: all order gaps of the customer.
            variants_seen: experiment -> what the customer saw of it.
            variants: experiment -> the intervals of its variants.
        """
        for experiment, seen in variants_seen.items():
            self.replace_seen(experiment, (), seen)
            self.add_variants(order_gaps, experiment, variants[experiment], 1)

    def replace_seen(self, experiment: str, old: Sequence[Seen], new: Sequence[Seen]) -> None:
        """Replace the variants of an experiment that one customer saw, in the names in use."""
        self._sums.replace_names(
            experiment, {claim.variant for claim in old}, {claim.variant for claim in new}
        )

    def replace_order_gaps(
        self, old: Sequence[OrderGap], new: Sequence[OrderGap], variants: Mapping[str, VariantIntervals]
    ) -> None:
        """Retract some order gaps of a customer, and apply others in their place.

        Args:
            old: the gaps that no longer exist.
            new: the gaps in their place.
            variants: experiment -> the variants that the customer saw.
        """
        for experiment, intervals in variants.items():
            self.add_variants(old, experiment, intervals, -1)
            self.add_variants(new, experiment, intervals, 1)

    def add_variants(
        self, order_gaps: Sequence[OrderGap], experiment: str, variants: VariantIntervals, sign: int
    ) -> None:
        """Apply the variants of an experiment that a customer saw (`sign` 1), or retract them (-1)."""
        for variant, interval in variants:
            self._overlaps.add(order_gaps, self._sums.group(experiment, variant), (interval,), sign)

    def drop_unused(self) -> bool:
        """Drop the names that no customer has seen any more.

        Returns:
            Whether all customers have to be added again, after `reset`.
        """
        return self._sums.drop_unused()

    def reset(self) -> None:
        """Retract the variants of all customers."""
        self._overlaps.clear()
        self._sums.reset()

    def _flush(self) -> None:
        self._sums.add_overlaps(self._overlaps.drain())
