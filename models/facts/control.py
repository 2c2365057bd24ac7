"""Control facts: messages about identities and referrals between partitions.

A control fact is not an event and does not age. `StoredControlFact` lists those that a customer's log keeps.
"""

from models.definitions.windows import TIMELESS
from models.facts.claims import Claim


class ControlFact(Claim, frozen=True, kw_only=True):
    """What one partition says to another about identities and referrals. It is no event, and does not age."""

    time: int = TIMELESS
    id: str = ""


class Merge(ControlFact, tag=80, frozen=True, kw_only=True):
    """To the registry: `customer` was merged `into` another, at `at` (microseconds)."""

    at: int
    event: str
    customer: str
    into: str


class Erase(ControlFact, tag=81, frozen=True, kw_only=True):
    """To the registry: a customer is to be forgotten."""

    customer: str


class Redirected(ControlFact, tag=82, frozen=True, kw_only=True):
    """To an identity's partition: the name of the customer that it is one with, which may be its own."""

    to: str


class IdentityErased(ControlFact, tag=83, frozen=True, kw_only=True):
    """To all partitions: an identity is erased."""

    identity: str


class AliasAdded(ControlFact, tag=84, frozen=True, kw_only=True):
    """To a customer: this identity is one with them. It stays true, whatever else is merged."""

    identity: str


class Referred(ControlFact, tag=85, frozen=True, kw_only=True):
    """To who is named in an order's `referred_by`; the fact's entity is the order's id.

    Attributes:
        by: the customer who placed the order.
        at: when, microseconds.
        turn: what is said of an order of a customer later has a larger one.
        stands: whether it is a referral, now.
    """

    by: str
    at: int
    sequence: int
    active: bool


class SentReferral(ControlFact, tag=86, frozen=True, kw_only=True):
    """To oneself: what was said last, with `Referred`, of an order to a referrer."""

    referrer: str
    at: int
    active: bool


#: Control facts that a customer's log keeps.
StoredControlFact = AliasAdded | Referred | SentReferral
AnyControlFact = StoredControlFact | Merge | Erase | Redirected | IdentityErased
