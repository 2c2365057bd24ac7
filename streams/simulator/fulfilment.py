"""Fulfilment of orders: packing, shipping, promised delivery times, and late parcels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from streams.simulator.customers import Customer
from streams.simulator.engine import timestamp
from streams.simulator.seasons import DAY, HOUR

if TYPE_CHECKING:
    from streams.simulator.shop import Shop

#: Sales channels without delivery events: customers carry the goods home, or the marketplace delivers them.
_NOT_DELIVERED = frozenset({"store", "marketplace"})
#: The channel whose orders arrive as a record for each line.
_BY_LINES: Final = "marketplace"
#: Median seconds that a parcel travels.
_TRAVELLING: Final = 2.3 * DAY


@dataclass(slots=True, eq=False)
class Order:
    """An order.

    Attributes:
        id: order id.
        customer: the customer.
        amount: amount, minor units of the customer's currency.
        placed: time of the order, seconds since the epoch.
        promised: promised delivery time, seconds since the epoch; None without delivery.
        shipped: whether the parcel has left.
        delivered: whether the parcel has arrived.
        cancelled: whether the order was cancelled.
        late: whether the promised time passed before the delivery.
        refund_requested: whether a refund was requested.
    """

    id: str
    customer: Customer
    amount: int
    placed: float
    promised: float | None = None
    shipped: bool = False
    delivered: bool = False
    cancelled: bool = False
    late: bool = False
    refund_requested: bool = False


class Fulfilment:
    """Accepts, packs and ships orders."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._world = shop.world
        self._random = shop.world.random

    def place(self, customer: Customer, amount: int, fields: dict[str, object]) -> None:
        """Emit an order and schedule its delivery.

        Args:
            customer: the customer.
            amount: amount, minor units of the customer's currency.
            fields: further fields of the event.
        """
        order = Order(self._world.new_id("o"), customer, amount, self._world.now)
        carried = customer.channel not in _NOT_DELIVERED
        express = carried and self._world.chance(0.08)
        if carried:
            order.promised = self._world.now + (
                0.9 * DAY if express else (4 + 2 * self._random.random()) * DAY
            )
            fields["promised_at"] = timestamp(int(order.promised * 1000))
        about = {"channel": customer.channel, "order_id": order.id, "currency": customer.currency}
        fields["attributes"] = {"delivery": "express" if express else "standard" if carried else "none"}
        if customer.channel == _BY_LINES:
            self._place_lines(order, about | fields)
        else:
            self._world.emit("order.placed", customer, amount=amount, **about, **fields)
        customer.last_order = order
        self._shop.customers.bought(customer)
        if carried:
            self._carry(order, express=express)
        else:
            self._world.after(2 * DAY * self._random.random(), self._used, order)

    def _place_lines(self, order: Order, fields: dict[str, object]) -> None:
        """Emit an order as a record for each line; a discount is a line of a negative amount."""
        items = cast("list[dict[str, Any]]", fields.pop("items"))
        discount = order.amount - sum(item["amount"] for item in items)
        lines = [*items, *([{"amount": discount}] if discount else [])]
        for number, line in enumerate(lines, 1):
            self._world.emit("order.line_placed", order.customer, line_id=str(number), **line, **fields)

    def _carry(self, order: Order, *, express: bool) -> None:
        packing, travelling = (2 * HOUR, 7 * HOUR) if express else (18 * HOUR, _TRAVELLING)
        self._world.after(self._world.lognormal(packing, 0.5), self._ship, order, travelling)
        if order.promised is not None:
            self._world.at(order.promised, self._check_promise, order)
        if self._world.chance(0.02):
            self._world.after(self._random.random() * 8 * HOUR, self._cancel, order, "changed mind")
        elif self._world.chance(0.015):
            self._world.after(self._random.random() * 4 * HOUR, self._amend, order)

    def _amend(self, order: Order) -> None:
        if order.shipped or order.cancelled:
            return
        order.amount = int(order.amount * (0.6 + 0.8 * self._random.random()))
        self._world.emit("order.amended", order.customer, order_id=order.id, amount=order.amount)

    def _cancel(self, order: Order, reason: str) -> None:
        if order.delivered or order.cancelled:
            return
        order.cancelled = True
        self._world.emit("order.cancelled", order.customer, order_id=order.id, reason=reason)
        self._shop.corrections.after_cancellation(order)

    def restore(self, order: Order) -> None:
        """Emit that a cancelled order is wanted after all, and pack it again."""
        order.cancelled = False
        self._world.emit("order.restored", order.customer, order_id=order.id)
        self._world.after(DAY / 2, self._ship, order, _TRAVELLING)

    def _ship(self, order: Order, usual: float) -> None:
        if order.cancelled or order.shipped:
            return
        order.shipped = True
        self._world.emit("order.shipped", order.customer, order_id=order.id)
        transit = self._world.lognormal(usual, 0.3) * self._world.conditions.transit
        self._world.after(transit, self._deliver, order)

    def _check_promise(self, order: Order) -> None:
        """Handle the promised delivery time: a parcel that has not arrived is late."""
        if order.delivered or order.cancelled:
            return
        order.late = True
        self._shop.customers.disappoint(order.customer, 0.35)
        if self._world.chance(0.3):
            self._world.after(self._world.lognormal(8 * HOUR, 0.6), self._shop.support.ask_for_parcel, order)
        elif self._world.chance(0.09):
            self._world.after(self._world.lognormal(DAY, 0.5), self._cancel, order, "too late")

    def _deliver(self, order: Order) -> None:
        if order.cancelled:
            return
        order.delivered = True
        self._world.emit("order.delivered", order.customer, order_id=order.id)
        if order.late:
            self._shop.customers.disappoint(order.customer, 0.15)
        self._world.after(self._random.random() * DAY, self._used, order)

    def _used(self, order: Order) -> None:
        """Handle the first use of the purchase: it may be faulty, and the customer may request a refund."""
        faulty = self._world.chance(0.04)
        if faulty:
            self._shop.customers.disappoint(order.customer, 0.25)
        elif not order.late:
            self._shop.customers.please(order.customer, 0.12)
        wants_refund = 0.55 if faulty else 0.12 if order.late else 0.03
        if self._world.chance(wants_refund):
            self._shop.refunds.request(order, "faulty" if faulty else "late" if order.late else "not wanted")
        elif self._world.chance(0.6 if faulty else 0.15):
            self._shop.support.contact(order.customer, order)
        self._shop.feedback.after_purchase(order, faulty=faulty)
