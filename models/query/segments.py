"""Which customers, orders and tickets have a value of a segment (docs/api.md, "Segments")."""

from collections.abc import Sequence
from typing import Final

from models.customers.customer import Customer
from models.customers.segment_values import SegmentValues, value_at
from models.definitions.definitions import Definitions
from models.definitions.segments import Subject
from models.definitions.windows import US_PER_HOUR, Window, hour
from models.entities.orders import Order
from models.entities.tickets import Ticket
from models.metrics.segment_series import SEGMENT_SETS
from models.query.parameters import CustomerQuery


class SegmentFilter:
    """Selects by the value of a segment, written as `country:DE`. None selects everything.

    Args:
        definitions: the configured segments.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._values: Final = SegmentValues(definitions)
        self._names: Final[dict[Subject, list[str]]] = {
            subject: [segment.name for segment in definitions.segments if segment.subject == subject]
            for subject in ("customer", "order", "ticket")
        }

    def has_customer(self, customer: Customer, wanted: str | None, time: int) -> bool:
        """Return whether a customer has a value at a time, microseconds since the epoch."""
        if wanted is None:
            return True
        name, _, value = wanted.partition(":")
        timelines = self._values.of_customer(customer)
        return value_at(timelines[self._names["customer"].index(name)], time) == value

    def is_listed(self, customer: Customer, query: CustomerQuery, now: int) -> bool:
        """Return whether a customer has the value that a query names.

        For the sets `start`, `retained` and `lost`, the value at the start of the window counts, as in
        `retention_segment_customers`; otherwise the value at `now`, microseconds since the epoch.
        """
        time = now
        if query.window is not None and query.set in SEGMENT_SETS:
            begin = hour(now) - Window.parse(query.window).hours
            time = (begin + 1) * US_PER_HOUR - 1  # the end of the event hour
        return self.has_customer(customer, query.segment, time)

    def has_order(self, customer: Customer, wanted: str | None, order: Order) -> bool:
        """Return whether an order has a value, or its customer had it when the order was placed."""
        if wanted is None or not self._is_of("order", wanted):
            return self.has_customer(customer, wanted, order.time)
        return self._has_label("order", self._values.of_order(customer, order), wanted)

    def has_ticket(self, customer: Customer, ticket: Ticket, wanted: str | None, time: int) -> bool:
        """Return whether a ticket has a value, or its customer had it at a time, microseconds."""
        if wanted is None or not self._is_of("ticket", wanted):
            return self.has_customer(customer, wanted, time)
        return self._has_label("ticket", self._values.of_ticket(customer, ticket), wanted)

    def _is_of(self, subject: Subject, wanted: str) -> bool:
        return wanted.partition(":")[0] in self._names[subject]

    def _has_label(self, subject: Subject, labels: Sequence[str], wanted: str) -> bool:
        name, _, value = wanted.partition(":")
        return labels[self._names[subject].index(name)] == value
