"""The lists that can be asked for: their paths, questions, items, and how a customer's items are found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from models.contract.messages import Profile
from models.customers.customer import Customer
from models.definitions.definitions import Definitions
from models.query import responses
from models.query.customers import Customers
from models.query.orders import overdue_orders
from models.query.parameters import CustomerQuery, Listing, OrderQuery, TicketQuery
from models.query.tickets import Tickets

#: Gives a customer's items that a question is about at an instant, each with its id within the customer.
Find = Callable[[Customer, Any, int], Iterator[tuple[str, Struct]]]


@dataclass(frozen=True)
class Endpoint:
    """One list of the query API."""

    path: str
    question: type[Listing]
    item: type[Struct]
    find: Find


def endpoints_of(definitions: Definitions) -> list[Endpoint]:
    """Return all lists, by the current definitions."""
    customers, tickets = Customers(definitions), Tickets(definitions)

    def find_customers(customer: Customer, question: CustomerQuery, now: int) -> Iterator[tuple[str, Struct]]:
        profile = customers.find(customer, question, now)
        if profile is not None:
            yield "", profile

    def find_tickets(customer: Customer, question: TicketQuery, now: int) -> Iterator[tuple[str, Struct]]:
        for ticket in tickets.find(customer, question, now):
            yield ticket.ticket_id, ticket

    def find_orders(customer: Customer, _: OrderQuery, now: int) -> Iterator[tuple[str, Struct]]:
        for order in overdue_orders(customer, now):
            yield order.order_id, order

    return [
        Endpoint("/customers", CustomerQuery, Profile, find_customers),
        Endpoint("/tickets", TicketQuery, responses.Ticket, find_tickets),
        Endpoint("/orders", OrderQuery, responses.Order, find_orders),
    ]
