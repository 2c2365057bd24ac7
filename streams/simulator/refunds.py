"""Refunds: requested, and completed or rejected some days later."""

from typing import TYPE_CHECKING

from streams.simulator.fulfilment import Order
from streams.simulator.seasons import DAY, HOUR

if TYPE_CHECKING:
    from streams.simulator.shop import Shop


class Refunds:
    """Receives refund requests and decides about them."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._world = shop.world

    def request(self, order: Order, reason: str) -> None:
        """Emit a refund request, at most one for each order, and schedule the decision."""
        if order.refund_requested or order.cancelled:
            return
        order.refund_requested = True
        refund = self._world.new_id("r")
        partial = self._world.chance(0.3)
        amount = (
            order.amount if not partial else int(order.amount * (0.2 + 0.5 * self._world.random.random()))
        )
        fields: dict[str, object] = {"amount": amount} if partial else {}
        self._world.emit(
            "refund.requested",
            order.customer,
            channel=order.customer.channel,
            refund_id=refund,
            order_id=order.id,
            reason=reason,
            **fields,
        )
        self._world.after(self._world.lognormal(1.6 * DAY, 0.6), self._decide, order, refund, amount, reason)

    def _decide(self, order: Order, refund: str, amount: int, reason: str) -> None:
        rejected = self._world.chance(0.3 if reason == "not wanted" else 0.08)
        if not rejected:
            self._world.emit(
                "refund.completed", order.customer, refund_id=refund, order_id=order.id, amount=amount
            )
            self._shop.customers.please(order.customer, 0.1)
            self._shop.corrections.after_refund(order, refund, amount)
            return
        self._world.emit("refund.rejected", order.customer, refund_id=refund, order_id=order.id)
        self._shop.customers.disappoint(order.customer, 0.6)
        if self._world.chance(0.4):
            complaint = self._world.lognormal(5 * HOUR, 0.8)
            self._world.after(complaint, self._shop.support.contact, order.customer, order, "high")
