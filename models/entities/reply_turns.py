"""The turns of a conversation: a customer's reply, and the agent's reply to it (docs/metrics.md, "SLA")."""

from collections.abc import Sequence
from typing import NamedTuple

from models.facts.claims import AGENT, BOT, CUSTOMER, SOLVED, Opened, Replied, StatusChanged


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


def reply_turns(
    opened: Opened, replies: Sequence[Replied], changes: Sequence[StatusChanged]
) -> tuple[ReplyTurn, ...]:
    """Return the turns of a ticket, the earliest first.

    A customer's reply while the ticket is resolved begins a turn at the reopening, unless an agent replies
    before it.

    Args:
        opened: the claim that opened the ticket.
        replies: replies in the ticket. Public ones of agents and of the customer matter.
        changes: changes of its status.
    """
    for reply in replies:
        if reply.author == CUSTOMER and reply.public:
            break
    else:
        return ()
    found: list[ReplyTurn] = []
    begin: int | None = None
    agent_replied = resolved = customer_replied = False
    for time, _, _, step in _steps(opened, replies, changes):
        if step == _CUSTOMER:
            if begin is None and agent_replied:
                begin = None if resolved else time
                customer_replied = resolved
            continue
        if step != _UNRESOLVED:
            if begin is not None:
                found.append(ReplyTurn(begin, time, None) if step == _AGENT else ReplyTurn(begin, None, time))
            begin = None
        if step == _AGENT:
            agent_replied, customer_replied = True, False
            continue
        if resolved and customer_replied and step == _UNRESOLVED:
            begin, customer_replied = time, False
        resolved = step == _RESOLVED
    return tuple(found) if begin is None else (*found, ReplyTurn(begin))


#: Time, whether it is a status, event id, and one of the steps below.
_Step = tuple[int, bool, str, int]
_AGENT, _CUSTOMER, _RESOLVED, _UNRESOLVED = range(4)


def _steps(opened: Opened, replies: Sequence[Replied], changes: Sequence[StatusChanged]) -> list[_Step]:
    """Return what begins and ends turns, sorted. At one instant, replies come before statuses."""
    steps: list[_Step] = [
        (reply.time, False, reply.id, _AGENT if reply.author == AGENT else _CUSTOMER)
        for reply in replies
        if reply.public and reply.author != BOT
    ]
    if opened.by_agent:
        steps.append((opened.time, False, opened.id, _AGENT))
    steps += [
        (change.time, True, change.id, _RESOLVED if change.status >= SOLVED else _UNRESOLVED)
        for change in changes
    ]
    steps.sort()
    return steps
