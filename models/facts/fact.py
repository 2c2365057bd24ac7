"""The fact, a claim about one entity of a customer, and its encoding.

Facts are sent between partitions and stored in logs, so their encoding is compact. They are idempotent and
commute: a fact that is applied twice, or late, changes nothing.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from models.facts.claims import EventClaim
from models.facts.control import AnyControlFact
from models.facts.details import Details

#: Address of facts for the merge registry, or for all partitions.
REGISTRY_ADDRESS: Final = ""

#: The claims of all facts.
AnyClaim = EventClaim | AnyControlFact


class Fact(Struct, array_like=True, frozen=True, gc=False):
    """A claim about one entity of a customer.

    Attributes:
        entity: id of the order, refund, ticket, review or cart. Empty for a claim about the customer.
        claim: the claim.
        seen: experiment -> variant that the customer saw at the same time. None without experiments.
        details: fields that no metric uses, from `models.facts.details`. None without any.
    """

    entity: str
    claim: AnyClaim
    seen: dict[str, str] | None = None
    details: Details | None = None

    @property
    def time(self) -> int:
        """Event time, microseconds since the epoch."""
        return self.claim.time


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Fact)


def encode_fact(fact: Fact) -> bytes:
    """Return a fact as MessagePack. Without details, the array is as short as the claim allows."""
    if fact.details is None:
        return _ENCODER.encode((fact.entity, fact.claim, fact.seen))
    return _ENCODER.encode(fact)


decode_fact: Final[Callable[[bytes], Fact]] = _DECODER.decode
