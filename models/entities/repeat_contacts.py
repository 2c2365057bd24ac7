"""Customers who open another ticket soon after one was resolved (docs/metrics.md, "Tickets").

A resolved ticket is counted in the event hour in which its 7 days end, so that no counted ticket can still be
followed by another one.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from models.aggregation.aggregates import Aggregates
from models.definitions.windows import US_PER_HOUR
from models.entities.tickets import Ticket

#: Time after the resolution in which another ticket is a repeat contact.
FOLLOWING_HOURS: Final = 168
FOLLOWING_US: Final = FOLLOWING_HOURS * US_PER_HOUR


class RepeatContactAggregator:
    """Adds resolved tickets, and whether the customer opened another one, to a partition's aggregates."""

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates
        self._resolved = aggregates.count("contact_resolved")
        self._repeated = aggregates.count("contact_repeated")

    def restore(self, tickets: Sequence[Ticket]) -> None:
        """Apply all tickets of a restored customer."""
        openings = _openings(tickets)
        for ticket in tickets:
            self._add(ticket, openings, 1, own=1)

    def replace(self, others: Sequence[Ticket], old: Ticket | None, new: Ticket | None) -> None:
        """Retract a ticket as it was, and apply it as it is. None: it does not count.

        Args:
            others: the customer's other tickets that count, at least those `beside` the change.
            old: the ticket before a change.
            new: the ticket after it.
        """
        openings = _openings(others) if others else ()
        if old is not None:
            self._add(old, openings, -1, own=0)
        if new is not None:
            self._add(new, openings, 1, own=0)
        if _opening(old) != _opening(new):
            for other in others:
                self._replace_opening(other, openings, old, new)

    def _replace_opening(
        self, ticket: Ticket, openings: Sequence[int], old: Ticket | None, new: Ticket | None
    ) -> None:
        """Count again whether a resolved ticket is followed, after the opening of another one changed."""
        if ticket.full_resolution is None:
            return
        before, after = (other is not None and _follows(other, ticket) for other in (old, new))
        if before != after and not _is_followed(ticket, openings, own=1):
            self._add_repeated(ticket.full_resolution, 1 if after else -1)

    def _add(self, ticket: Ticket, openings: Sequence[int], sign: int, *, own: int) -> None:
        resolved = ticket.full_resolution
        if resolved is None:
            return
        cells = self._aggregates.counts.cells_of_weight(sign)
        cells.append(self._resolved + resolved // US_PER_HOUR + FOLLOWING_HOURS)
        if _is_followed(ticket, openings, own=own):
            self._add_repeated(resolved, sign)

    def _add_repeated(self, resolved: int, sign: int) -> None:
        cells = self._aggregates.counts.cells_of_weight(sign)
        cells.append(self._repeated + resolved // US_PER_HOUR + FOLLOWING_HOURS)


def _openings(tickets: Sequence[Ticket]) -> list[int]:
    """Return the times at which the customer opened tickets, ascending, microseconds since the epoch."""
    return sorted(ticket.opened for ticket in tickets if not ticket.by_agent)


def _is_followed(ticket: Ticket, openings: Sequence[int], *, own: int) -> bool:
    """Return whether the customer opened another ticket within 7 days after a ticket was resolved.

    Args:
        ticket: the ticket.
        openings: openings of the customer's tickets, ascending.
        own: 1 if that of the ticket is among them, else 0. It may follow: a status can be before an opening.
    """
    resolved = ticket.full_resolution
    if resolved is None or not openings:
        return False
    following = bisect_right(openings, resolved + FOLLOWING_US) - bisect_right(openings, resolved)
    return following > own * _follows(ticket, ticket)


def _opening(ticket: Ticket | None) -> tuple[int, bool] | None:
    return None if ticket is None else (ticket.opened, ticket.by_agent)


def concerns_contacts(old: Ticket | None, new: Ticket | None) -> bool:
    """Return whether a change of a ticket can change what `RepeatContactAggregator` counts."""
    if old is None or new is None:
        return old is not new
    return old.full_resolution != new.full_resolution or _opening(old) != _opening(new)


def beside(old: Ticket | None, new: Ticket | None) -> tuple[int, int]:
    """Return the earliest and the latest event time of other tickets that a change can affect.

    Of a customer with many tickets, few are in this span.
    """
    known = [ticket for ticket in (old, new) if ticket is not None]
    times = [time for ticket in known for time in (ticket.opened, ticket.full_resolution) if time is not None]
    return min(times) - FOLLOWING_US, max(times) + FOLLOWING_US


def _follows(other: Ticket, ticket: Ticket) -> bool:
    """Return whether the customer opened the other ticket within 7 days after a ticket was resolved."""
    resolved = ticket.full_resolution
    return not other.by_agent and resolved is not None and resolved < other.opened <= resolved + FOLLOWING_US
