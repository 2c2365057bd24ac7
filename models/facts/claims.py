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


OrderClaim = Placed | Amended | Cancelled | Shipped | Delivered
RefundClaim = Requested | Completed | Rejected
TicketClaim = Opened | Replied | StatusChanged | Transferred
ReviewClaim = Submitted | Removed
#: Claims that are about the customer, and nothing else.
CustomerClaim = Answered | Shared | PaymentFailed | StockMissed | Contacted | Acted | MergeVariant
#: Claims that are derived from events.
EventClaim = OrderClaim | RefundClaim | TicketClaim | ReviewClaim | CheckoutStarted | CustomerClaim
