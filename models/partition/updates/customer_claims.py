"""Updates of claims about the customer alone: answers, failed payments, missed stock and actions.

docs/metrics.md, "Feedback", "Carts" and "Actions".
"""

from collections.abc import Sequence

from models.customers.customer import Customer
from models.customers.team_answers import team_answers
from models.customers.ticket_rules import TicketRules
from models.entities import feedback
from models.entities.carts import CartAggregator
from models.entities.exposures import Exposure
from models.entities.feedback import NPS, FeedbackAggregator
from models.entities.teams import TeamAggregator
from models.facts.claims import Acted, Answered, AnswersWithdrawn, CustomerClaim, PaymentFailed, StockMissed
from models.partition.updates.context import UpdateContext


class CustomerClaimUpdates:
    """Keeps the contributions of claims about customers alone up to date."""

    def __init__(
        self,
        context: UpdateContext,
        rules: TicketRules,
        feedback: FeedbackAggregator,
        carts: CartAggregator,
        teams: TeamAggregator,
    ) -> None:
        self._context = context
        self._rules = rules
        self._teams = teams
        self._feedback = feedback
        self._carts = carts

    def apply(self, customer: Customer, _: str, claim: CustomerClaim) -> None:
        """Apply a claim."""
        if isinstance(claim, AnswersWithdrawn) or (
            isinstance(claim, Answered)
            and (claim.survey == NPS or claim.answer is not None or customer.facts.answer_tickets)
        ):
            self._apply_answer(customer, claim)
            return
        customer.add_customer_claim(claim)
        self._add(claim, 1)
        if isinstance(claim, Answered):
            self._notify(customer, (), (claim,))
        if isinstance(claim, Acted):
            self._context.customers.add_action(customer, claim)
        self._context.customers.record_exposure(customer, (), feedback.claim_exposures(claim))

    def _apply_answer(self, customer: Customer, claim: Answered | AnswersWithdrawn) -> None:
        """Apply an answer, a version of one, or a withdrawal."""
        before = feedback.answers_that_hold(customer.facts.customer_claims)
        by_team = team_answers(customer, self._rules)
        customer.add_customer_claim(claim)
        self._replace_answers(customer, before)
        self._teams.replace_answers(by_team, team_answers(customer, self._rules))

    def _replace_answers(self, customer: Customer, before: Sequence[Answered]) -> None:
        """Replace the contribution of the answers that held by that of those that hold now."""
        after = feedback.answers_that_hold(customer.facts.customer_claims)
        old, new = {id(claim) for claim in before}, {id(claim) for claim in after}
        for claim in before:
            if id(claim) not in new:
                self._add(claim, -1)
                self._context.customers.record_exposure(customer, feedback.claim_exposures(claim), ())
        for claim in after:
            if id(claim) not in old:
                self._add(claim, 1)
                self._context.customers.record_exposure(customer, (), feedback.claim_exposures(claim))
        self._replace_nps(feedback.latest_nps_of(before), feedback.latest_nps_of(after))
        self._notify(customer, before, after)

    def _notify(self, customer: Customer, before: Sequence[Answered], after: Sequence[Answered]) -> None:
        for listener in self._context.listeners:
            listener.replace_answers(customer, before, after)

    def expire(self, customer: Customer, before: int) -> None:
        """Retract the claims from before a time (microseconds since the epoch)."""
        answers = feedback.answers_that_hold(customer.facts.customer_claims)
        by_team = team_answers(customer, self._rules)
        for claim in customer.remove_customer_claims(before):
            if isinstance(claim, Answered | AnswersWithdrawn):
                continue
            self._add(claim, -1)
            self._context.customers.record_exposure(customer, feedback.claim_exposures(claim), ())
            if isinstance(claim, Acted):
                self._context.customers.remove_action(customer, claim)
        self._replace_answers(customer, answers)
        self._teams.replace_answers(by_team, team_answers(customer, self._rules))

    def restore(self, customer: Customer) -> list[Exposure]:
        """Apply all claims of a restored customer, and return the exposures by them."""
        exposures: list[Exposure] = []
        answers = feedback.answers_that_hold(customer.facts.customer_claims)
        others = [claim for claim in customer.facts.customer_claims if not isinstance(claim, Answered)]
        for claim in [*others, *answers]:
            self._add(claim, 1)
            exposures += feedback.claim_exposures(claim)
        self._replace_nps(None, feedback.latest_nps_of(answers))
        self._notify(customer, (), answers)
        self._teams.replace_answers({}, team_answers(customer, self._rules))
        return exposures

    def _add(self, claim: CustomerClaim, sign: int) -> None:
        """Apply the contribution of a claim that does not depend on other claims, or retract it."""
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
