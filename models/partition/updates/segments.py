"""Move the sets and flows of a customer whose values of segments change (docs/metrics.md, "Segments")."""

from typing import Final

from models.aggregation.aggregates import Aggregates
from models.customers.aggregator import CustomerAggregator
from models.customers.customer import Customer
from models.customers.segment_flows import CustomerEntities, SegmentFlows
from models.customers.segment_values import SegmentValues
from models.customers.segments import SegmentAggregator
from models.definitions.definitions import Definitions
from models.entities.feedback import answers_that_hold
from models.facts.claim_types import STATUS_CLAIMS
from models.facts.claims import CustomerUpdated
from models.facts.fact import AnyClaim
from models.partition.updates.tickets import TicketUpdates

#: Claim classes that may change a customer's values for segments: attributes, and the first order.
_CHANGE_VALUES: Final = STATUS_CLAIMS | {CustomerUpdated}


def segment_flows(aggregates: Aggregates, definitions: Definitions) -> SegmentFlows | None:
    """Return the flows by segment of a partition. None unless segments are configured."""
    sums = aggregates.segment_flows
    return None if sums is None else SegmentFlows(sums, definitions, SegmentValues(definitions))


def segment_updates(
    customers: CustomerAggregator, flows: SegmentFlows | None, tickets: TicketUpdates
) -> "SegmentUpdates | None":
    """Return the updates of segments of customers. None without any.

    Args:
        customers: aggregator of what customers contribute as a whole, their sets included.
        flows: the flows by segment. None unless segments are configured.
        tickets: the updates of tickets.
    """
    sets = customers.segments
    return None if sets is None or flows is None else SegmentUpdates(customers, sets, flows, tickets)


class SegmentUpdates:
    """Keeps the sets and flows of customers under the customers' values."""

    def __init__(
        self,
        customers: CustomerAggregator,
        sets: SegmentAggregator,
        flows: SegmentFlows,
        tickets: TicketUpdates,
    ) -> None:
        self._customers = customers
        self._values = sets.values
        self._flows = flows
        self._tickets = tickets

    def prepare(self, customer: Customer) -> None:
        """Derive the values under which a customer is applied. Call it before the customer's facts change."""
        self._values.of_customer(customer)

    def refresh(self, customer: Customer, kind: type[AnyClaim] | None = None) -> None:
        """Replace the values of a customer whose facts have changed.

        Call it when no change of an order, ticket or answer is half applied.

        Args:
            customer: the customer.
            kind: class of the only claim that was added. None for any other change.
        """
        if kind is not None and kind not in _CHANGE_VALUES:
            return
        changed = self._customers.refresh_segments(customer)
        if changed is not None:
            self._flows.move(self._entities(customer), changed.before, changed.after)

    def _entities(self, customer: Customer) -> CustomerEntities:
        found = [customer.order(order_id) for order_id in customer.facts.orders]
        return CustomerEntities(
            [order for order in found if order is not None],
            self._tickets.applied(customer),
            answers_that_hold(customer.facts.customer_claims),
        )
