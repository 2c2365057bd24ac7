"""A customer at the partition's clock: everything that more than one emitter needs, derived once."""

from collections.abc import Mapping
from typing import NamedTuple

from models.customers.customer import Customer
from models.customers.ticket_rules import TicketRules
from models.entities.ticket_corrections import without_withdrawals
from models.entities.tickets import Ticket
from models.outputs.lifecycle_history import LifecycleHistory


class CustomerSnapshot(NamedTuple):
    """A customer, and what follows from their facts at `now`.

    Attributes:
        customer: the decoded customer.
        customer_id: the customer's id.
        history: last lifecycle and tier transition, and the qualifying orders.
        tickets: opened tickets by id.
        withdrawn: withdrawn tickets by id, as they would be if they were restored.
        net_value: net of all qualifying orders, major units of the base currency.
        now: the partition's clock, microseconds since the epoch.
    """

    customer: Customer
    customer_id: str
    history: LifecycleHistory
    tickets: Mapping[str, Ticket]
    withdrawn: Mapping[str, Ticket]
    net_value: float
    now: int

    @property
    def open_tickets(self) -> int:
        """Number of tickets that are not solved or closed."""
        return sum(not ticket.is_resolved for ticket in self.tickets.values())


def snapshot_of(
    customer: Customer, history: LifecycleHistory, net_value: float, now: int, rules: TicketRules
) -> CustomerSnapshot:
    """Return a customer's snapshot.

    Args:
        customer: the decoded customer.
        history: as the attribute.
        net_value: as the attribute.
        now: as the attribute.
        rules: derives the customer's tickets.
    """
    opened: dict[str, Ticket] = {}
    withdrawn: dict[str, Ticket] = {}
    for ticket_id, claims in customer.facts.tickets.items():
        ticket = rules.derive(customer, claims)
        if ticket is not None:
            opened[ticket_id] = ticket
        elif (ticket := rules.derive(customer, without_withdrawals(claims))) is not None:
            withdrawn[ticket_id] = ticket
    return CustomerSnapshot(customer, customer.key.decode(), history, opened, withdrawn, net_value, now)
