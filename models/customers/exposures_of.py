"""The exposures of one customer, derived from the facts (docs/metrics.md, "Churn by exposure")."""

from collections.abc import Iterator

from models.customers.customer import Customer
from models.customers.ticket_rules import TicketRules
from models.definitions.definitions import Definitions
from models.entities import feedback, orders, refunds
from models.entities.exposures import Exposure
from models.entities.sla import SlaOutcome, decide
from models.entities.sla_limits import time_limits
from models.facts.claims import Answered


class ExposureRules:
    """Derives the exposures of customers, as the updates of a partition record them.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._limits = time_limits(definitions)
        self._tickets = TicketRules(definitions)

    def of(self, customer: Customer, now: int) -> Iterator[Exposure]:
        """Yield all exposures of a customer at `now` (microseconds since the epoch), in any order."""
        facts = customer.facts
        for claims in facts.tickets.values():
            ticket = self._tickets.derive(customer, claims)
            if ticket is not None:
                yield from SlaOutcome(decide(ticket, self._limits, now)).exposures()
        for order_id in facts.orders:
            order = customer.order(order_id)
            if order is not None:
                yield from orders.exposures(order, now)
        for refund in facts.refunds.values():
            yield from refunds.exposures(refunds.derive(refund, customer.has_order))
        for review in facts.reviews.values():
            yield from feedback.review_exposures(feedback.derive(review))
        for claim in facts.customer_claims:
            if not isinstance(claim, Answered):
                yield from feedback.claim_exposures(claim)
        for answer in feedback.answers_that_hold(facts.customer_claims):
            yield from feedback.claim_exposures(answer)
