"""The turns of a conversation: a customer's reply, and the agent's reply to it (docs/metrics.md, "SLA")."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from models.facts.claims import AGENT, CUSTOMER, SOLVED, Opened, Replied, StatusChanged, TicketClaim


class ReplyTurn(NamedTuple):
    """A turn. Times are in microseconds since the epoch.

    Attributes:
        begin: time of the customer's first reply, or of the reopening after it.
        answered: time of the agent's reply that ended it. None if no reply did.
        dropped: time of the resolution that ended it without a reply. None if no resolution did.
    """

    begin: int
    answered: int | None = None
    dropped: int | None = None

    @property
    def end(self) -> int | None:
        """Time at which the turn ended. None while it is open."""
        return self.dropped if self.answered is None else self.answered


def reply_turns(opened: Opened, claims: Sequence[TicketClaim]) -> tuple[ReplyTurn, ...]:
    """Return the turns of a ticket, the earliest first.

    Args:
        opened: the claim that opened the ticket.
        claims: claims about the ticket. Public replies of agents and of the customer matter, and statuses.
    """
    return tuple(_Conversation().turns(sorted(_steps(opened, claims))))


#: Time, whether it is a status, event id, whether it begins (a reply of the customer, an unresolved status).
_Step = tuple[int, bool, str, bool]


def _steps(opened: Opened, claims: Sequence[TicketClaim]) -> Iterator[_Step]:
    """Yield what begins and ends turns. At one instant, replies come before statuses."""
    if opened.by_agent:
        yield opened.time, False, opened.id, False
    for claim in claims:
        if isinstance(claim, StatusChanged):
            yield claim.time, True, claim.id, claim.status < SOLVED
        elif isinstance(claim, Replied) and claim.public and claim.author in (AGENT, CUSTOMER):
            yield claim.time, False, claim.id, claim.author == CUSTOMER


class _Conversation:
    """A ticket while its replies and statuses are read in order.

    A customer's reply while the ticket is resolved begins a turn at the reopening, unless an agent replies
    before it.
    """

    def __init__(self) -> None:
        self._begin: int | None = None
        self._agent_replied = False
        self._resolved = False
        self._customer_replied = False  # while the ticket was resolved, without a later reply of an agent

    def turns(self, steps: Sequence[_Step]) -> Iterator[ReplyTurn]:
        """Yield the turns that end, and the one that is open at the end."""
        for time, is_status, _, begins in steps:
            if is_status:
                dropped = self._change_status(time, resolved=not begins)
                if dropped is not None:
                    yield ReplyTurn(dropped, dropped=time)
            elif begins:
                self._add_customer_reply(time)
            else:
                if self._begin is not None:
                    yield ReplyTurn(self._begin, answered=time)
                self._begin, self._agent_replied, self._customer_replied = None, True, False
        if self._begin is not None:
            yield ReplyTurn(self._begin)

    def _add_customer_reply(self, time: int) -> None:
        if not self._agent_replied or self._begin is not None:
            return
        if self._resolved:
            self._customer_replied = True
        else:
            self._begin = time

    def _change_status(self, time: int, *, resolved: bool) -> int | None:
        """Change the status, and return the begin of the turn that this ends. None if it ends none."""
        before, self._resolved = self._resolved, resolved
        if resolved:
            dropped, self._begin = self._begin, None
            return dropped
        if before and self._customer_replied:
            self._begin, self._customer_replied = time, False
        return None
