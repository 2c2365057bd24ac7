"""The lists of the query API: path, parameters, items, and how a customer's items are found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from models.contract.messages import Profile
from models.customers.customer import Customer
from models.definitions.definitions import Definitions
from models.query import responses
from models.query.customers import Customers
from models.query.orders import Orders
from models.query.parameters import CustomerQuery, Listing, OrderQuery, TicketQuery
from models.query.tickets import Tickets

#: Yields the items of a customer that a query selects at an instant, each with its id within the customer.
Find = Callable[[Customer, Any, int], Iterator[tuple[str, Struct]]]


@dataclass(frozen=True)
class Endpoint:
    """One list of the query API.

    Attributes:
        path: path of the route.
        query: class of the parameters.
        item: class of the items.
        find: yields (id, item) for a customer, a query and `now` (microseconds since the epoch).
    """

    path: str
    query: type[Listing]
    item: type[Struct]
    find: Find


def endpoints_of(definitions: Definitions) -> list[Endpoint]:
    """Return all lists of the API, computed by the given definitions."""
    customers, tickets, orders = Customers(definitions), Tickets(definitions), Orders(definitions)

    def find_customers(customer: Customer, query: CustomerQuery, now: int) -> Iterator[tuple[str, Struct]]:
        profile = customers.find(customer, query, now)
        if profile is not None:
            yield "", profile

    def find_tickets(customer: Customer, query: TicketQuery, now: int) -> Iterator[tuple[str, Struct]]:
        for ticket in tickets.find(customer, query, now):
            yield ticket.ticket_id, ticket

    def find_orders(customer: Customer, query: OrderQuery, now: int) -> Iterator[tuple[str, Struct]]:
        for order in orders.find(customer, query, now):
            yield order.order_id, order

    return [
        Endpoint("/customers", CustomerQuery, Profile, find_customers),
        Endpoint("/tickets", TicketQuery, responses.Ticket, find_tickets),
        Endpoint("/orders", OrderQuery, responses.Order, find_orders),
    ]
