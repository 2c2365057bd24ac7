"""Corrections of tickets: withdrawals, and changes of fields (docs/metrics.md, "Tickets")."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from models.entities.opposites import in_force
from models.facts.claims import (
    Opened,
    Replied,
    TicketClaim,
    TicketRestored,
    TicketUpdated,
    TicketWithdrawn,
    rank,
)


class PriorityChange(NamedTuple):
    """A priority of a ticket, and from when on it was in force.

    Attributes:
        since: microseconds since the epoch.
        priority: index in `PRIORITIES`.
    """

    since: int
    priority: int


class TicketFields(NamedTuple):
    """The latest team, category and agent of a ticket. None if no event names one."""

    team: str | None
    category: str | None
    agent: str | None


def withdrawal(claims: Iterable[TicketClaim]) -> TicketWithdrawn | None:
    """Return the claim by which a ticket is withdrawn. None if it is not, or is restored."""
    return in_force(claims, TicketWithdrawn, TicketRestored)


def counted_withdrawal(claims: Sequence[TicketClaim]) -> TicketWithdrawn | None:
    """Return the claim by which a ticket that was opened is withdrawn. None without one."""
    return withdrawal(claims) if any(isinstance(claim, Opened) for claim in claims) else None


def without_withdrawals(claims: Iterable[TicketClaim]) -> list[TicketClaim]:
    """Return the claims about a ticket as if it had never been withdrawn."""
    return [claim for claim in claims if not isinstance(claim, TicketWithdrawn)]


def priority_changes(opened: Opened, claims: Iterable[TicketClaim]) -> tuple[PriorityChange, ...]:
    """Return the priorities of a ticket in the order in which they were in force, the opening's first.

    Of updates at one instant the last one by id is in force. An update before the opening never is.

    Args:
        opened: the claim that opened the ticket.
        claims: claims about the ticket. Only `TicketUpdated` claims matter.
    """
    updates = [
        (claim.time, claim.id, claim.priority)
        for claim in claims
        if isinstance(claim, TicketUpdated) and claim.priority is not None and rank(claim) > rank(opened)
    ]
    in_force = {opened.time: opened.priority}
    in_force.update((time, priority) for time, _, priority in sorted(updates))
    first, *later = (PriorityChange(since, priority) for since, priority in in_force.items())
    changed = [after for before, after in pairwise([first, *later]) if after.priority != before.priority]
    return (first, *changed)


def latest_fields(claims: Iterable[TicketClaim]) -> TicketFields:
    """Return the latest team, category and agent that events about one ticket name."""
    latest = latest_claims(claims)
    return TicketFields(*(getattr(latest.get(field), field, None) for field in TicketFields._fields))


def latest_claims(claims: Iterable[TicketClaim]) -> dict[str, TicketClaim]:
    """Return the latest claim that names each of the fields of `TicketFields`.

    Of several `Opened` claims only the earliest counts.
    """
    ordered = sorted(claims, key=rank)
    opened = next((claim for claim in ordered if isinstance(claim, Opened)), None)
    return {
        field: claim
        for claim in ordered
        for field in TicketFields._fields
        if (claim is opened or isinstance(claim, TicketUpdated | Replied))
        and getattr(claim, field, None) is not None
    }
