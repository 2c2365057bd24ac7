"""Updates of claims about the customer alone: answers, failed payments, missed stock and actions.

docs/metrics.md, "Feedback", "Carts" and "Actions".
"""

from models.customers.customer import Customer
from models.entities import feedback
from models.entities.carts import CartAggregator
from models.entities.exposures import Exposure
from models.entities.feedback import NPS, FeedbackAggregator
from models.facts.claims import Acted, Answered, CustomerClaim, PaymentFailed, StockMissed
from models.partition.updates.context import UpdateContext


class CustomerClaimUpdates:
    """Keeps the contributions of claims about customers alone up to date."""

    def __init__(self, context: UpdateContext, feedback: FeedbackAggregator, carts: CartAggregator) -> None:
        self._context = context
        self._feedback = feedback
        self._carts = carts

    def apply(self, customer: Customer, _: str, claim: CustomerClaim) -> None:
        """Apply a claim. Of the answers to the NPS survey, only the latest counts."""
        if isinstance(claim, Answered) and claim.survey == NPS:
            old = feedback.latest_nps(customer.facts.customer_claims)
            if old is None or (claim.time, claim.id) > (old.time, old.id):
                self._replace_nps(old, claim)
        customer.add_customer_claim(claim)
        self._add(claim, 1)
        if isinstance(claim, Acted):
            self._context.customers.add_action(customer, claim)
        self._context.customers.record_exposure(customer, (), feedback.claim_exposures(claim))

    def expire(self, customer: Customer, before: int) -> None:
        """Retract the claims from before a time (microseconds since the epoch)."""
        old = feedback.latest_nps(customer.facts.customer_claims)
        for claim in customer.remove_customer_claims(before):
            self._add(claim, -1)
            self._context.customers.record_exposure(customer, feedback.claim_exposures(claim), ())
            if isinstance(claim, Acted):
                self._context.customers.remove_action(customer, claim)
        self._replace_nps(old, feedback.latest_nps(customer.facts.customer_claims))

    def restore(self, customer: Customer) -> list[Exposure]:
        """Apply all claims of a restored customer, and return the exposures by them."""
        exposures: list[Exposure] = []
        for claim in customer.facts.customer_claims:
            self._add(claim, 1)
            exposures += feedback.claim_exposures(claim)
        self._replace_nps(None, feedback.latest_nps(customer.facts.customer_claims))
        return exposures

    def _add(self, claim: CustomerClaim, sign: int) -> None:
        """Apply what a claim contributes whatever the other claims are, or retract it."""
        if isinstance(claim, Answered):
            if claim.survey != NPS:
                self._feedback.add_answer(claim, sign)
        elif isinstance(claim, PaymentFailed):
            self._carts.add_failure(claim, sign)
        elif isinstance(claim, StockMissed):
            self._carts.add_stockout(claim, sign)

    def _replace_nps(self, old: Answered | None, new: Answered | None) -> None:
        if old is new:
            return
        if old is not None:
            self._feedback.add_answer(old, -1)
        if new is not None:
            self._feedback.add_answer(new, 1)
