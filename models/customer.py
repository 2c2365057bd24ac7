"""A customer: the set of facts known of them, as it is kept, and the indexes that it takes to change it.

The set is all there is to keep. Whatever else is here is derived from it when the customer is loaded.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from models.claims import (
    AnyClaim,
    CheckoutStarted,
    Claim,
    Contacted,
    LooseClaim,
    OrderClaim,
    RefundClaim,
    ReviewClaim,
    Seen,
    TicketClaim,
)
from models.facts import Fact
from models.windows import US_PER_HOUR

#: Later than any event: the expiry of a customer without claims.
NEVER: Final = 1 << 62


_C = TypeVar("_C", bound=Claim)


#: In the order in which a row holds them.
SECTIONS: Final = ("orders", "refunds", "tickets", "reviews", "carts", "seen", "loose")


class Stored(Struct, array_like=True):
    """How a row is encoded, its sections still as they are."""

    pages: int
    earliest: int
    known: int
    met: dict[int, list[int]]
    orders: Raw
    refunds: Raw
    tickets: Raw
    reviews: Raw
    carts: Raw
    seen: Raw
    loose: Raw
    waiting: list[Fact]


_decode_stored = msgspec.msgpack.Decoder(Stored).decode
_encode = msgspec.msgpack.Encoder().encode


class Row:
    """The claims of one customer, or of one page of them, by entity.

    Sections are decoded when first looked at: most events concern one of them.

    Attributes:
        pages: how many rows the customer takes (in the first page; see `models.pages`).
        earliest: event hour of the oldest claim: when it leaves the horizon, the customer is looked at again.
        known: number of claims that make somebody a customer (in the first page): all but being contacted.
        met: exposure -> hours in which the customer met it, as of when the row was encoded. It follows from
        the
            claims, all of them, which need not be decoded for it (in the first page).
        orders: order id -> claims; the same for refunds, tickets, reviews, carts.
        seen: experiment -> what was shown when.
        loose: claims about nothing but the customer.
        waiting: facts from later than the clock.
    """

    __slots__ = ("_encoded", "earliest", "known", "met", "pages", "waiting", *SECTIONS)

    pages: int
    earliest: int
    known: int
    met: dict[int, list[int]]
    orders: dict[str, list[OrderClaim]]
    refunds: dict[str, list[RefundClaim]]
    tickets: dict[str, list[TicketClaim]]
    reviews: dict[str, list[ReviewClaim]]
    carts: dict[str, list[CheckoutStarted]]
    seen: dict[str, list[Seen]]
    loose: list[LooseClaim]
    waiting: list[Fact]

    def __init__(self, pages: int = 1, earliest: int = NEVER) -> None:
        self.pages = pages
        self.earliest = earliest
        self.known = 0
        self.met = {}
        self.orders, self.refunds, self.tickets, self.reviews, self.carts = {}, {}, {}, {}, {}
        self.seen = {}
        self.loose = []
        self.waiting = []
        self._encoded: dict[str, Raw] = {}

    @classmethod
    def decode(cls, value: bytes) -> "Row":
        """Read a row."""
        stored = _decode_stored(value)
        row = cls.__new__(cls)
        row.pages, row.earliest, row.known = stored.pages, stored.earliest, stored.known
        row.met, row.waiting = stored.met, stored.waiting
        row._encoded = {  # noqa: SLF001 - its own
            "orders": stored.orders,
            "refunds": stored.refunds,
            "tickets": stored.tickets,
            "reviews": stored.reviews,
            "carts": stored.carts,
            "seen": stored.seen,
            "loose": stored.loose,
        }
        return row

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each section has a type of its own
        """Decode a section: its slot is empty until then."""
        section = _DECODERS[name](self._encoded.pop(name))
        setattr(self, name, section)
        return section

    def may_hold(self, section: str, text: str) -> bool:
        """Whether a section may hold a text; if it has not been decoded, cheaply."""
        encoded = self._encoded.get(section)
        return encoded is None or text.encode() in bytes(encoded)

    def encode(self) -> bytes:
        """Write the row; what has not been looked at, as it was."""
        encoded = self._encoded
        sections = [encoded[name] if name in encoded else getattr(self, name) for name in SECTIONS]
        return _encode((self.pages, self.earliest, self.known, self.met, *sections, self.waiting))

    def sections(self) -> tuple[dict[str, list[Any]], ...]:
        """Give the claims by entity, one dictionary a kind of entity."""
        return self.orders, self.refunds, self.tickets, self.reviews, self.carts

    def claims(self) -> Iterator[AnyClaim]:
        """Give the claims that are known, those of experiments apart."""
        for section in self.sections():
            for claims in section.values():
                yield from claims
        yield from self.loose

    def ids(self) -> set[str]:
        """Give the ids of all events in the row."""
        return {claim.id for claim in self.claims()} | {fact.claim.id for fact in self.waiting}

    def is_empty(self) -> bool:
        """Whether nothing is known of the customer any more, nor waits."""
        return self.earliest == NEVER and not self.waiting

    def recount(self) -> None:
        """Find `earliest` and `known` anew."""
        self.known = sum(not isinstance(claim, Contacted) for claim in self.claims())
        self.earliest = self._first_hour()

    def _first_hour(self) -> int:
        """Give the event hour of the oldest claim."""
        oldest = min((claim.time for claim in self.claims()), default=None)
        return NEVER if oldest is None else oldest // US_PER_HOUR


_DECODERS: Final[dict[str, Callable[[Raw], Any]]] = {
    "orders": msgspec.msgpack.Decoder(dict[str, list[OrderClaim]]).decode,
    "refunds": msgspec.msgpack.Decoder(dict[str, list[RefundClaim]]).decode,
    "tickets": msgspec.msgpack.Decoder(dict[str, list[TicketClaim]]).decode,
    "reviews": msgspec.msgpack.Decoder(dict[str, list[ReviewClaim]]).decode,
    "carts": msgspec.msgpack.Decoder(dict[str, list[CheckoutStarted]]).decode,
    "seen": msgspec.msgpack.Decoder(dict[str, list[Seen]]).decode,
    "loose": msgspec.msgpack.Decoder(list[LooseClaim]).decode,
}


def after(claims: list[_C], time: int) -> list[_C]:
    """Give the claims that are not before `time`."""
    return [claim for claim in claims if claim.time >= time]
