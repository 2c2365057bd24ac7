"""The contribution of one customer to the sums of calendar periods, derived from the facts.

A partition in bootstrap mode has no aggregates yet. The change that a fact makes is found there by comparing
the contribution of its customer before and after it.
"""

from collections.abc import Iterable

from models.aggregation.period_sums import PeriodSums, PeriodTable
from models.customers.customer import AppliedTicket, Customer
from models.customers.period_flows import PeriodFlows
from models.customers.periods import PeriodAggregator
from models.customers.ticket_rules import TicketRules
from models.definitions.definitions import Definitions
from models.entities.feedback import answers_that_hold
from models.entities.sla import SlaOutcome, decide
from models.entities.sla_limits import time_limits
from models.facts.claims import Answered, AnswersWithdrawn, OrderClaim, RefundClaim, TicketClaim
from models.facts.fact import Fact
from models.schedules.periods import calendars


class PeriodContributions:
    """Computes the sums of single customers.

    Args:
        definitions: the kinds of periods, and the definitions of what is summed.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._calendars = calendars(definitions)
        self._rules = TicketRules(definitions)
        self._limits = time_limits(definitions)

    def of(self, customer: Customer, now: int, about: Fact | None = None) -> PeriodTable:
        """Return the sums of a customer at `now` (microseconds since the epoch).

        Args:
            customer: the customer.
            now: the clock.
            about: a fact. Entities that it cannot change are left out. None: all entities count.
        """
        sums = PeriodSums(self._calendars)
        PeriodAggregator(sums).add_history(customer.order_history, 1)
        flows = PeriodFlows(sums)
        for order_id in _orders(customer, about):
            flows.replace_order(customer, None, customer.order(order_id))
        for ticket_id in self._tickets(customer, about):
            claims = customer.facts.tickets.get(ticket_id, ())
            ticket = self._rules.derive(customer, claims) if claims else None
            if ticket is not None:
                outcome = SlaOutcome(decide(ticket, self._limits, now))
                flows.replace_ticket(customer, None, AppliedTicket(ticket, outcome))
        if about is None or isinstance(about.claim, Answered | AnswersWithdrawn):
            flows.replace_answers(customer, (), answers_that_hold(customer.facts.customer_claims))
        return sums.evaluate()

    def _tickets(self, customer: Customer, about: Fact | None) -> Iterable[str]:
        """Return the tickets that a fact may change. Orders do if targets depend on the customer's tier."""
        if about is None or (self._rules.by_tier and isinstance(about.claim, OrderClaim | RefundClaim)):
            return customer.facts.tickets
        return [about.entity] if isinstance(about.claim, TicketClaim) else []


def _orders(customer: Customer, about: Fact | None) -> Iterable[str]:
    """Return the orders that a fact may change."""
    if about is None:
        return customer.facts.orders
    if isinstance(about.claim, RefundClaim):
        known = customer.facts.refunds.get(about.entity, ())
        return {about.claim.order, *(claim.order for claim in known)}
    return [about.entity] if isinstance(about.claim, OrderClaim) else []
