"""Which orders are behind a number (docs/api.md, "Orders")."""

from collections.abc import Iterator

from models.customers.customer import Customer
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_SECOND, Window
from models.entities import orders
from models.facts.origins import original_event_id
from models.outputs.ids import to_datetime
from models.query.channels import ChannelFilter
from models.query.parameters import OrderQuery
from models.query.responses import Order
from models.query.segments import SegmentFilter
from models.query.tickets import contains


class Orders:
    """Selects orders.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._channels = ChannelFilter(definitions)
        self._segments = SegmentFilter(definitions)

    def find(self, customer: Customer, query: OrderQuery, now: int) -> Iterator[Order]:
        """Yield a customer's orders that a query selects, sorted by id.

        Args:
            customer: the customer, by the facts known at `now`.
            query: parameters of the list.
            now: the partition's clock, microseconds since the epoch.
        """
        for order_id in sorted(customer.facts.orders):
            order = customer.order(order_id)
            if order is not None and self._is_selected(customer, order, query, now):
                yield _response(customer, order_id, order, now)

    def _is_selected(self, customer: Customer, order: orders.Order, query: OrderQuery, now: int) -> bool:
        if query.overdue and not orders.is_overdue(order, now):
            return False
        if query.refunded is not None and not _is_refunded(order, query, now):
            return False
        is_of_channel = self._channels.selects(query.channel, order.channel)
        return is_of_channel and self._segments.has_order(customer, query.segment, order)


def _is_refunded(order: orders.Order, query: OrderQuery, now: int) -> bool:
    """Return whether an order counts in the numerator of `retention_refund_ratio`."""
    if order.cancelled or not order.refunds or (query.refunded == "full" and order.qualifying):
        return False
    return query.window is not None and contains(Window.parse(query.window), order.time, now)


def _response(customer: Customer, order_id: str, order: orders.Order, now: int) -> Order:
    promised, is_overdue = order.promised, orders.is_overdue(order, now)
    return Order(
        customer_id=customer.key.decode(),
        order_id=order_id,
        placed=to_datetime(order.time),
        promised=None if promised is None else to_datetime(promised),
        overdue_seconds=(now - promised) // US_PER_SECOND if is_overdue and promised is not None else None,
        amount=order.amount,
        refunded=order.refunded,
        currency=order.currency,
        channel=order.channel,
    )


def lines_in_other_currencies(customer: Customer) -> Iterator[str]:
    """Yield the event ids of a customer's lines that do not count for their currency.

    docs/metrics.md, "Order lines".
    """
    for order_id in customer.facts.orders:
        for line in customer.lines_left_out(order_id):
            yield original_event_id(line.id) or line.id
