"""Move the flows of a customer whose values of segments change (docs/metrics.md, "Segments")."""

from collections.abc import Sequence

from models.customers.customer import Customer
from models.customers.segment_flows import CustomerEntities, SegmentFlows, Timeline
from models.entities.feedback import answers_that_hold
from models.partition.updates.tickets import TicketUpdates


class SegmentUpdates:
    """Keeps the flows of customers under the customers' values."""

    def __init__(self, flows: SegmentFlows, tickets: TicketUpdates) -> None:
        self._flows = flows
        self._tickets = tickets

    def replace_customer_flows(
        self, customer: Customer, old: Sequence[Timeline], new: Sequence[Timeline]
    ) -> None:
        """Move all flows of a customer from the values before a change to those after it.

        Call it when no change of an order, ticket or answer is half applied: before the update of an entity
        or after it.

        Args:
            customer: the customer.
            old: the values under which the flows are applied, in each segment of customers.
            new: the values under which they count from now on.
        """
        found = [customer.order(order_id) for order_id in customer.facts.orders]
        entities = CustomerEntities(
            [order for order in found if order is not None],
            self._tickets.applied(customer),
            answers_that_hold(customer.facts.customer_claims),
        )
        self._flows.move(entities, old, new)
