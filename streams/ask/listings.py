"""The lists that can be asked for: their paths, questions, items, and how a customer's items are found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from models.account import Account
from models.ask import answers
from models.ask.customers import Customers
from models.ask.orders import overdue
from models.ask.questions import Listing, WhichCustomers, WhichOrders, WhichTickets
from models.ask.tickets import Tickets
from models.definitions import Definitions
from models.messages import Profile

#: Gives a customer's items that a question is about at an instant, each with its id within the customer.
Find = Callable[[Account, Any, int], Iterator[tuple[str, Struct]]]


@dataclass(frozen=True)
class List:
    """One list."""

    path: str
    question: type[Listing]
    item: type[Struct]
    find: Find


def lists_of(definitions: Definitions) -> list[List]:
    """Give all lists, by the present definitions."""
    customers, tickets = Customers(definitions), Tickets(definitions)

    def find_customers(account: Account, question: WhichCustomers, now: int) -> Iterator[tuple[str, Struct]]:
        profile = customers.find(account, question, now)
        if profile is not None:
            yield "", profile

    def find_tickets(account: Account, question: WhichTickets, now: int) -> Iterator[tuple[str, Struct]]:
        for ticket in tickets.find(account, question, now):
            yield ticket.ticket_id, ticket

    def find_orders(account: Account, _: WhichOrders, now: int) -> Iterator[tuple[str, Struct]]:
        for order in overdue(account, now):
            yield order.order_id, order

    return [
        List("/customers", WhichCustomers, Profile, find_customers),
        List("/tickets", WhichTickets, answers.Ticket, find_tickets),
        List("/orders", WhichOrders, answers.Order, find_orders),
    ]
