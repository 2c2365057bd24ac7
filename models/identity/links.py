"""What customers' rows say of other customers: identities that were merged, and orders that were referred.

It reaches the others' partitions as statements (`models.facts.claims.ControlFact`), which are kept among the facts.
Hardly any customer has any.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from models.definitions.windows import NEVER_US
from models.facts.claims import Placed
from models.facts.control import AliasAdded, Referred, SentReferral, StoredControlFact
from models.facts.fact import Fact

#: Divides an event's id from the identity whom the event names, where that is not the customer's name: two
#: identities may have numbered their events alike.
_ORIGIN = "\0"
#: In the place of a referrer who was erased: no customer's id.
NOBODY = ""


class CustomerLinks:
    """What a customer's row knows of others.

    Attributes:
        identities: who else is one with the customer.
        referrals: (who bought, order) -> what was said last of an order that names the customer.
        refers: orders of the customer of which a claim names somebody.
        told: order -> who is named and when it was placed (microseconds), of those of which that was said.
    """

    __slots__ = ("identities", "referrals", "refers", "told")

    def __init__(self) -> None:
        self.identities: set[str] = set()
        self.referrals: dict[tuple[str, str], Referred] = {}
        self.refers: set[str] = set()
        self.told: dict[str, tuple[str, int]] = {}

    def add(self, entity: str, claim: StoredControlFact) -> None:
        """Take a statement of the customer's log, in its order."""
        if type(claim) is Referred:
            known = self.referrals.get((claim.by, entity))
            if known is None or known.sequence < claim.sequence:
                self.referrals[claim.by, entity] = claim
        elif type(claim) is SentReferral:
            if claim.active:
                self.told[entity] = claim.referrer, claim.at
            else:
                self.told.pop(entity, None)
        elif type(claim) is AliasAdded:
            self.identities.add(claim.identity)

    @property
    def earliest(self) -> int:
        """When the first order was placed that names the customer, microseconds."""
        return min((each.at for each in self.referrals.values()), default=NEVER_US)

    @property
    def recommended(self) -> Iterator[int]:
        """When orders were placed that are referrals of the customer's, microseconds."""
        return (each.at for each in self.referrals.values() if each.active)

    def expire(self, since: int) -> None:
        """Forget what is about orders of before a time (microseconds)."""
        self.referrals = {key: each for key, each in self.referrals.items() if each.at >= since}
        self.told = {order: each for order, each in self.told.items() if each[1] >= since}

    def statements(self) -> Iterator[Fact]:
        """Give what it takes to know all this again, but for the orders."""
        for identity in self.identities:
            yield Fact("", AliasAdded(identity=identity))
        for (_, order), referred in self.referrals.items():
            yield Fact(order, referred)
        for order, (referrer, at) in self.told.items():
            yield Fact(order, SentReferral(referrer=referrer, at=at, active=True))


def links_of(facts: Iterable[Fact]) -> CustomerLinks:
    """Give what the statements of a log come to."""
    letters = CustomerLinks()
    for fact in facts:
        if isinstance(fact.claim, StoredControlFact):
            letters.add(fact.entity, fact.claim)
    return letters


def kept(facts: Iterable[Fact], since: int) -> list[Fact]:
    """Give a log without what is about before a time (microseconds), or has been overtaken."""
    events = [fact for fact in facts if fact.time >= since]
    letters = links_of(facts)
    letters.expire(since)
    return [*events, *letters.statements()]


def mentioned(facts: Iterable[Fact]) -> set[str]:
    """Give whom a log names, but for the customer's identities."""
    names = set()
    for fact in facts:
        claim = fact.claim
        if type(claim) is Placed and claim.referrer:
            names.add(claim.referrer)
        elif type(claim) is Referred:
            names.add(claim.by)
    return names


def without(facts: Iterable[Fact], erased: set[str]) -> list[Fact]:
    """Give a log that names none of some who are erased. What they referred was referred by nobody."""
    found = []
    for fact in facts:
        claim = fact.claim
        if type(claim) is Placed and claim.referrer in erased:
            found.append(unnamed(fact))
        elif not (
            (type(claim) is Referred and claim.by in erased)
            or (type(claim) is SentReferral and claim.referrer in erased)
        ):
            found.append(fact)
    return found


def unnamed(fact: Fact) -> Fact:
    """Give an order without the name of who referred it."""
    return replace(fact, claim=replace(fact.claim, referrer=NOBODY))


def renamed(fact: Fact, identity: str, to: str) -> Fact:
    """Give an identity's fact as one of the customer `to`."""
    event, _, origin = fact.claim.id.partition(_ORIGIN)
    origin = origin or identity
    return replace(fact, claim=replace(fact.claim, id=event if origin == to else event + _ORIGIN + origin))


def event_id(claim_id: str | None) -> str | None:
    """Give the id that an event had when it came, of a claim's; None of none."""
    return None if claim_id is None else claim_id.partition(_ORIGIN)[0]
