"""What the state is made of: claims, the parts of events that the definitions need (docs/metrics.md).

A claim says one thing about one entity (an order, a ticket, ...) of one customer, at one time, under the id
of its event. Claims of an entity are a set: what counts of them is derived, never updated. They are kept as
small tagged arrays, since a shop's whole state is made of them.

`time` is in microseconds since the epoch; money in integer minor units.
"""

from typing import Final

from msgspec import Struct

STATUSES: Final = ("open", "pending", "on_hold", "solved", "closed")
SURVEYS: Final = ("nps", "ces", "csat")
#: The index in `STATUSES` from which on a ticket is resolved.
SOLVED: Final = 3
AGENT, BOT, CUSTOMER = range(3)
AUTHORS: Final = ("agent", "bot", "customer")
#: The time of what has none: before any horizon, so that only who looks at old facts has to know of it.
TIMELESS: Final = -(1 << 62)


class Claim(Struct, array_like=True, frozen=True, gc=False):
    """When, and under which event id."""

    time: int
    id: str


class Placed(Claim, tag=1, frozen=True):
    """An order was placed."""

    amount: int
    currency: str
    channel: str
    promised: int | None = None
    cart: str | None = None
    referrer: str | None = None


class Amended(Claim, tag=2, frozen=True):
    """An order's new total."""

    amount: int


class Cancelled(Claim, tag=3, frozen=True):
    """An order is off."""


class Shipped(Claim, tag=4, frozen=True):
    """An order has left."""


class Delivered(Claim, tag=5, frozen=True):
    """An order has arrived."""


class Requested(Claim, tag=10, frozen=True):
    """A refund was asked for."""

    order: str


class Completed(Claim, tag=11, frozen=True):
    """A refund was paid."""

    order: str
    amount: int


class Rejected(Claim, tag=12, frozen=True):
    """A refund was declined."""

    order: str


class Opened(Claim, tag=20, frozen=True):
    """A ticket was opened; `priority` indexes `definitions.PRIORITIES`."""

    priority: int
    by_agent: bool
    channel: str


class Replied(Claim, tag=21, frozen=True):
    """Somebody wrote in a ticket; `author` indexes `AUTHORS`."""

    author: int
    public: bool
    promised: int | None = None


class StatusChanged(Claim, tag=22, frozen=True):
    """A ticket went into a status; `status` indexes `STATUSES`."""

    status: int


class Transferred(Claim, tag=23, frozen=True):
    """A ticket went to someone else."""


class Submitted(Claim, tag=30, frozen=True):
    """A review's version; `sentiment` in billionths, so that sums are exact."""

    rating: int
    sentiment: int | None


class Removed(Claim, tag=31, frozen=True):
    """A review is gone."""


class CheckoutStarted(Claim, tag=40, frozen=True):
    """Someone is about to pay for a cart."""


class Answered(Claim, tag=50, frozen=True):
    """An answer to a survey; `survey` indexes `SURVEYS`."""

    survey: int
    score: int


class Shared(Claim, tag=51, frozen=True):
    """A customer told others about the shop."""


class PaymentFailed(Claim, tag=52, frozen=True):
    """A payment did not go through."""

    method: str


class StockMissed(Claim, tag=53, frozen=True):
    """A product was wanted and out of stock."""


class Contacted(Claim, tag=54, frozen=True):
    """An action was taken."""

    action: str


class Acted(Claim, tag=55, frozen=True):
    """An action was asked for, or held back; `action` indexes `models.definitions.action_policy.ACTIONS`.

    No event of a producer's: its id is the action's.
    """

    action: int
    held: bool


class MergeVariant(Claim, tag=56, frozen=True):
    """An event said that identities are one, and showed a variant of an experiment."""


class Seen(Claim, tag=60, frozen=True):
    """An event showed this variant of an experiment."""

    variant: str


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
    turn: int
    stands: bool


class SentReferral(ControlFact, tag=86, frozen=True, kw_only=True):
    """To oneself: what was said last, with `Referred`, of an order to a referrer."""

    referrer: str
    at: int
    stands: bool


OrderClaim = Placed | Amended | Cancelled | Shipped | Delivered
RefundClaim = Requested | Completed | Rejected
TicketClaim = Opened | Replied | StatusChanged | Transferred
ReviewClaim = Submitted | Removed
#: Claims that are about the customer, and nothing else.
CustomerClaim = Answered | Shared | PaymentFailed | StockMissed | Contacted | Acted | MergeVariant
#: Claims of which nobody becomes a customer.
NON_CUSTOMER_FACTS: Final = (Contacted, Acted, MergeVariant)
#: What is kept among a customer's facts that is not of their events.
StoredControlFact = AliasAdded | Referred | SentReferral
AnyControlFact = StoredControlFact | Merge | Erase | Redirected | IdentityErased
AnyClaim = (
    OrderClaim | RefundClaim | TicketClaim | ReviewClaim | CheckoutStarted | CustomerClaim | AnyControlFact
)
