"""What is said of the targets of tickets (docs/outputs.md, "Ticket SLA")."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from models.contract.messages import Priority, TicketSla
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.windows import US_PER_DAY
from models.entities.sla import KINDS, decide, sla_targets
from models.entities.tickets import Ticket
from models.outputs.emitted import (
    ACTIVATED,
    BREACHED,
    FULFILLED,
    GONE,
    ArchivedTargets,
    Target,
    deterministic_id,
    to_datetime,
)
from models.outputs.output import TICKET_SLA, Output

_STATES: Final = ("activated", "fulfilled", "breached")
#: What was decided longer ago is marked as said, no more: its record has left the topic.
REMEMBERED_US: Final = 30 * US_PER_DAY

_MARK: Final = 4  #: bytes
_NOTHING: Final[Mapping[int, Target]] = {}

Told = dict[str, dict[int, Target]]


class SlaEmitResult(NamedTuple):
    """What has come of looking at a customer's tickets.

    Attributes:
        told: what has been said of tickets, and may have to be taken back.
        settled: what has been said of the others.
        outputs: what was not said before.
        due: when the next target is.
    """

    told: Told
    settled: ArchivedTargets
    outputs: list[Output]
    due: int | None


class SlaEmitter:
    """Finds what is to be said of the targets of a customer's tickets."""

    def __init__(self, definitions: Definitions) -> None:
        self.targets = sla_targets(definitions)

    def say(
        self, customer: str, tickets: Mapping[str, Ticket], told: Told, settled: ArchivedTargets, now: int
    ) -> SlaEmitResult:
        """Look at the targets of a customer's tickets.

        Args:
            customer: whose they are.
            tickets: those known, by id.
            told: what has been said of them.
            settled: what has been said of those that are not in `told`.
            now: microseconds.
        """
        remembered: Told = {}
        outputs: list[Output] = []
        marks = _unpacked(settled.marks)
        revisions = settled.revisions
        kept: list[bytes] = []
        due: int | None = None
        for ticket_id, ticket in tickets.items():
            before = told.get(ticket_id, _NOTHING)
            is_settled = before is _NOTHING and _mark(ticket_id) in marks
            after = self._after(ticket, before, now, revisions + is_settled)
            about = _About(customer, ticket_id, PRIORITIES[ticket.priority], now)
            if is_settled:
                news = [about.output(*item) for item in after.items() if _mark(ticket_id, *item) not in marks]
                revisions += bool(news)
                outputs += news
            elif before != after:
                outputs += _news(about, before, after)
            dues = [target.due for target in after.values() if target.state == ACTIVATED]
            if dues:
                due = min(dues) if due is None else min(due, *dues)
            if dues or any(target.decided >= now - REMEMBERED_US for target in after.values()):
                remembered[ticket_id] = after
            else:
                kept.append(_mark(ticket_id))
                kept += [_mark(ticket_id, kind, target) for kind, target in after.items()]
        for ticket_id in told.keys() - tickets.keys():
            outputs += _gone(_About(customer, ticket_id, "normal", now), told[ticket_id])
        return SlaEmitResult(remembered, ArchivedTargets(b"".join(kept), revisions), outputs, due)

    def _after(self, ticket: Ticket, before: Mapping[int, Target], now: int, turn: int) -> dict[int, Target]:
        """Give what is to have been said of a ticket; `turn` of what nothing is remembered of."""
        after: dict[int, Target] = {}
        for kind, due, _, at, breached in decide(ticket, self.targets, now):
            decided = 0 if at is None else at
            state = ACTIVATED if at is None else BREACHED if breached else FULFILLED
            said = before.get(kind)
            if said is None:
                after[kind] = Target(state, due, decided, turn)
            else:
                contradicted = _contradicts(said, state, due, decided)
                after[kind] = Target(state, due, decided, said.turn + contradicted)
        for kind in before.keys() - after.keys() if before else ():
            said = before[kind]
            gone = said if said.state == GONE else Target(GONE, said.due, said.decided, said.turn + 1)
            after[kind] = gone
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
        return deterministic_id(TICKET_SLA, self.customer, self.ticket, *content)

    def statement(self, kind: int, target: Target) -> TicketSla:
        """Give the message of what has become of a target."""
        return TicketSla(
            id=self.id(kind, target),
            ticket_id=self.ticket,
            customer_id=self.customer,
            sla=KINDS[kind],
            state=_STATES[target.state],
            priority=self.priority,
            due=to_datetime(target.due),
            decided=None if target.state == ACTIVATED else to_datetime(target.decided),
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
        value = replace(stated, id=deterministic_id(withdrawn), state="withdrawn", withdraws=withdrawn)
        return Output(TICKET_SLA, value.id, self.ticket, self.now, value)


def _news(about: _About, before: Mapping[int, Target], after: Mapping[int, Target]) -> Iterator[Output]:
    for kind, said in before.items():
        if after[kind].turn > said.turn:
            yield about.withdrawal(kind, said)
    for kind, target in after.items():
        if target.state != GONE and target != before.get(kind):
            yield about.output(kind, target)


def _gone(about: _About, before: Mapping[int, Target]) -> Iterator[Output]:
    """Give what is said of a ticket that is known no longer: what was decided remains so."""
    for kind, said in before.items():
        if said.state == ACTIVATED:
            yield about.withdrawal(kind, said)


def _mark(ticket: str, kind: int = -1, target: Target | None = None) -> bytes:
    """Give a mark of a ticket, or of what is said of a target of it.

    It tells this one apart from a few others, of the same customer.
    """
    content = ticket if target is None else f"{ticket} {kind} {target.state} {target.due} {target.decided}"
    return crc32(content.encode()).to_bytes(_MARK)


def _unpacked(marks: bytes) -> set[bytes]:
    return {marks[at : at + _MARK] for at in range(0, len(marks), _MARK)}
