"""The calendar periods to which a customer adds something else after a change, from the facts alone.

The aggregates of a partition in bootstrap mode do not exist yet, so that a change of a customer is found by
comparing the customer before and after it.
"""

from collections.abc import Sequence
from typing import Final, get_args

from models.aggregation.period_sums import PeriodKeys, PeriodSums
from models.customers.customer import AppliedTicket, Customer
from models.customers.facts_by_entity import CustomerFacts
from models.customers.period_flows import PeriodFlows
from models.customers.periods import PeriodAggregator
from models.customers.ticket_rules import TicketRules
from models.definitions.definitions import Definitions
from models.definitions.windows import TIMELESS, horizon_start
from models.entities.feedback import answers_that_hold
from models.entities.sla import SlaOutcome, decide
from models.entities.sla_limits import time_limits
from models.facts.claims import Answered, AnswersWithdrawn, OrderClaim, RefundClaim, TicketClaim
from models.facts.control import AnyControlFact
from models.facts.fact import Fact
from models.identity.links import facts_since
from models.schedules.periods import calendars

_ORDERS: Final = frozenset(get_args(OrderClaim | RefundClaim))
_TICKETS: Final = frozenset(get_args(TicketClaim))
_ANSWERS: Final = frozenset({Answered, AnswersWithdrawn})
_CONTROL: Final = frozenset(get_args(AnyControlFact))


class PeriodChanges:
    """Compares what a customer adds to calendar periods before and after a change.

    Args:
        definitions: the kinds of periods, and the definitions of what is summed.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._calendars = calendars(definitions)
        self._rules = TicketRules(definitions)
        self._limits = time_limits(definitions)
        # The targets of tickets may depend on the customer's tier, and so on the orders.
        of_orders = _CONTROL | _ORDERS | (_TICKETS if self._rules.by_tier else frozenset())
        of_tickets = _CONTROL | _TICKETS | (_ORDERS if self._rules.by_tier else frozenset())
        # Claim class -> classes of the claims on which it depends what its fact changes.
        self._beside = {
            **dict.fromkeys(_ORDERS, of_orders),
            **dict.fromkeys(_TICKETS, of_tickets),
            **dict.fromkeys(_ANSWERS, _CONTROL | _ANSWERS),
        }

    def between(
        self,
        key: bytes,
        before: Sequence[Fact],
        after: Sequence[Fact],
        now: int,
        about: Fact | None = None,
    ) -> PeriodKeys:
        """Return the periods to which a customer adds something else after a change.

        Args:
            key: key of the customer.
            before: fact log before the change. Facts ahead of the clock count too.
            after: fact log after it.
            now: the clock, microseconds since the epoch.
            about: the only fact that was added, if this is known: only what it is about is compared.
        """
        logs = (self._within_horizon(key, each, now) for each in (before, after))
        old, new = (Customer(key, CustomerFacts.of(key, self._beside_of(about, each))) for each in logs)
        sums = PeriodSums(self._calendars)
        sums.start_recording()
        PeriodAggregator(sums).replace_history(old.order_history, new.order_history)
        flows = PeriodFlows(sums)
        for order_id in _orders(old, about) | _orders(new, about):
            flows.replace_order(new, old.order(order_id), new.order(order_id))
        for ticket_id in old.facts.tickets.keys() | new.facts.tickets.keys():
            flows.replace_ticket(new, self._ticket(old, ticket_id, now), self._ticket(new, ticket_id, now))
        if old.facts.customer_claims != new.facts.customer_claims:
            answers = [answers_that_hold(each.facts.customer_claims) for each in (old, new)]
            flows.replace_answers(new, *answers)
        return sums.stop_recording()

    def _within_horizon(self, key: bytes, facts: Sequence[Fact], now: int) -> Sequence[Fact]:
        """Return a log without facts beyond the horizon, which it holds until the clock is followed."""
        horizon = horizon_start(now, self._definitions.horizon_days)
        if all(fact.time >= horizon or fact.time == TIMELESS for fact in facts):
            return facts
        return facts_since(facts, horizon, key.decode(), self._definitions)

    def _beside_of(self, about: Fact | None, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Return the facts of a log on which it depends what a fact changes."""
        if about is None:
            return facts
        kind, entity = type(about.claim), about.entity
        beside = [fact for fact in facts if type(fact.claim) in self._beside[kind]]
        if kind not in _TICKETS:
            return beside
        return [fact for fact in beside if fact.entity == entity or type(fact.claim) not in _TICKETS]

    def _ticket(self, customer: Customer, ticket_id: str, now: int) -> AppliedTicket | None:
        claims = customer.facts.tickets.get(ticket_id)
        ticket = self._rules.derive(customer, claims) if claims else None
        return (
            None if ticket is None else AppliedTicket(ticket, SlaOutcome(decide(ticket, self._limits, now)))
        )


def _orders(customer: Customer, about: Fact | None) -> set[str]:
    """Return the orders of a customer that a fact may change."""
    if about is None:
        return {*customer.facts.orders}
    if isinstance(about.claim, RefundClaim):
        known = customer.facts.refunds.get(about.entity, ())
        return {about.claim.order, *(claim.order for claim in known)}
    return {about.entity} & customer.facts.orders.keys()
