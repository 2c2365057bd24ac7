"""Updates of orders, and of the carts, refunds and customer-level aggregates that depend on an order.

docs/metrics.md, "Order", "Refunds" and "Deliveries".
"""

from collections.abc import Sequence

from msgspec.structs import replace

from models.customers.customer import Customer
from models.customers.facts_by_entity import replace_claims
from models.customers.reviewed_orders import ReviewedOrderAggregator
from models.entities import orders
from models.entities.exposures import Exposure
from models.entities.orders import Order, OrderAggregator, OrderHistory, QualifyingOrder, qualifying_order
from models.entities.refunds import NOT_REFUNDED
from models.facts.claims import OrderClaim, PlacingClaim
from models.partition.timers import ORDER
from models.partition.updates.carts import CartUpdates
from models.partition.updates.context import UpdateContext
from models.partition.updates.refund_contributions import RefundContributions
from models.partition.updates.tickets import TicketUpdates


class OrderUpdates:
    """Keeps the contributions of orders up to date."""

    def __init__(
        self,
        context: UpdateContext,
        aggregator: OrderAggregator,
        carts: CartUpdates,
        refunds: RefundContributions,
        tickets: TicketUpdates,
        *,
        reviewed: ReviewedOrderAggregator | None,
    ) -> None:
        self._context = context
        self._aggregator = aggregator
        self._carts = carts
        self._refunds = refunds
        self._tickets = tickets
        self._reviewed = reviewed

    def apply(self, customer: Customer, order_id: str, claim: OrderClaim) -> None:
        """Apply a claim of an order."""
        known = customer.facts.orders.get(order_id, ())
        claims = [*known, claim]
        if isinstance(claim, PlacingClaim):
            if claim.cart is not None or known:
                self._change_carts(customer, known, claims)
            if claim.referrer:
                customer.facts.ensure_links().orders_with_referrer.add(order_id)
        self._replace(customer, order_id, claims)

    def replace(self, customer: Customer, order_id: str, claims: list[OrderClaim]) -> None:
        """Replace the claims of an order by some of them."""
        self._change_carts(customer, customer.facts.orders[order_id], claims)
        self._replace(customer, order_id, claims)

    def _change_carts(
        self, customer: Customer, before: Sequence[OrderClaim], after: Sequence[OrderClaim]
    ) -> None:
        """Replace the carts that an order names."""
        old, new = orders.carts_named(before), orders.carts_named(after)
        for named in old - new:
            self._carts.remove_order(customer, *named)
        for named in new - old:
            self._carts.add_order(customer, *named)

    def _replace(self, customer: Customer, order_id: str, claims: list[OrderClaim]) -> None:
        old = customer.order(order_id)
        new = customer.derive_order(order_id, claims)
        if old == new:
            replace_claims(customer.facts.orders, order_id, claims)
        elif (old is None) == (new is None) or not customer.facts.refunds:
            self.change(customer, order_id, old, new)
            replace_claims(customer.facts.orders, order_id, claims)
        else:  # refunds count only while their order exists
            refund_ids = customer.refunds_by_order.get(order_id, ())
            before = self._refunds.add(customer, refund_ids, -1)
            self.change(customer, order_id, old, new)
            replace_claims(customer.facts.orders, order_id, claims)
            now = self._refunds.add(customer, refund_ids, 1)
            self._context.customers.record_exposure(customer, before, now)

    def change(self, customer: Customer, order_id: str, old: Order | None, new: Order | None) -> None:
        """Replace the contribution of an order.

        Args:
            customer: buyer.
            order_id: id of the order.
            old: the order as it was applied; None if it did not exist.
            new: the order as it is now; None if it no longer exists.
        """
        now, customers = self._context.now, self._context.customers
        for listener in self._context.listeners:
            listener.replace_order(customer, old, new)
        before, after = _qualifying(old), _qualifying(new)
        if before != after:
            tickets = self._tickets.all(customer)
            customers.replace_order(customer, before, after)
            if tickets:
                self._tickets.replace_all(customer, tickets)
        if old is not None:
            self._aggregator.add(old, now, -1)
        if new is not None:
            self._aggregator.add(new, now, 1)
        if self._reviewed is not None:
            self._reviewed.replace_order(customer, order_id, old, new)
        if (new is not None and new.promised is not None) or (old is not None and old.promised is not None):
            self._change_delivery(customer, order_id, old, new)

    def _change_delivery(
        self, customer: Customer, order_id: str, old: Order | None, new: Order | None
    ) -> None:
        now = self._context.now
        before, after = [() if order is None else orders.exposures(order, now) for order in (old, new)]
        self._context.customers.record_exposure(customer, before, after)
        due = orders.overdue_at(new, now)
        if due != orders.overdue_at(old, now):
            self._context.timers.schedule(customer.key, ORDER, order_id, due)

    def restore(self, customer: Customer) -> list[Exposure]:
        """Apply all orders of a restored customer, and return the exposures by late deliveries.

        The body of `Customer.derive_order` is repeated in this loop: a restore handles all orders of a
        partition.
        """
        exposures: list[Exposure] = []
        history = OrderHistory(kept=customer.facts.kept_order)
        refunded, now, add = customer.refunded, self._context.now, self._aggregator.add
        listeners = self._context.listeners
        found: list[Order] = []
        for order_id, claims in customer.facts.orders.items():
            order = orders.derive(claims, refunded.get(order_id, NOT_REFUNDED))
            if order is None:
                continue
            if order.referrer is not None and customer.is_own_identity(order.referrer):
                order = replace(order, referrer=None)
            if order.qualifying:
                history.append(qualifying_order(order))
            add(order, now, 1)
            if listeners:
                found.append(order)
            if self._reviewed is not None:
                self._reviewed.add_order(customer, order_id, order, 1)
            if order.promised is not None:
                due = orders.overdue_at(order, now)
                self._context.timers.schedule(customer.key, ORDER, order_id, due)
                exposures += orders.exposures(order, now)
        history.sort()
        customer.restore_order_history(history)
        for listener in listeners:  # now, as the values of a segment may depend on the first order
            for order in found:
                listener.replace_order(customer, None, order)
        return exposures

    def on_timer(self, customer: Customer, order_id: str, before: int) -> None:
        """Replace the contribution of an order as of `before` (microseconds) by that of now."""
        order, now = customer.order(order_id), self._context.now
        if order is not None:
            self._aggregator.add(order, before, -1)
            self._aggregator.add(order, now, 1)
            old, new = orders.exposures(order, before), orders.exposures(order, now)
            self._context.customers.record_exposure(customer, old, new)

    def add_identity(self, customer: Customer, identity: str) -> None:
        """Add an identity to the customer: an order that names it as the referrer is no longer a referral."""
        links = customer.facts.ensure_links()
        before = {order_id: customer.order(order_id) for order_id in links.orders_with_referrer}
        links.identities.add(identity)
        for order_id, old in before.items():
            new = customer.order(order_id)
            if old != new:
                self.change(customer, order_id, old, new)


def _qualifying(order: Order | None) -> QualifyingOrder | None:
    return qualifying_order(order) if order is not None and order.qualifying else None
