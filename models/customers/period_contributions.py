"""What one customer adds to the sums of calendar periods, from the facts alone.

The aggregates of a partition in bootstrap mode do not exist yet, so that a change of a customer is found by
comparing two of these.
"""

from models.aggregation.period_sums import PeriodSums, PeriodTable
from models.customers.customer import AppliedTicket, Customer
from models.customers.period_flows import PeriodFlows
from models.customers.periods import PeriodAggregator
from models.customers.ticket_rules import TicketRules
from models.definitions.definitions import Definitions
from models.entities.feedback import answers_that_hold
from models.entities.sla import SlaOutcome, decide
from models.entities.sla_limits import time_limits
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

    def of(self, customer: Customer, now: int) -> PeriodTable:
        """Return the sums of a customer at `now` (microseconds since the epoch)."""
        sums = PeriodSums(self._calendars)
        PeriodAggregator(sums).add_history(customer.order_history, 1)
        flows = PeriodFlows(sums)
        for order_id in customer.facts.orders:
            flows.replace_order(customer, None, customer.order(order_id))
        for claims in customer.facts.tickets.values():
            ticket = self._rules.derive(customer, claims)
            if ticket is not None:
                outcome = SlaOutcome(decide(ticket, self._limits, now))
                flows.replace_ticket(customer, None, AppliedTicket(ticket, outcome))
        flows.replace_answers(customer, (), answers_that_hold(customer.facts.customer_claims))
        return sums.evaluate()
