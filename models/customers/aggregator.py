"""The customer as a whole: order history, status, exposures and actions.

A change of one entity changes other parts of the customer: a cancelled order changes the customer's
    retention,
status and exposure at once. `CustomerAggregator` applies each change to all of these parts.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence

from models.aggregation.aggregates import Aggregates
from models.customers.action_returns import ActionReturnAggregator
from models.customers.customer import Customer
from models.customers.exposure import ExposureAggregator, span_of
from models.customers.history_aggregators import history_aggregators
from models.customers.lifecycle import CustomerStatus, StatusAggregator
from models.customers.overlaps import OrderGap, order_gaps_between
from models.customers.retention import RetentionAggregator
from models.customers.segments import Refreshed, SegmentAggregator
from models.customers.variants import VariantAggregator, variant_intervals
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_HOUR, between
from models.entities.exposures import Exposure
from models.entities.orders import OrderHistory, QualifyingOrder
from models.facts.claims import Acted, Seen
from models.facts.control import KeptOrder


class CustomerAggregator:
    """Applies customers as a whole to a partition's aggregates, and retracts them.

    Attributes:
        hour: event hour at which the statuses are derived.
        segments: aggregator of segments of customers. None without such segments.
    """

    def __init__(self, aggregates: Aggregates, definitions: Definitions, hour: int) -> None:
        self.hour = hour
        self._retention = RetentionAggregator(aggregates, definitions)
        self._of_histories = history_aggregators(aggregates, definitions)
        self._statuses = StatusAggregator(aggregates, definitions)
        self._exposure = ExposureAggregator(aggregates, definitions)
        self._variants = VariantAggregator(aggregates)
        sets = aggregates.segment_sets
        self.segments = None if sets is None else SegmentAggregator(sets, aggregates, definitions)
        self._returns = ActionReturnAggregator(aggregates)
        # Event hour -> keys of the customers whose status may change in it.
        self._changes: dict[int, list[bytes]] = {}

    def restore(self, customer: Customer, exposures: Sequence[Exposure]) -> None:
        """Apply a restored customer as a whole: orders, exposures, variants, segments, actions and status.

        Args:
            customer: a customer without any applied fact.
            exposures: all exposures of the customer, in any order.
        """
        row, orders = customer.facts, customer.order_history
        hours_of = row.exposures
        for exposure, hour in exposures:
            hours_of.setdefault(exposure, []).append(hour)
        for hours in hours_of.values():
            hours.sort()
        if orders:
            self._retention.add_history(orders)
            for aggregator in self._of_histories:
                aggregator.add_history(orders, 1)
            if hours_of:
                self._exposure.add_exposures(_all_order_gaps(customer), hours_of, hours_of, 1)
            if self.segments is not None:
                self.segments.replace_order_gaps(customer, (), _all_order_gaps(customer))
        self.restore_variants(customer)
        if customer.actions:
            self._returns.add(customer.actions, orders, 1)
        self.reclassify(customer, None)

    def restore_variants(self, customer: Customer) -> None:
        """Apply the variants of experiments that a customer saw."""
        seen = customer.facts.variants_seen
        if seen:
            self._variants.restore(_all_order_gaps(customer), seen, customer.variant_intervals)

    def replace_order(
        self, customer: Customer, old: QualifyingOrder | None, new: QualifyingOrder | None
    ) -> None:
        """Replace an entry of the customer's order history. None: the order does not qualify."""
        if customer.actions:
            self._returns.add(customer.actions, customer.order_history, -1)
        if old is not None:
            self._remove_order(customer, old)
        if new is not None:
            self._insert_order(customer, new)
        if customer.actions:
            self._returns.add(customer.actions, customer.order_history, 1)

    def _remove_order(self, customer: Customer, order: QualifyingOrder) -> None:
        orders, row = customer.order_history, customer.facts
        year = customer.trailing_year(self.hour)
        is_exposed = row.exposures or row.variants_seen or self.segments is not None
        order_gaps = _order_gaps_near(orders, order, present=True) if is_exposed else ()
        for aggregator in self._of_histories:
            aggregator.add_order(orders, order, -1)
        self._retention.remove(orders, order)
        year.change(order, -1)
        if is_exposed:
            self._replace_order_gaps(customer, order_gaps, _order_gaps_near(orders, order, present=False))

    def keep_order(self, customer: Customer, kept: KeptOrder) -> None:
        """Apply that the customer's first order lies beyond the horizon."""
        for aggregator in self._of_histories:
            aggregator.retract_first(customer.order_history)
        self._retention.keep(customer.order_history, kept)
        customer.facts.kept_order = kept

    def _insert_order(self, customer: Customer, order: QualifyingOrder) -> None:
        orders, row = customer.order_history, customer.facts
        year = customer.trailing_year(self.hour)
        is_exposed = row.exposures or row.variants_seen or self.segments is not None
        order_gaps = _order_gaps_near(orders, order, present=False) if is_exposed else ()
        self._retention.insert(orders, order)
        for aggregator in self._of_histories:
            aggregator.add_order(orders, order, 1)
        year.change(order, 1)
        if is_exposed:
            self._replace_order_gaps(customer, order_gaps, _order_gaps_near(orders, order, present=True))

    def _replace_order_gaps(
        self, customer: Customer, old: Sequence[OrderGap], new: Sequence[OrderGap]
    ) -> None:
        self._exposure.replace_order_gaps(old, new, customer.facts.exposures)
        if customer.facts.variants_seen:
            self._variants.replace_order_gaps(old, new, customer.variant_intervals)
        if self.segments is not None:
            self.segments.replace_order_gaps(customer, old, new)

    def refresh_segments(self, customer: Customer) -> Refreshed | None:
        """Replace the values of a customer for segments, and return what changed; None if nothing did."""
        return None if self.segments is None else self.segments.refresh(customer, _all_order_gaps(customer))

    def record_exposure(self, customer: Customer, old: Sequence[Exposure], new: Sequence[Exposure]) -> None:
        """Replace the exposures by an entity before a change with the exposures by it after the change."""
        if old == new or not (old or new):
            return
        order_gaps, hours_of = _all_order_gaps(customer), customer.facts.exposures
        changed = {exposure for exposure, _ in (*old, *new)}
        near = span_of([hour for _, hour in (*old, *new)], hours_of)
        self._exposure.add_exposures(order_gaps, hours_of, changed, -1, near)
        for exposure, hour in old:
            hours_of[exposure].remove(hour)
            if not hours_of[exposure]:
                del hours_of[exposure]
        for exposure, hour in new:
            insort(hours_of.setdefault(exposure, []), hour)
        self._exposure.add_exposures(order_gaps, hours_of, changed, 1, near)

    def add_action(self, customer: Customer, claim: Acted) -> None:
        """Apply an action that was issued or suppressed."""
        self._returns.add((claim,), customer.order_history, 1)

    def remove_action(self, customer: Customer, claim: Acted) -> None:
        """Retract an action that has left the horizon."""
        self._returns.add((claim,), customer.order_history, -1)

    def record_variant(self, customer: Customer, experiment: str, claim: Seen) -> None:
        """Add a variant of an experiment that the customer saw."""
        variants, seen = (
            customer.variant_intervals.get(experiment, ()),
            customer.facts.variants_seen.get(experiment, []),
        )
        if _is_repeated(variants, claim):
            seen.append(claim)
        else:
            self.set_variants(customer, experiment, [*seen, claim])

    def set_variants(self, customer: Customer, experiment: str, seen: list[Seen]) -> None:
        """Replace the variants of an experiment that the customer saw."""
        before, variants = customer.variant_intervals.get(experiment, []), variant_intervals(seen)
        self._variants.replace_seen(experiment, customer.facts.variants_seen.get(experiment, ()), seen)
        if variants != before:
            order_gaps = _all_order_gaps(customer)
            self._variants.add_variants(order_gaps, experiment, before, -1)
            self._variants.add_variants(order_gaps, experiment, variants, 1)
            customer.variant_intervals[experiment] = variants
        if seen:
            customer.facts.variants_seen[experiment] = seen
        else:
            customer.facts.variants_seen.pop(experiment, None)
            customer.variant_intervals.pop(experiment, None)

    def reset_variants_if_short(self) -> bool:
        """Retract the variants of all customers if names beyond the limit have to be counted by name.

        Returns:
            Whether the caller has to restore the variants of all customers.
        """
        short = self._variants.drop_unused()
        if short:
            self._variants.reset()
        return short

    def status(self, customer: Customer, hour: int | None = None) -> CustomerStatus | None:
        """Return the status under which the customer is counted.

        Args:
            customer: the customer.
            hour: event hour of the status, if it has not been derived yet. Default: the present one.

        Returns:
            None if the customer is not counted.
        """
        if customer.status is None:
            customer.status = self._derive(customer, self.hour if hour is None else hour)
        return customer.status

    def _derive(self, customer: Customer, hour: int) -> CustomerStatus | None:
        if not customer.facts.event_count:
            return (
                None
                if customer.facts.links is None
                else self._statuses.of_referrer(customer.last_recommended, hour)
            )
        return self._statuses.derive(
            customer.order_history, customer.trailing_year(hour), customer.last_recommended, hour
        )

    def reclassify(self, customer: Customer, before: CustomerStatus | None) -> None:
        """Count a customer under the present status, and no longer under the one before.

        Args:
            customer: the customer, after a change.
            before: status under which the customer is counted. None if not counted.
        """
        status = customer.status = self._derive(customer, self.hour)
        self._statuses.change(before, status)
        if status is None or status.until is None:
            return
        if before is None or before.until != status.until:
            self._changes.setdefault(status.until, []).append(customer.key)

    def advance_to(self, hour: int) -> set[bytes]:
        """Move the present hour forward, and return the keys of customers whose status may have changed."""
        due = between(self._changes, self.hour + 1, hour + 1)
        self.hour = hour
        return {key for at in due for key in self._changes.pop(at)}


def _is_repeated(variants: Sequence[tuple[str, tuple[int, int]]], claim: Seen) -> bool:
    """Return whether a claim repeats the only variant seen so far. Nearly all claims do."""
    if len(variants) != 1:
        return False
    variant, (since, _) = variants[0]
    return variant == claim.variant and since <= claim.time // US_PER_HOUR


def _all_order_gaps(customer: Customer) -> list[OrderGap]:
    return order_gaps_between([order.hour for order in customer.order_history], end=True)


def _order_gaps_near(orders: OrderHistory, order: QualifyingOrder, *, present: bool) -> list[OrderGap]:
    """Return the gaps on both sides of an order, or the gap that it would divide if it is not present."""
    at = bisect_left(orders, order)
    hours = [other.hour for other in orders[max(at - 1, 0) : at + 1 + present]]
    return order_gaps_between(hours, end=at + present >= len(orders))
