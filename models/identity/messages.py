"""Messages from one partition to another."""

from typing import NamedTuple

from models.facts.fact import Fact


class Message(NamedTuple):
    """A statement on its way: to a customer's partition, or to all partitions."""

    to: str | None
    fact: Fact
