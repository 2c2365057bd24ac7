"""One output: a message about a customer, ready to be published."""

from msgspec import Struct

from models.contract.messages import ACTION, PROFILE, TICKET_SLA, TRANSITION

__all__ = ["ACTION", "PROFILE", "TICKET_SLA", "TRANSITION", "Output"]


class Output(Struct, frozen=True, gc=False):
    """A message, with its key, id and time for the publisher.

    Attributes:
        type: message type, one of `models.contract.messages.MESSAGE_TYPES`.
        id: deterministic id; the same output computed again has the same id.
        key: key of the Kafka record: the customer id, or the ticket id for a ticket's SLA.
        time: event time of the change, or the partition's clock; microseconds since the epoch.
        value: message; None for a tombstone.
    """

    type: str
    id: str
    key: str
    time: int
    value: Struct | None
