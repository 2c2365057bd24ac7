"""Explain what each fact about a ticket counts for (docs/metrics.md, "Tickets" and "SLA").

The explanations follow the rules of `models.entities` and use what it derives.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from models.customers.customer import Customer
from models.definitions.definitions import PRIORITIES
from models.entities import tickets
from models.entities.ticket_corrections import counted_withdrawal, latest_claims
from models.entities.tickets import Ticket
from models.facts import claims
from models.query.explanations import (
    Explanation,
    claims_of,
    first_counts,
    incomplete,
    opposites,
    superseded,
)


def explain_ticket(customer: Customer, entity: str, *, with_turns: bool = False) -> Iterator[Explanation]:
    """Yield an explanation of each claim about one ticket.

    Args:
        customer: the customer.
        entity: id of the ticket.
        with_turns: whether a target of the next response is configured.
    """
    known = customer.facts.tickets[entity]
    ticket, withdrawn = tickets.derive(known), counted_withdrawal(known)
    if withdrawn is not None:
        yield from _withdrawn(known, withdrawn, entity)
        return
    if ticket is None:
        yield from incomplete(known, f"does not count yet: no known event has opened ticket {entity}")
        return
    yield from first_counts(
        claims_of(known, claims.Opened),
        ["tickets", "sla"],
        f"opens ticket {entity}",
        f"ticket {entity} was opened by an earlier event",
    )
    for explanation in _replies(claims_of(known, claims.Replied), ticket):
        yield _in_conversation(explanation) if with_turns else explanation
    yield from _changes(claims_of(known, claims.StatusChanged), ticket)
    yield from first_counts(
        claims_of(known, claims.Transferred),
        ["tickets"],
        "transfers the ticket",
        "the ticket was transferred by an earlier event",
    )
    yield from _updates(known, ticket)
    yield from _opposites(known, entity)


def _withdrawn(
    known: Sequence[claims.TicketClaim], withdrawn: claims.TicketWithdrawn, entity: str
) -> Iterator[Explanation]:
    """Yield an explanation of each claim about a withdrawn ticket."""
    yield from _opposites(known, entity)
    others = [
        claim for claim in known if not isinstance(claim, claims.TicketWithdrawn | claims.TicketRestored)
    ]
    yield from superseded(others, withdrawn, f"ticket {entity} was withdrawn, so it counts for nothing")


def _opposites(known: Sequence[claims.TicketClaim], entity: str) -> Iterator[Explanation]:
    return opposites(known, claims.TicketWithdrawn, claims.TicketRestored, partial(_withdrawal, entity))


def _withdrawal(entity: str, claim: claims.TicketWithdrawn | claims.TicketRestored) -> Explanation:
    reason = f"restores ticket {entity}, which counts as if it had never been withdrawn"
    if isinstance(claim, claims.TicketWithdrawn):
        reason = f"withdraws ticket {entity}, with the reason {claims.WITHDRAWAL_REASONS[claim.reason]}"
    return Explanation(claim, ["tickets"], reason)


def _updates(known: Sequence[claims.TicketClaim], ticket: Ticket) -> Iterator[Explanation]:
    """Yield an explanation of each claim that changes fields of a ticket."""
    latest = latest_claims(known)
    begun = {(change.since, change.priority) for change in ticket.priority_changes[1:]}
    for update in claims_of(known, claims.TicketUpdated):
        named = [name for name in latest if getattr(update, name) is not None]
        current = [name for name in named if latest[name] is update]
        reasons = [f"sets the {name}" for name in current]
        changes_priority = update.priority is not None and (update.time, update.priority) in begun
        if changes_priority:
            reasons.insert(0, f"sets the priority {PRIORITIES[update.priority or 0]} from then on")
        elif update.priority is not None:
            reasons.append("changes no priority")
        if reasons:
            yield Explanation(update, ["tickets", "sla"] if changes_priority else [], ", ".join(reasons))
        else:
            yield from superseded([update], latest[named[0]], f"a later event sets the {named[0]}")


def _replies(replies: Sequence[claims.Replied], ticket: Ticket) -> Iterator[Explanation]:
    responses = [reply for reply in replies if reply.public and reply.author != claims.CUSTOMER]
    for reply in replies:
        if reply in responses:
            yield _response(reply, responses, ticket)
        else:
            reason = "written by the customer" if reply.author == claims.CUSTOMER else "not public"
            yield Explanation(reply, [], f"not a response: {reason}")


def _in_conversation(explanation: Explanation) -> Explanation:
    """Return the explanation of a reply that may begin or end a turn, which has a target of its own."""
    reply = explanation.claim
    if not isinstance(reply, claims.Replied) or not reply.public or reply.author == claims.BOT:
        return explanation
    if "sla" in explanation.uses:
        return explanation
    reason = "part of the conversation, in which each turn has a target"
    return Explanation(reply, [*explanation.uses, "sla"], reason)


def _response(reply: claims.Replied, responses: Sequence[claims.Replied], ticket: Ticket) -> Explanation:
    roles = list(_roles(reply, responses, ticket))
    if roles:
        return Explanation(reply, ["tickets", "sla"], ", ".join(roles))
    if ticket.by_agent:
        return Explanation(reply, ["tickets"], "an agent opened the ticket, so it has no first response")
    return Explanation(reply, [], "not the first response", responses[0].id)


def _roles(reply: claims.Replied, responses: Sequence[claims.Replied], ticket: Ticket) -> Iterator[str]:
    """Yield the roles in which a response counts, in words."""
    humans = [one for one in responses if one.author == claims.AGENT]
    promises = [one for one in responses if one.promised is not None]
    if not ticket.by_agent and reply is responses[0]:
        yield "the first response"
    if not ticket.by_agent and humans and reply is humans[0]:
        yield "the first human response"
    if promises and reply is promises[-1]:
        yield "the latest promised deadline"


def _changes(changes: Sequence[claims.StatusChanged], ticket: Ticket) -> Iterator[Explanation]:
    resolved = False
    for change in changes:
        resolves = change.status >= claims.SOLVED
        first = resolves and not resolved and change.time == ticket.first_resolution
        reason = _change_reason(first=first, resolved=resolved, resolves=resolves)
        if change is changes[-1]:
            reason += "; the latest status"
        resolved = resolves
        # A pause moves the due time of the first resolution.
        decides = first or ticket.first_resolution is None or change.time < ticket.first_resolution
        yield Explanation(change, ["tickets", "sla"] if decides else ["tickets"], reason)


def _change_reason(*, first: bool, resolved: bool, resolves: bool) -> str:
    if first:
        return "the first resolution"
    if resolves:
        return "part of the same resolution" if resolved else "a later resolution"
    return "reopens the ticket" if resolved else "a status change, which affects the requester's waiting time"
