"""Updates of refunds, and of the orders that they refund (docs/metrics.md, "Refunds")."""

from models.customers.customer import Customer
from models.customers.facts_by_entity import replace_claims
from models.entities import refunds
from models.entities.exposures import Exposure
from models.facts.claims import Completed, RefundClaim
from models.partition.updates.context import UpdateContext
from models.partition.updates.orders import OrderUpdates
from models.partition.updates.refund_contributions import RefundContributions


class RefundUpdates:
    """Keeps the contributions of refunds up to date."""

    def __init__(
        self, context: UpdateContext, contributions: RefundContributions, orders: OrderUpdates
    ) -> None:
        self._context = context
        self._contributions = contributions
        self._orders = orders

    def apply(self, customer: Customer, refund_id: str, claim: RefundClaim) -> None:
        """Apply a claim of a refund."""
        customer.refunds_by_order.setdefault(claim.order, set()).add(refund_id)
        self.replace(customer, refund_id, [*customer.facts.refunds.get(refund_id, ()), claim])

    def replace(self, customer: Customer, refund_id: str, claims: list[RefundClaim]) -> None:
        """Replace the claims of a refund."""
        customer.build_order_indexes()
        section = customer.facts.refunds
        old, new = refunds.completed(section.get(refund_id, ())), refunds.completed(claims)
        before = self._contributions.add(customer, (refund_id,), -1)
        replace_claims(section, refund_id, claims)
        now = self._contributions.add(customer, (refund_id,), 1)
        self._context.customers.record_exposure(customer, before, now)
        if old is not new:
            self._change_orders(customer, old, new)

    def _change_orders(self, customer: Customer, old: Completed | None, new: Completed | None) -> None:
        """Update the orders that the two completions name, which may be two different orders."""
        completions = [claim for claim in (old, new) if claim is not None]
        before = {claim.order: customer.order(claim.order) for claim in completions}
        customer.replace_completed_refund(old, new)
        for order_id, order in before.items():
            refunded = customer.order(order_id)
            if order != refunded:
                self._orders.change(customer, order_id, order, refunded)

    def restore(self, customer: Customer) -> list[Exposure]:
        """Apply all refunds of a restored customer, and return the exposures by them."""
        return self._contributions.add(customer, customer.facts.refunds, 1)
