"""One thing said of a customer."""

from msgspec import Struct

from models.contract.messages import ACTION, PROFILE, TICKET_SLA, TRANSITION

__all__ = ["ACTION", "PROFILE", "TICKET_SLA", "TRANSITION", "Output"]


class Output(Struct, frozen=True, gc=False):
    """A message, and what is said about it.

    Attributes:
        type: one of `models.contract.messages.MESSAGE_TYPES`.
        id: deterministic: the same output, made again, has the same.
        key: by whom, or what, the messages of a topic are told apart.
        time: when it came about, microseconds.
        value: the message; None where what was said last is to be forgotten.
    """

    type: str
    id: str
    key: str
    time: int
    value: Struct | None
