"""Messages from one partition to another."""

from typing import NamedTuple

from models.facts.fact import Fact


class Message(NamedTuple):
    """A fact to be sent to another partition, or to the sender itself.

    Attributes:
        to: customer id, whose partition receives the fact; None for all partitions.
        fact: a control fact, or a redirected fact of an event.
    """

    to: str | None
    fact: Fact
