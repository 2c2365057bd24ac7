"""What is said of the targets of tickets (docs/outputs.md, "Ticket SLA")."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from models.definitions import PRIORITIES, Definitions
from models.messages import Priority, TicketSla
from models.outputs.output import TICKET_SLA, Output
from models.outputs.said import ACTIVATED, BREACHED, FULFILLED, GONE, Target, identity, moment
from models.sla import KINDS, goals, targets_of
from models.tickets import Ticket
from models.windows import US_PER_DAY

#: Before any event.
_EVER: Final = -(1 << 62)
_STATES: Final = ("activated", "fulfilled", "breached")
#: What was decided longer ago is not remembered: its record has left the topic.
REMEMBERED_US: Final = 30 * US_PER_DAY

Told = dict[str, dict[int, Target]]


class TargetNews:
    """Finds what is to be said of the targets of a customer's tickets."""

    def __init__(self, definitions: Definitions) -> None:
        self.targets = targets_of(definitions)

    def say(
        self, customer: str, tickets: Mapping[str, Ticket], told: Told, now: int, *, first: bool
    ) -> tuple[Told, list[Output], int | None]:
        """Give what has been said after this, what is new, and when the next target is due.

        Args:
            customer: whose tickets they are.
            tickets: those known, by id.
            told: what has been said of them.
            now: microseconds.
            first: whether nothing has ever been said of the customer.
        """
        remembered: Told = {}
        outputs: list[Output] = []
        due: int | None = None
        long_ago = now - REMEMBERED_US
        for ticket_id, ticket in tickets.items():
            before = told.get(ticket_id, {})
            after = self._after(ticket, before, now)
            if before != after:
                # Of what is not remembered, all from long ago has been said.
                since = _EVER if first or before else long_ago
                about = _About(customer, ticket_id, PRIORITIES[ticket.priority], now)
                outputs += _news(about, before, after, since)
            dues = [target.due for target in after.values() if target.state == ACTIVATED]
            if dues:
                due = min(dues) if due is None else min(due, *dues)
            if dues or any(target.decided >= long_ago for target in after.values()):
                remembered[ticket_id] = after
        for ticket_id in told.keys() - tickets.keys():
            outputs += _gone(_About(customer, ticket_id, "normal", now), told[ticket_id])
        return remembered, outputs, due

    def _after(self, ticket: Ticket, before: Mapping[int, Target], now: int) -> dict[int, Target]:
        """Give what is to have been said of a ticket."""
        after = {
            kind: said if said.state == GONE else Target(GONE, said.due, said.decided, said.turn + 1)
            for kind, said in before.items()
        }
        for kind, fulfilled, due in goals(ticket, self.targets):
            if fulfilled is not None and fulfilled <= due:
                state, decided = FULFILLED, fulfilled
            elif due <= now:
                state, decided = BREACHED, due
            else:
                state, decided = ACTIVATED, 0
            said = before.get(kind)
            turn = 0 if said is None else said.turn + _contradicts(said, state, due, decided)
            after[kind] = Target(state, due, decided, turn)
        return after


def _contradicts(said: Target, state: int, due: int, decided: int) -> bool:
    """Whether what was said has not only been overtaken, but is not true."""
    if said.state == ACTIVATED:
        return state == ACTIVATED and due != said.due
    return said.state != GONE and (state, due, decided) != (said.state, said.due, said.decided)


class _About(Struct, frozen=True, gc=False):
    """What an output is about, and when it is said."""

    customer: str
    ticket: str
    priority: Priority
    now: int

    def id(self, kind: int, target: Target) -> str:
        """Give the id under which something is said of a target."""
        content = (kind, target.state, target.due, target.decided, target.turn)
        return identity(TICKET_SLA, self.customer, self.ticket, *content)

    def statement(self, kind: int, target: Target) -> TicketSla:
        """Give the message of what has become of a target."""
        return TicketSla(
            id=self.id(kind, target),
            ticket_id=self.ticket,
            customer_id=self.customer,
            sla=KINDS[kind],
            state=_STATES[target.state],
            priority=self.priority,
            due=moment(target.due),
            decided=None if target.state == ACTIVATED else moment(target.decided),
            withdraws=None,
        )

    def output(self, kind: int, target: Target) -> Output:
        """Say what has become of a target."""
        value = self.statement(kind, target)
        return Output(TICKET_SLA, value.id, self.ticket, target.decided or self.now, value)

    def withdrawal(self, kind: int, said: Target) -> Output:
        """Say that what was said of a target no longer holds."""
        withdrawn = self.id(kind, said)
        stated = self.statement(kind, said)
        value = replace(stated, id=identity(withdrawn), state="withdrawn", withdraws=withdrawn)
        return Output(TICKET_SLA, value.id, self.ticket, self.now, value)


def _news(
    about: _About, before: Mapping[int, Target], after: Mapping[int, Target], since: int
) -> Iterator[Output]:
    for kind, said in before.items():
        if after[kind].turn > said.turn:
            yield about.withdrawal(kind, said)
    for kind, target in after.items():
        if target.state == GONE or target == before.get(kind):
            continue
        if target.state == ACTIVATED or target.decided >= since:
            yield about.output(kind, target)


def _gone(about: _About, before: Mapping[int, Target]) -> Iterator[Output]:
    """Give what is said of a ticket that is known no longer: what was decided remains so."""
    for kind, said in before.items():
        if said.state == ACTIVATED:
            yield about.withdrawal(kind, said)
