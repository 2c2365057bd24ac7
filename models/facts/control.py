"""Control facts: messages about identities and referrals between partitions.

A control fact is not an event and does not age. `StoredControlFact` lists those that a customer's log keeps.
"""

from models.definitions.windows import TIMELESS
from models.facts.claims import Claim


class ControlFact(Claim, frozen=True, kw_only=True):
    """The fields of every control fact. It is not an event, has no time, and does not expire."""

    time: int = TIMELESS
    id: str = ""


class Merge(ControlFact, tag=80, frozen=True, kw_only=True):
    """Sent to the merge registry: `event` merged `customer` into `into`, at `at` (microseconds)."""

    at: int
    event: str
    customer: str
    into: str


class Erase(ControlFact, tag=81, frozen=True, kw_only=True):
    """Sent to the merge registry: erase `customer`."""

    customer: str


class Redirected(ControlFact, tag=82, frozen=True, kw_only=True):
    """Sent to the partition of an identity: its canonical id `to`, which may be the identity itself."""

    to: str


class IdentityErased(ControlFact, tag=83, frozen=True, kw_only=True):
    """Sent to all partitions: `identity` is erased."""

    identity: str


class AliasAdded(ControlFact, tag=84, frozen=True, kw_only=True):
    """Sent to a customer: `identity` is one of theirs. Later merges do not change this."""

    identity: str


class Referred(ControlFact, tag=85, frozen=True, kw_only=True):
    """Sent to the customer in an order's `referred_by`. The entity of the fact is the id of the order.

    Attributes:
        by: id of the customer who placed the order.
        at: time at which it was placed, microseconds.
        sequence: sequence number. A later message about the same order has a larger one.
        active: whether the order is a referral at present.
    """

    by: str
    at: int
    sequence: int
    active: bool


class SentReferral(ControlFact, tag=86, frozen=True, kw_only=True):
    """Stored in the log of the customer who placed an order: the last `Referred` that was sent for it.

    Attributes:
        referrer: id of the customer it was sent to.
        at: time at which the order was placed, microseconds.
        active: whether the order was a referral.
    """

    referrer: str
    at: int
    active: bool


class KeptOrder(ControlFact, tag=87, frozen=True, kw_only=True):
    """Stored in a customer's log: the first of the customer's orders beyond the horizon.

    Attributes:
        at: time at which the order was placed, microseconds.
        event: id of the event that placed it, as in the log (`models.facts.origins`).
        channel: channel of the order.
        coupon: whether it had a coupon.
        referrer: whether it named another customer as the referrer.
    """

    at: int
    event: str
    channel: str
    coupon: bool
    referrer: bool


class SupersededOrder(KeptOrder, tag=88, frozen=True, kw_only=True):
    """Stored in a customer's log: the first order event within the horizon that another content supersedes.

    It counts for nothing, and becomes a `KeptOrder` when it leaves the horizon.
    """


class KeptAttributes(ControlFact, tag=89, frozen=True, kw_only=True):
    """Stored in a customer's log: attributes that have their latest values beyond the horizon.

    Attributes:
        at: time of the event that has them, microseconds.
        event: id of the event, as in the log (`models.facts.origins`).
        values: attribute -> value, None if the event removes it.
    """

    at: int
    event: str
    values: dict[str, str | None]


class SupersededAttributes(KeptAttributes, tag=90, frozen=True, kw_only=True):
    """Stored in a customer's log: the attributes of an event that another content of its id supersedes.

    They count for nothing, and become `KeptAttributes` when they leave the horizon.
    """


#: Control facts that a customer's log keeps.
StoredControlFact = (
    AliasAdded | Referred | SentReferral | KeptOrder | SupersededOrder | KeptAttributes | SupersededAttributes
)
AnyControlFact = StoredControlFact | Merge | Erase | Redirected | IdentityErased
