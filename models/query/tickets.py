"""Which tickets are behind a number (docs/api.md, "Tickets")."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from models.customers.customer import Customer
from models.customers.ticket_rules import TicketRules
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
from models.entities.sla_limits import time_limits
from models.entities.ticket_corrections import TicketFields, latest_fields
from models.facts.claims import STATUSES
from models.outputs.ids import to_datetime
from models.query.channels import ChannelFilter
from models.query.parameters import TicketQuery
from models.query.responses import Clock, Target, Ticket
from models.query.segments import SegmentFilter
from models.query.ticket_clock import TicketClocks

_UNITS: Final = {"m": US_PER_MINUTE, "h": US_PER_HOUR, "d": US_PER_DAY}


class Tickets:
    """Selects tickets.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._limits = time_limits(definitions)
        self._clocks = TicketClocks(definitions)
        self._rules = TicketRules(definitions)
        self._channels = ChannelFilter(definitions)
        self._segments = SegmentFilter(definitions)

    def find(self, customer: Customer, query: TicketQuery, now: int) -> Iterator[Ticket]:
        """Yield the tickets of a customer that a query selects, sorted by id.

        Args:
            customer: the customer, by the facts known at `now`.
            query: parameters of the list.
            now: the partition's clock, microseconds since the epoch.
        """
        for ticket_id, claims in sorted(customer.facts.tickets.items()):
            ticket = self._rules.derive(customer, claims)
            if ticket is None or not _matches_ticket(ticket, query):
                continue
            if not self._channels.selects(query.channel, ticket.channel):
                continue
            has_value = partial(self._segments.has_ticket, customer, ticket, query.segment)
            if query.window is None and not has_value(ticket.opened):
                continue
            fields = latest_fields(claims)
            if not _matches_fields(fields, query) or (query.paused and not self._clocks.is_paused(ticket)):
                continue
            decisions = sla.decide(ticket, self._limits, now)
            if _matches_targets(ticket, decisions, query, now, has_value):
                clock = self._clocks.read(ticket, decisions, now)
                yield _response(customer, ticket_id, ticket, fields, decisions, clock=clock)


def contains(window: Window, time: int, now: int) -> bool:
    """Return whether a window that ends at `now` contains a time. Short windows slide by the minute.

    Args:
        window: the window.
        time: microseconds since the epoch.
        now: microseconds since the epoch.
    """
    if window in SHORT_WINDOWS:
        return minute(now) - window.minutes < minute(time) <= minute(now)
    return hour(now) - window.hours < hour(time) <= hour(now)


def _matches_ticket(ticket: tickets.Ticket, query: TicketQuery) -> bool:
    """Return whether priority, status and first response match.

    A breach of a window counts under the priority in force at its instant, not under that of now.
    """
    if query.window is None and query.priority not in {None, PRIORITIES[ticket.priority]}:
        return False
    if query.status not in {None, STATUSES[ticket.status]}:
        return False
    if query.unanswered is None:
        return True
    answered = ticket.answered if query.unanswered == "any" else ticket.answered_by_human
    return answered is None and not ticket.is_resolved and not ticket.by_agent


def _matches_fields(fields: TicketFields, query: TicketQuery) -> bool:
    """Return whether the latest team, category and agent match."""
    return (
        query.team in {None, fields.team}
        and query.category in {None, fields.category}
        and query.agent in {None, fields.agent}
    )


def _matches_targets(
    ticket: tickets.Ticket,
    decisions: Sequence[Decision],
    query: TicketQuery,
    now: int,
    has_value: Callable[[int], bool],
) -> bool:
    """Return whether the targets match. In a window, a breach counts if `has_value` is true at its time."""
    selected = [each for each in decisions if query.sla in {None, sla.KINDS[each.kind]}]
    if query.due_within is not None:
        until = now + int(query.due_within[:-1]) * _UNITS[query.due_within[-1]]
        return any(each.decided is None and each.due is not None and each.due <= until for each in selected)
    if not query.breached:
        return query.status is not None or not ticket.is_resolved
    if query.window is None:
        return not ticket.is_resolved and any(each.breached for each in selected)
    window = Window.parse(query.window)
    return any(
        each.breached
        and contains(window, each.decided, now)
        and query.priority in {None, PRIORITIES[each.priority]}
        and has_value(each.decided)
        for each in selected
        if each.decided is not None
    )


def _response(
    customer: Customer,
    ticket_id: str,
    ticket: tickets.Ticket,
    fields: TicketFields,
    decisions: Sequence[Decision],
    *,
    clock: Clock,
) -> Ticket:
    return Ticket(
        customer_id=customer.key.decode(),
        ticket_id=ticket_id,
        status=STATUSES[ticket.status],
        priority=PRIORITIES[ticket.priority],
        channel=ticket.channel,
        opened_by="agent" if ticket.by_agent else "customer",
        opened=to_datetime(ticket.opened),
        answered=_optional(None if ticket.by_agent else ticket.answered),
        answered_by_human=_optional(None if ticket.by_agent else ticket.answered_by_human),
        promised=_optional(ticket.promise),
        targets=[_target(each) for each in decisions],
        clock=clock,
        team=fields.team,
        category=fields.category,
        agent=fields.agent,
    )


def _optional(time: int | None) -> datetime | None:
    return None if time is None else to_datetime(time)


def _target(decision: Decision) -> Target:
    due, decided = _optional(decision.due), _optional(decision.decided)
    if decision.decided is None:
        return Target(sla.KINDS[decision.kind], "open", due, decided)
    return Target(sla.KINDS[decision.kind], "breached" if decision.breached else "met", due, decided)
