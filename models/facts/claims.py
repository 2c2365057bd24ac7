"""Claims: the parts of events that the definitions need (docs/metrics.md).

A claim states one thing about one entity (an order, a ticket, ...) of one customer, at one time, under the id
of its event. The claims of an entity are a set: its state is derived from the set, never updated. They are
stored as small tagged arrays, because the whole state of a shop is made of them. So the tags, and the order
of the fields, never change.

Times are in microseconds since the epoch, money in integer minor units.
"""

from typing import Final

from msgspec import Struct

from models.definitions.sla_policy import TICKET_STATUSES

STATUSES: Final = TICKET_STATUSES
SURVEYS: Final = ("nps", "ces", "csat")
#: Index in `STATUSES` of the first status in which a ticket is resolved.
SOLVED: Final = 3
AGENT, BOT, CUSTOMER = range(3)
AUTHORS: Final = ("agent", "bot", "customer")
#: Reasons for which a ticket is withdrawn. The last one is for all other reasons.
WITHDRAWAL_REASONS: Final = ("spam", "deleted", "merged", "test", "other")


class Claim(Struct, array_like=True, frozen=True, gc=False):
    """The fields of every claim.

    Attributes:
        time: event time, microseconds.
        id: id of the event; of a merged customer, with its origin (`models.facts.origins`).
    """

    time: int
    id: str


def rank(claim: Claim) -> tuple[int, str]:
    """Return the key that orders competing claims: time and id."""
    return claim.time, claim.id


class Placed(Claim, tag=1, frozen=True):
    """An order was placed.

    Attributes:
        amount: total, minor units of `currency`.
        currency: ISO 4217 code.
        channel: channel, one of `channels_of`.
        promised: promised time of delivery, microseconds.
        cart: id of the cart.
        referrer: id of the customer who referred the order.
    """

    amount: int
    currency: str
    channel: str
    promised: int | None = None
    cart: str | None = None
    referrer: str | None = None


class Amended(Claim, tag=2, frozen=True):
    """The total of an order changed to `amount`, minor units."""

    amount: int


class Cancelled(Claim, tag=3, frozen=True):
    """An order was cancelled."""


class OrderRestored(Claim, tag=6, frozen=True):
    """The cancellation of an order no longer holds."""


class LinePlaced(Claim, tag=7, frozen=True):
    """A line of an order was placed.

    Attributes:
        line: id of the line within its order.
        amount: total of the line, minor units of `currency`; negative for a discount or a return.
        currency: ISO 4217 code.
        channel: channel of the order, one of `channels_of`.
        promised: promised time of delivery, microseconds.
        cart: id of the cart.
        referrer: id of the customer who referred the order.
    """

    line: str
    amount: int
    currency: str
    channel: str
    promised: int | None = None
    cart: str | None = None
    referrer: str | None = None


class Shipped(Claim, tag=4, frozen=True):
    """An order was shipped."""


class Delivered(Claim, tag=5, frozen=True):
    """An order was delivered."""


class Requested(Claim, tag=10, frozen=True):
    """A refund of `order` was requested."""

    order: str


class Completed(Claim, tag=11, frozen=True):
    """A refund of `order` was paid: `amount` minor units."""

    order: str
    amount: int


class Rejected(Claim, tag=12, frozen=True):
    """A refund of `order` was rejected."""

    order: str


class Reversed(Claim, tag=13, frozen=True):
    """A paid refund of `order` failed or was taken back."""

    order: str


class Opened(Claim, tag=20, frozen=True):
    """A ticket was opened; `priority` indexes `definitions.PRIORITIES`."""

    priority: int
    by_agent: bool
    channel: str
    team: str | None = None
    category: str | None = None


class Replied(Claim, tag=21, frozen=True):
    """An agent, a bot or the customer replied; `author` indexes `AUTHORS`, `promised` is a deadline."""

    author: int
    public: bool
    promised: int | None = None
    agent: str | None = None


class StatusChanged(Claim, tag=22, frozen=True):
    """The status of a ticket changed; `status` indexes `STATUSES`."""

    status: int


class Transferred(Claim, tag=23, frozen=True):
    """A ticket was transferred."""


class TicketUpdated(Claim, tag=24, frozen=True):
    """Fields of a ticket changed; None for a field that did not. `priority` indexes `PRIORITIES`."""

    priority: int | None = None
    team: str | None = None
    category: str | None = None
    agent: str | None = None


class TicketWithdrawn(Claim, tag=25, frozen=True):
    """A ticket must not count; `reason` indexes `WITHDRAWAL_REASONS`."""

    reason: int


class TicketRestored(Claim, tag=26, frozen=True):
    """A withdrawn ticket counts after all."""


class Submitted(Claim, tag=30, frozen=True):
    """A version of a review.

    Attributes:
        rating: 1 to 5 stars.
        sentiment: sentiment of the text in billionths, so that sums are exact. None if unknown.
        text_unchanged: True if the version has the text, and so the sentiment, of the version before it.
    """

    rating: int
    sentiment: int | None
    text_unchanged: bool | None = None


class Removed(Claim, tag=31, frozen=True):
    """A review was removed."""


class CheckoutStarted(Claim, tag=40, frozen=True):
    """The checkout of a cart was started."""


class Answered(Claim, tag=50, frozen=True):
    """An answer to a survey, or with the id `answer` a version of it; `survey` indexes `SURVEYS`."""

    survey: int
    score: int
    answer: str | None = None


class AnswersWithdrawn(Claim, tag=57, frozen=True):
    """The answers with the id `answer` must not count."""

    answer: str


class Shared(Claim, tag=51, frozen=True):
    """The customer recommended the shop to others."""


class PaymentFailed(Claim, tag=52, frozen=True):
    """A payment failed; `method` is one of `methods_of`."""

    method: str


class StockMissed(Claim, tag=53, frozen=True):
    """The customer wanted a product that was out of stock."""


class Contacted(Claim, tag=54, frozen=True):
    """The action with the id `action` was carried out."""

    action: str


class Acted(Claim, tag=55, frozen=True):
    """An action was issued, or suppressed because the customer is in the control group.

    It is not derived from a producer's event. Its id is the id of the action.

    Attributes:
        action: index in `models.definitions.action_policy.ACTIONS`.
        held: whether it was suppressed.
    """

    action: int
    held: bool


class MergeVariant(Claim, tag=56, frozen=True):
    """A merge event that carries a variant of an experiment."""


class CustomerUpdated(Claim, tag=58, frozen=True):
    """Attributes of the customer changed; `Fact.details` has them."""


class Seen(Claim, tag=60, frozen=True):
    """The customer saw this variant of an experiment. It is made from `Fact.seen` and not stored."""

    variant: str


OrderClaim = Placed | LinePlaced | Amended | Cancelled | OrderRestored | Shipped | Delivered
RefundClaim = Requested | Completed | Rejected | Reversed
TicketClaim = (
    Opened | Replied | StatusChanged | Transferred | TicketUpdated | TicketWithdrawn | TicketRestored
)
ReviewClaim = Submitted | Removed
#: Claims that place an order.
PlacingClaim = Placed | LinePlaced
#: Claims about the customer, without an entity.
CustomerClaim = (
    Answered
    | AnswersWithdrawn
    | Shared
    | PaymentFailed
    | StockMissed
    | Contacted
    | Acted
    | MergeVariant
    | CustomerUpdated
)
#: Claims that are derived from events.
EventClaim = OrderClaim | RefundClaim | TicketClaim | ReviewClaim | CheckoutStarted | CustomerClaim
