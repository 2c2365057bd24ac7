"""The messages about the SLA targets of a ticket (docs/outputs.md, "Ticket SLA")."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from models.contract.messages import Priority, TicketSla
from models.definitions.definitions import PRIORITIES
from models.entities.sla import KINDS, NEXT_RESPONSE, Decision
from models.outputs.emitted import ACTIVATED, EmittedTarget
from models.outputs.ids import deterministic_id, to_datetime
from models.outputs.output import TICKET_SLA, Output

_STATES: Final = ("activated", "fulfilled", "breached")


def keyed(decisions: Iterable[Decision]) -> Iterator[tuple[int, Decision]]:
    """Yield the decisions of a ticket with the keys under which their states are stored.

    The key is the kind. Of a next response it is the start of the turn, microseconds since the epoch, because
    a ticket has one for each turn: a turn that is found late leaves the others as they were emitted.
    """
    last = NEXT_RESPONSE
    for decision in decisions:
        if decision.turn_begin is None:
            yield decision.kind, decision
        else:
            last = max(decision.turn_begin, last + 1)  # turns of one instant
            yield last, decision


def kind_of(key: int) -> int:
    """Return the kind of target that is stored under a key, index in `KINDS`."""
    return min(key, NEXT_RESPONSE)


class SlaMessages(Struct, frozen=True, gc=False):
    """Builds the messages about one ticket.

    Attributes:
        customer_id: the customer's id.
        ticket_id: the ticket's id.
        decisions: state of each of the ticket's targets.
        now: the partition's clock, microseconds since the epoch.
    """

    customer_id: str
    ticket_id: str
    decisions: Sequence[Decision]
    now: int

    def priority(self, kind: int) -> Priority:
        """Return the priority under which a target counts; `normal` if the ticket has no such target."""
        for key, decision in keyed(self.decisions):
            if key == kind:
                return PRIORITIES[decision.priority]
        return "normal"

    def id(self, kind: int, target: EmittedTarget) -> str:
        """Return the id of the output that emits a target's state."""
        content = (kind, target.state, target.due, target.decided, target.revision)
        return deterministic_id(TICKET_SLA, self.customer_id, self.ticket_id, *content)

    def message(self, kind: int, target: EmittedTarget) -> TicketSla:
        """Return the message of a target's state."""
        return TicketSla(
            id=self.id(kind, target),
            ticket_id=self.ticket_id,
            customer_id=self.customer_id,
            sla=KINDS[kind_of(kind)],
            state=_STATES[target.state],
            priority=self.priority(kind),
            due=to_datetime(target.due),
            decided=None if target.state == ACTIVATED else to_datetime(target.decided),
            withdraws=None,
        )

    def output(self, kind: int, target: EmittedTarget) -> Output:
        """Return the output that emits a target's state."""
        value = self.message(kind, target)
        return Output(TICKET_SLA, value.id, self.ticket_id, target.decided or self.now, value)

    def withdrawal(self, kind: int, before: EmittedTarget) -> Output:
        """Return the output that withdraws an emitted state."""
        withdrawn = self.id(kind, before)
        value = replace(
            self.message(kind, before),
            id=deterministic_id(withdrawn),
            state="withdrawn",
            withdraws=withdrawn,
        )
        return Output(TICKET_SLA, value.id, self.ticket_id, self.now, value)
