"""Which tickets are behind a number (docs/api.md, "Tickets")."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from models.customers.customer import Customer
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.windows import (
    SHORT_WINDOWS,
    US_PER_DAY,
    US_PER_HOUR,
    US_PER_MINUTE,
    Window,
    hour,
    minute,
)
from models.entities import sla, tickets
from models.entities.sla import Decision
from models.facts.claims import STATUSES
from models.outputs.ids import to_datetime
from models.query.parameters import TicketQuery
from models.query.responses import Target, Ticket

_UNITS: Final = {"m": US_PER_MINUTE, "h": US_PER_HOUR, "d": US_PER_DAY}


class Tickets:
    """Finds tickets, by the present definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._targets = sla.sla_targets(definitions)

    def find(self, account: Customer, question: TicketQuery, now: int) -> Iterator[Ticket]:
        """Give a customer's tickets that a question is about, as of `now` (microseconds), by their ids."""
        for entity, claims in sorted(account.facts.tickets.items()):
            ticket = tickets.derive(claims)
            if ticket is None or not _is_asked_for(ticket, question):
                continue
            decisions = list(sla.decide(ticket, self._targets, now))
            if _holds(ticket, decisions, question, now):
                yield _shown(account, entity, ticket, decisions)


def is_in(window: Window, time: int, now: int) -> bool:
    """Whether a window holds an instant at `now`: the short ones slide by the minute."""
    if window in SHORT_WINDOWS:
        return minute(now) - window.minutes < minute(time) <= minute(now)
    return hour(now) - window.hours < hour(time) <= hour(now)


def _is_asked_for(ticket: tickets.Ticket, question: TicketQuery) -> bool:
    if question.priority not in {None, PRIORITIES[ticket.priority]}:
        return False
    if question.status not in {None, STATUSES[ticket.status]}:
        return False
    if question.unanswered is None:
        return True
    answered = ticket.answered if question.unanswered == "any" else ticket.answered_by_human
    return answered is None and not ticket.is_resolved and not ticket.by_agent


def _holds(ticket: tickets.Ticket, decisions: list[Decision], question: TicketQuery, now: int) -> bool:
    asked = [each for each in decisions if question.sla in {None, sla.KINDS[each.kind]}]
    if question.due_within is not None:
        until = now + int(question.due_within[:-1]) * _UNITS[question.due_within[-1]]
        return any(each.decided is None and each.due <= until for each in asked)
    if not question.breached:
        return question.status is not None or not ticket.is_resolved
    if question.window is None:
        return not ticket.is_resolved and any(each.breached for each in asked)
    window = Window.parse(question.window)
    return any(each.breached and is_in(window, each.due, now) for each in asked)


def _shown(account: Customer, entity: str, ticket: tickets.Ticket, decisions: list[Decision]) -> Ticket:
    return Ticket(
        customer_id=account.key.decode(),
        ticket_id=entity,
        status=STATUSES[ticket.status],
        priority=PRIORITIES[ticket.priority],
        channel=ticket.channel,
        opened_by="agent" if ticket.by_agent else "customer",
        opened=to_datetime(ticket.opened),
        answered=_moment(None if ticket.by_agent else ticket.answered),
        answered_by_human=_moment(None if ticket.by_agent else ticket.answered_by_human),
        promised=_moment(ticket.promise),
        targets=[_target(each) for each in decisions],
    )


def _moment(time: int | None) -> datetime | None:
    return None if time is None else to_datetime(time)


def _target(decision: Decision) -> Target:
    state: Literal["open", "met", "breached"] = "met"
    if decision.breached:
        state = "breached"
    elif decision.decided is None:
        state = "open"
    return Target(sla.KINDS[decision.kind], state, to_datetime(decision.due), _moment(decision.decided))
