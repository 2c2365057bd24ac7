"""Updates of reviews (docs/metrics.md, "Feedback")."""

from models.customers.customer import Customer
from models.customers.facts_by_entity import replace_claims
from models.customers.reviewed_orders import ReviewedOrderAggregator
from models.entities import feedback
from models.entities.exposures import Exposure
from models.entities.feedback import FeedbackAggregator
from models.facts.claims import ReviewClaim
from models.partition.updates.context import UpdateContext


class ReviewUpdates:
    """Keeps the contributions of reviews up to date."""

    def __init__(
        self,
        context: UpdateContext,
        aggregator: FeedbackAggregator,
        reviewed: ReviewedOrderAggregator | None,
    ) -> None:
        self._context = context
        self._aggregator = aggregator
        self._reviewed = reviewed

    def apply(self, customer: Customer, review_id: str, claim: ReviewClaim) -> None:
        """Apply a claim of a review."""
        self.replace(customer, review_id, [*customer.facts.reviews.get(review_id, ()), claim])

    def replace(self, customer: Customer, review_id: str, claims: list[ReviewClaim]) -> None:
        """Replace the claims of a review."""
        old = feedback.derive(customer.facts.reviews.get(review_id, ()))
        if self._reviewed is not None:
            self._reviewed.replace_review(customer, review_id, claims)
        replace_claims(customer.facts.reviews, review_id, claims)
        new = feedback.derive(claims)
        if old is not None:
            self._aggregator.add_review(old, -1)
        if new is not None:
            self._aggregator.add_review(new, 1)
        before, after = feedback.review_exposures(old), feedback.review_exposures(new)
        self._context.customers.record_exposure(customer, before, after)

    def restore(self, customer: Customer) -> list[Exposure]:
        """Apply all reviews of a restored customer, and return the exposures by bad experiences."""
        exposures: list[Exposure] = []
        for claims in customer.facts.reviews.values():
            review = feedback.derive(claims)
            if review is not None:
                self._aggregator.add_review(review, 1)
                exposures += feedback.review_exposures(review)
        return exposures
