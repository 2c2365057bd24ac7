"""Updates of tickets and of their SLAs (docs/metrics.md, "Tickets" and "SLA")."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from models.customers.customer import AppliedTicket, Customer
from models.customers.facts_by_entity import replace_claims
from models.customers.team_answers import team_answers
from models.customers.ticket_rules import TicketRules
from models.entities import tickets
from models.entities.exposures import Exposure
from models.entities.repeat_contacts import RepeatContactAggregator, beside, concerns_contacts
from models.entities.sla import SlaAggregator
from models.entities.teams import TeamAggregator
from models.entities.ticket_corrections import counted_withdrawal
from models.entities.tickets import Ticket, TicketAggregator
from models.facts.claims import TicketClaim
from models.partition.timers import TICKET
from models.partition.updates.context import UpdateContext


class TicketAggregators(NamedTuple):
    """The aggregators that tickets contribute to."""

    tickets: TicketAggregator
    slas: SlaAggregator
    contacts: RepeatContactAggregator
    teams: TeamAggregator


class TicketUpdates:
    """Keeps the contributions of tickets up to date."""

    def __init__(self, context: UpdateContext, rules: TicketRules, aggregators: TicketAggregators) -> None:
        self._context = context
        self._rules = rules
        self._aggregator, self._slas, self._contacts, self._teams = aggregators

    def apply(self, customer: Customer, ticket_id: str, claim: TicketClaim) -> None:
        """Apply a claim of a ticket."""
        self.replace(customer, ticket_id, [*customer.facts.tickets.get(ticket_id, ()), claim])

    def replace(self, customer: Customer, ticket_id: str, claims: list[TicketClaim]) -> None:
        """Replace the claims of a ticket."""
        known = customer.facts.tickets.get(ticket_id, ())
        applied = customer.applied_tickets.get(ticket_id)
        old = self._rules.derive(customer, known) if applied is None else applied.ticket
        new = self._rules.derive(customer, claims)
        if old is None or new is None:
            self._change_withdrawal(known, claims)
        answers = team_answers(customer, self._rules)
        replace_claims(customer.facts.tickets, ticket_id, claims)
        if old == new:
            return
        self._aggregator.replace(old, new)
        self._teams.replace(old, new)
        if answers or customer.facts.answer_tickets:
            self._teams.replace_answers(answers, team_answers(customer, self._rules))
        if concerns_contacts(old, new):
            self._contacts.replace(_others(customer, ticket_id, *beside(old, new)), old, new)
        self._change_slas(customer, ticket_id, applied or self._as_applied(old, self._context.now), new)

    def restore(self, customer: Customer) -> list[Exposure]:
        """Apply all tickets of a restored customer, and return the exposures by slow responses."""
        exposures: list[Exposure] = []
        counted: list[Ticket] = []
        for ticket_id, claims in customer.facts.tickets.items():
            ticket = self._rules.derive(customer, claims)
            if ticket is None:
                self._change_withdrawal((), claims)
            else:
                outcome = self._slas.outcome(ticket, self._context.now)
                counted.append(ticket)
                self._aggregator.add(ticket)
                self._teams.add(ticket, 1)
                self._slas.add(outcome)
                self._teams.add_decisions(outcome, 1)
                self._context.timers.schedule(customer.key, TICKET, ticket_id, outcome.due)
                exposures += outcome.exposures()
                for listener in self._context.listeners:
                    listener.replace_ticket(customer, None, AppliedTicket(ticket, outcome))
        self._contacts.restore(counted)
        return exposures

    def on_timer(self, customer: Customer, ticket_id: str, before: int) -> None:
        """Replace the SLA outcome of a ticket as of `before` (microseconds) by that of now."""
        applied = customer.applied_tickets.get(ticket_id)
        if applied is None:
            ticket = self._rules.derive(customer, customer.facts.tickets.get(ticket_id, ()))
            applied = self._as_applied(ticket, before)
        if applied is not None:
            self._change_slas(customer, ticket_id, applied, applied.ticket)

    def replace_all(self, customer: Customer, before: Mapping[str, Ticket]) -> None:
        """Replace all tickets of a customer whose orders have changed.

        Args:
            customer: the customer, with the orders that are known now.
            before: the tickets as they were applied, from `all`.
        """
        for ticket_id, new in self.all(customer).items():
            old = before[ticket_id]
            if old != new:
                self._aggregator.replace(old, new)
                self._change_slas(customer, ticket_id, self._as_applied(old, self._context.now), new)

    def all(self, customer: Customer) -> dict[str, Ticket]:
        """Return the tickets of a customer by id, if their targets depend on orders; else none."""
        if not self._rules.by_tier:
            return {}
        derived = {
            ticket_id: self._rules.derive(customer, claims)
            for ticket_id, claims in customer.facts.tickets.items()
        }
        return {ticket_id: ticket for ticket_id, ticket in derived.items() if ticket is not None}

    def applied(self, customer: Customer) -> list[AppliedTicket]:
        """Return the tickets of a customer as they are applied, with their outcomes."""
        found = [
            customer.applied_tickets.get(ticket_id)
            or self._as_applied(self._rules.derive(customer, claims), self._context.now)
            for ticket_id, claims in customer.facts.tickets.items()
        ]
        return [each for each in found if each is not None]

    def _change_withdrawal(self, before: Sequence[TicketClaim], after: Sequence[TicketClaim]) -> None:
        """Replace the withdrawal of a ticket, given its claims."""
        for claims, sign in ((before, -1), (after, 1)):
            withdrawn = counted_withdrawal(claims)
            if withdrawn is not None:
                self._aggregator.add_withdrawal(withdrawn, sign)

    def _as_applied(self, ticket: Ticket | None, now: int) -> AppliedTicket | None:
        return None if ticket is None else AppliedTicket(ticket, self._slas.outcome(ticket, now))

    def _change_slas(
        self, customer: Customer, ticket_id: str, applied: AppliedTicket | None, ticket: Ticket | None
    ) -> None:
        """Replace the SLA outcome of a ticket as it was applied by that of the ticket as it is now."""
        present = self._as_applied(ticket, self._context.now)
        if present is None:
            customer.applied_tickets.pop(ticket_id, None)
        else:
            customer.applied_tickets[ticket_id] = present
        for listener in self._context.listeners:
            listener.replace_ticket(customer, applied, present)
        old, new = [None if each is None else each.outcome for each in (applied, present)]
        if new == old:
            return
        self._slas.replace(old, new)
        self._teams.replace_decisions(old, new)
        if new is not None and (old is None or new.due != old.due):
            self._context.timers.schedule(customer.key, TICKET, ticket_id, new.due)
        before, after = [() if outcome is None else outcome.exposures() for outcome in (old, new)]
        self._context.customers.record_exposure(customer, before, after)


def _others(customer: Customer, ticket_id: str, begin: int, end: int) -> list[Ticket]:
    """Return the customer's tickets that count and have an event in [begin, end], except one."""
    derived = []
    for other, claims in customer.facts.tickets.items():
        for claim in claims:  # `any` takes three times as long: a customer can have thousands of tickets
            if begin <= claim.time <= end:
                if other != ticket_id:
                    derived.append(tickets.derive(claims))
                break
    return [ticket for ticket in derived if ticket is not None]
