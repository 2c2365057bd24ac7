"""The answers of a customer about tickets of teams (docs/metrics.md, "Teams")."""

from collections import Counter
from typing import Final

from models.customers.customer import Customer
from models.customers.ticket_rules import TicketRules
from models.definitions.windows import US_PER_HOUR
from models.entities.feedback import CSAT, answers_that_hold, is_satisfied
from models.entities.teams import TeamAnswer

#: The answers of shops without teams, for each of their ticket events.
_NO_ANSWERS: Final[Counter[TeamAnswer]] = Counter()


def team_answers(customer: Customer, rules: TicketRules) -> Counter[TeamAnswer]:
    """Return the `csat` answers about tickets that count, and how many there are of each.

    Args:
        customer: the customer.
        rules: how tickets are derived.
    """
    tickets_of, known = customer.facts.answer_tickets, customer.facts.tickets
    if not (rules.with_teams and tickets_of):
        return _NO_ANSWERS
    found: Counter[TeamAnswer] = Counter()
    for answer in answers_that_hold(customer.facts.customer_claims):
        ticket_id = tickets_of.get((answer.time, answer.id)) if answer.survey == CSAT else None
        ticket = None if ticket_id is None else rules.derive(customer, known.get(ticket_id, ()))
        if ticket is not None and ticket.team is not None:
            found[TeamAnswer(ticket.team, answer.time // US_PER_HOUR, is_satisfied(answer))] += 1
    return found
