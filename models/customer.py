"""A customer: the set of facts known of them, as it is kept, and the indexes that it takes to change it.

The set is all there is to keep. Whatever else is here is derived from it when the customer is loaded.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from msgspec import Struct, field

from models.claims import (
    AnyClaim,
    CheckoutStarted,
    Claim,
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


class Row(Struct, array_like=True):
    """The claims of one customer, or of one page of them, by entity.

    Attributes:
        pages: how many rows the customer takes (in the first page; see `models.pages`).
        earliest: event hour of the oldest claim: when it leaves the horizon, the customer is looked at again.
        orders: order id -> claims; the same for refunds, tickets, reviews, carts.
        loose: claims about nothing but the customer.
        seen: experiment -> what was shown when.
        waiting: facts from later than the clock.
    """

    pages: int = 1
    earliest: int = NEVER
    orders: dict[str, list[OrderClaim]] = field(default_factory=dict)
    refunds: dict[str, list[RefundClaim]] = field(default_factory=dict)
    tickets: dict[str, list[TicketClaim]] = field(default_factory=dict)
    reviews: dict[str, list[ReviewClaim]] = field(default_factory=dict)
    carts: dict[str, list[CheckoutStarted]] = field(default_factory=dict)
    loose: list[LooseClaim] = field(default_factory=list)
    seen: dict[str, list[Seen]] = field(default_factory=dict)
    waiting: list[Fact] = field(default_factory=list)

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
        ids = {
            claim.id
            for section in (self.orders, self.refunds, self.tickets, self.reviews, self.carts)
            for claims in section.values()
            for claim in claims
        }
        ids.update([claim.id for claim in self.loose])
        ids.update([fact.claim.id for fact in self.waiting])
        return ids

    def is_empty(self) -> bool:
        """Whether nothing is known of the customer any more, nor waits."""
        return not (any(self.sections()) or self.loose or self.waiting)

    def first_hour(self) -> int:
        """Give the event hour of the oldest claim."""
        oldest = min((claim.time for claim in self.claims()), default=None)
        return NEVER if oldest is None else oldest // US_PER_HOUR

    def keep_after(self, time: int) -> None:
        """Drop every claim before `time`, and the entities that lose their last."""
        for section in (*self.sections(), self.seen):
            for entity, claims in list(section.items()):
                kept = after(claims, time)
                if kept:
                    section[entity] = kept
                else:
                    del section[entity]
        self.loose = after(self.loose, time)
        self.waiting = [fact for fact in self.waiting if fact.time >= time]


def after(claims: list[_C], time: int) -> list[_C]:
    """Give the claims that are not before `time`."""
    return [claim for claim in claims if claim.time >= time]
