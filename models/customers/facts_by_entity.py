"""A customer: the facts known of them, by what they are about."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar, get_args

from models.definitions.windows import NEVER_HOUR, NEVER_US, US_PER_HOUR
from models.facts.claim_types import CLAIM_TYPES, ENTITY_KINDS, NON_CUSTOMER_CLAIMS
from models.facts.claims import (
    CheckoutStarted,
    Claim,
    CustomerClaim,
    OrderClaim,
    Placed,
    RefundClaim,
    ReviewClaim,
    Seen,
    TicketClaim,
)
from models.facts.control import StoredControlFact
from models.facts.fact import AnyClaim, Fact
from models.identity.links import CustomerLinks

_C = TypeVar("_C", bound=Claim)

_LOOSE: Final = len(ENTITY_KINDS)
_STATED: Final = _LOOSE + 1
#: Claim class -> index of its section: a kind of entity, the customer, or control facts.
_SECTION: Final[dict[type[Claim], int]] = {
    **{
        claim: _LOOSE if entry.entity is None else ENTITY_KINDS.index(entry.entity)
        for claim, entry in CLAIM_TYPES.items()
    },
    **dict.fromkeys(get_args(StoredControlFact), _STATED),
}


class CustomerFacts:
    """The claims of one customer, by entity.

    Attributes:
        earliest: event hour of the oldest claim: when it leaves the horizon, the customer is looked at again.
        letters: what is known of other customers; None, as nearly always, if nothing is.
        known: number of claims that make somebody a customer: all but those of what we did.
        met: exposure -> hours in which the customer met it. It follows from the claims, all of them, which
            need not be looked at for it.
        orders: order id -> claims; the same for refunds, tickets, reviews, carts.
        seen: experiment -> what was shown when.
        loose: claims about nothing but the customer.
    """

    __slots__ = (
        "carts",
        "earliest",
        "known",
        "letters",
        "loose",
        "met",
        "orders",
        "refunds",
        "reviews",
        "seen",
        "tickets",
    )

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self.earliest = NEVER_HOUR
        self.known = 0
        self.letters: CustomerLinks | None = None
        self.met: dict[int, list[int]] = {}
        self.orders: dict[str, list[OrderClaim]] = {}
        self.refunds: dict[str, list[RefundClaim]] = {}
        self.tickets: dict[str, list[TicketClaim]] = {}
        self.reviews: dict[str, list[ReviewClaim]] = {}
        self.carts: dict[str, list[CheckoutStarted]] = {}
        self.seen: dict[str, list[Seen]] = {}
        self.loose: list[CustomerClaim] = []
        self._add(facts)

    def _add(self, facts: Iterable[Fact]) -> None:
        sections: tuple[dict[str, list[Any]], ...] = self.sections()
        earliest = NEVER_US
        known = 0
        for fact in facts:
            claim = fact.claim
            kind = type(claim)
            section = _SECTION[kind]
            if section >= _LOOSE:
                if section == _STATED:
                    self.correspond().add(fact.entity, claim)  # type: ignore[arg-type]
                    continue
                self.loose.append(claim)  # type: ignore[arg-type]
                known -= kind in NON_CUSTOMER_CLAIMS
            elif (claims := sections[section].get(fact.entity)) is not None:
                claims.append(claim)
            else:
                sections[section][fact.entity] = [claim]
            if claim.time < earliest:  # noqa: PLR1730 - min() takes three times as long
                earliest = claim.time
            if kind is Placed and claim.referrer:  # type: ignore[union-attr]
                self.correspond().refers.add(fact.entity)
            known += 1
            if fact.seen is not None:
                for experiment, variant in fact.seen.items():
                    self.seen.setdefault(experiment, []).append(Seen(claim.time, claim.id, variant))
        self.known = known
        if self.letters is not None:
            earliest = min(earliest, self.letters.earliest)
        self.earliest = NEVER_HOUR if earliest == NEVER_US else earliest // US_PER_HOUR

    def correspond(self) -> CustomerLinks:
        """Give what is known of other customers, to be changed."""
        if self.letters is None:
            self.letters = CustomerLinks()
        return self.letters

    def sections(self) -> tuple[dict[str, list[Any]], ...]:
        """Give the claims by entity, one dictionary a kind of entity."""
        return self.orders, self.refunds, self.tickets, self.reviews, self.carts

    def claims(self) -> Iterator[AnyClaim]:
        """Give the claims that are known, those of experiments apart."""
        for section in self.sections():
            for claims in section.values():
                yield from claims
        yield from self.loose

    def recount(self) -> None:
        """Find `earliest` and `known` anew."""
        self.known = sum(type(claim) not in NON_CUSTOMER_CLAIMS for claim in self.claims())
        oldest = min((claim.time for claim in self.claims()), default=NEVER_US)
        if self.letters is not None:
            oldest = min(oldest, self.letters.earliest)
        self.earliest = NEVER_HOUR if oldest == NEVER_US else oldest // US_PER_HOUR


def after(claims: list[_C], time: int) -> list[_C]:
    """Give the claims that are not before `time`."""
    return [claim for claim in claims if claim.time >= time]
