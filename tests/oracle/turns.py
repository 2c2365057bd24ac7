"""Turns of a conversation: a customer's message and the agent's answer to it."""

from dataclasses import dataclass

from tests.oracle.tickets import Ticket
from tests.oracle.values import RESOLVED, Event, claim


@dataclass
class Turn:
    """A turn. Times are in microseconds.

    Attributes:
        begin: the customer's message, or the reopening after one.
        end: the agent's answer, or the resolution of the ticket; None while the turn is open.
        answered: whether an answer ended it.
    """

    begin: int
    end: int | None = None
    answered: bool = False


def turns(ticket: Ticket) -> list[Turn]:
    """Return the turns of a ticket, the earliest first.

    "A *turn* begins with the customer's earliest public reply after an agent's latest public reply (an
    opening by an agent counts as one), and ends with an agent's next public reply. None begins before an
    agent has replied. While the ticket is solved or closed none begins and an open one ends; a customer's
    reply while it is solved or closed begins one at the reopening."

    Decided: a message that an agent answers while the ticket is solved begins no turn at the reopening.
    """
    found: list[Turn] = []
    turn: Turn | None = None
    agent_replied = is_resolved = is_waiting = False
    for event in conversation(ticket):
        if event["type"] == "ticket.status_changed":
            was_resolved, is_resolved = is_resolved, event["status"] in RESOLVED
            if is_resolved and turn is not None:
                turn.end, turn = event["at"], None
            if was_resolved and not is_resolved and is_waiting:
                turn, is_waiting = Turn(event["at"]), False
                found.append(turn)
        elif event.get("author") != "customer":
            agent_replied, is_waiting = True, False
            if turn is not None:
                turn.end, turn.answered, turn = event["at"], True, None
        elif agent_replied and is_resolved:
            is_waiting = True
        elif agent_replied and turn is None:
            turn = Turn(event["at"])
            found.append(turn)
    return found


def conversation(ticket: Ticket) -> list[Event]:
    """Return what begins and ends turns: "at one instant, replies come before statuses".

    "Bots and private replies neither begin nor end one."
    """
    replies = ticket.answers("agent", "customer") + ([] if ticket.by_customer else [ticket.opened])
    return sorted(
        [*replies, *ticket.changes],
        key=lambda event: (event["at"], event["type"] == "ticket.status_changed", claim(event)),
    )
