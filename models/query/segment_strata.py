"""The values of one segment as strata (docs/metrics.md, "Segments")."""

from models.customers.customer import Customer
from models.customers.segment_values import SegmentValues, value_at
from models.definitions.definitions import Definitions
from models.entities.orders import Order


class SegmentStrata:
    """Returns the values of a segment of customers or of orders.

    Args:
        definitions: the shop's definitions.
        name: name of the segment. Without such a segment, there are no values.
    """

    def __init__(self, definitions: Definitions, name: str) -> None:
        self._values = SegmentValues(definitions)
        self._customers = [segment.name for segment in self._values.customers]
        self._orders = [segment.name for segment in self._values.orders]
        self._name = name

    def of_customer(self, customer: Customer, time: int) -> str:
        """Return the value of a customer at a time, microseconds since the epoch."""
        return value_at(self._values.of_customer(customer)[self._customers.index(self._name)], time)

    def of_order(self, customer: Customer, order: Order) -> str:
        """Return the value of an order: its own, or that of its customer at the order's time."""
        if self._name in self._orders:
            return self._values.of_order(customer, order)[self._orders.index(self._name)]
        return self.of_customer(customer, order.time)
