"""Which orders are behind a number (docs/api.md, "Orders")."""

from collections.abc import Iterator

from models.customers.customer import Customer
from models.definitions.windows import US_PER_SECOND
from models.entities import orders
from models.outputs.ids import to_datetime
from models.query.responses import Order


def overdue(account: Customer, now: int) -> Iterator[Order]:
    """Give a customer's orders that are overdue at `now` (microseconds), by their ids."""
    for entity in sorted(account.facts.orders):
        order = account.order(entity)
        if order is None or order.promised is None or not orders.is_overdue(order, now):
            continue
        yield Order(
            account.key.decode(),
            entity,
            to_datetime(order.time),
            to_datetime(order.promised),
            (now - order.promised) // US_PER_SECOND,
            order.amount,
            order.refunded,
            order.currency,
            order.channel,
        )
