"""A fact: a claim about one entity of a customer, and its encoding.

Facts travel between partitions and wait in the state, so they have a compact encoding. They are idempotent
and commute: sending one twice, or late, changes nothing.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from models.facts.claims import EventClaim
from models.facts.control import AnyControlFact

#: To whom it is addressed what concerns the registry, or all partitions.
REGISTRY_ADDRESS: Final = ""

AnyClaim = EventClaim | AnyControlFact


class Fact(Struct, array_like=True, frozen=True, gc=False):
    """A claim about one entity of a customer.

    Attributes:
        entity: the order's, refund's, ticket's, review's or cart's id; empty for what is about the customer.
        claim: what is claimed.
        seen: experiment -> variant, shown at the same moment.
    """

    entity: str
    claim: AnyClaim
    seen: dict[str, str] | None = None

    @property
    def time(self) -> int:
        """When it happened, in microseconds since the epoch."""
        return self.claim.time


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Fact)

encode_fact: Final[Callable[[Fact], bytes]] = _ENCODER.encode
decode_fact: Final[Callable[[bytes], Fact]] = _DECODER.decode
