"""Which orders are behind a number (docs/api.md, "Orders")."""

from collections.abc import Callable, Iterator

from models.customers.customer import Customer
from models.definitions.windows import US_PER_SECOND
from models.entities import orders
from models.facts.origins import original_event_id
from models.outputs.ids import to_datetime
from models.query.responses import Order


def overdue_orders(
    customer: Customer, now: int, selects: Callable[[orders.Order], bool] = lambda _: True
) -> Iterator[Order]:
    """Yield a customer's orders that are overdue, sorted by id.

    Args:
        customer: the customer, by the facts known at `now`.
        now: the partition's clock, microseconds since the epoch.
        selects: whether an order is listed.
    """
    for order_id in sorted(customer.facts.orders):
        order = customer.order(order_id)
        if order is None or order.promised is None or not orders.is_overdue(order, now):
            continue
        if not selects(order):
            continue
        yield Order(
            customer_id=customer.key.decode(),
            order_id=order_id,
            placed=to_datetime(order.time),
            promised=to_datetime(order.promised),
            overdue_seconds=(now - order.promised) // US_PER_SECOND,
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
