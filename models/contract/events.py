"""What producers say: the events of the five input topics (docs/metrics.md, "Events").

All that decides whether a record is good is in the types below; the rules that span two fields are in
`__post_init__` of rare events.

Decided here, where the definition leaves it open:

- An optional field may be absent or `null`.
- RFC 3339 allows a space for the `T` (5.6) and lower case; both are accepted. A leap second (`:60`) is not:
  no clock of ours can represent it. Digits beyond microseconds are rounded.
- `1e3` and `1.0` are not integers.
- An item's amount may be negative (a discount line), its quantity a fraction (sold by weight).
"""

from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Time = Annotated[datetime, Meta(tz=True)]
#: Integer minor units. The bound, a hundred billion dollars, tells a producer's nonsense from a sale, and
#: keeps the sum of 900,000 of the largest within 64 bits.
Amount = Annotated[int, Meta(ge=0, le=10**13)]
#: Only its length is checked here (a pattern costs as much as all other fields together): what is no
#: currency has no rate, which `models.facts.fact` finds.
Currency = Annotated[str, Meta(min_length=3, max_length=3)]

#: Each is kept with its event for as long as that is known, so their number is bounded: one event of a
#: megabyte of them would make a state that cannot be written.
Experiments = Annotated[dict[Id, Annotated[str, Meta(max_length=128)]], Meta(max_length=64)]

Kind = Literal["orders", "refunds", "tickets", "reviews", "customers"]


class Event(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """What every event says: who, when, and by which channel."""

    #: Whether it is forgotten past the horizon: what merges and erasures say stays true.
    expires: ClassVar[bool] = True

    id: Id
    time: Time
    customer_id: Id
    channel: str | None = None
    experiments: Experiments | None = None


class Item(Struct, frozen=True, gc=False):
    """A line of an order."""

    sku: Id
    quantity: Annotated[float, Meta(ge=0)]
    amount: Annotated[int, Meta(ge=-(10**13), le=10**13)]


class OrderPlaced(Event, tag="order.placed", frozen=True):
    """An order, and what it is worth."""

    order_id: Id
    amount: Amount
    currency: Currency
    items: list[Item] | None = None
    cart_id: Id | None = None
    promised_at: Time | None = None
    payment_method: str | None = None
    referred_by: Id | None = None
    coupon: str | None = None


class OrderAmended(Event, tag="order.amended", frozen=True):
    """The order's new total, in its own currency."""

    order_id: Id
    amount: Amount


class OrderCancelled(Event, tag="order.cancelled", frozen=True):
    """The order is off."""

    order_id: Id
    reason: str | None = None


class OrderShipped(Event, tag="order.shipped", frozen=True):
    """The order has left."""

    order_id: Id


class OrderDelivered(Event, tag="order.delivered", frozen=True):
    """The order has arrived."""

    order_id: Id


class CheckoutStarted(Event, tag="checkout.started", frozen=True):
    """Someone is about to pay for a cart."""

    cart_id: Id


class PaymentFailed(Event, tag="payment.failed", frozen=True):
    """A payment did not go through."""

    payment_method: str
    cart_id: Id | None = None
    order_id: Id | None = None


class StockMissed(Event, tag="stock.missed", frozen=True):
    """A product was wanted and out of stock."""

    sku: Id


class RefundRequested(Event, tag="refund.requested", frozen=True):
    """A customer wants money back."""

    refund_id: Id
    order_id: Id
    amount: Amount | None = None
    reason: str | None = None


class RefundCompleted(Event, tag="refund.completed", frozen=True):
    """Money went back, in the order's currency."""

    refund_id: Id
    order_id: Id
    amount: Amount


class RefundRejected(Event, tag="refund.rejected", frozen=True):
    """No money goes back."""

    refund_id: Id
    order_id: Id


class TicketOpened(Event, tag="ticket.opened", frozen=True):
    """A conversation with support begins."""

    ticket_id: Id
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    opened_by: Literal["customer", "agent"] = "customer"
    order_id: Id | None = None


class TicketReplied(Event, tag="ticket.replied", frozen=True):
    """Somebody wrote in a ticket."""

    ticket_id: Id
    author: Literal["agent", "bot", "customer"]
    public: bool = True
    promised_at: Time | None = None


class TicketStatusChanged(Event, tag="ticket.status_changed", frozen=True):
    """A ticket went into another status."""

    ticket_id: Id
    status: Literal["open", "pending", "on_hold", "solved", "closed"]


class TicketTransferred(Event, tag="ticket.transferred", frozen=True):
    """A ticket went to another agent or team."""

    ticket_id: Id
    to: str | None = None


class ReviewSubmitted(Event, tag="review.submitted", frozen=True):
    """A review, or its next version."""

    review_id: Id
    rating: Annotated[int, Meta(ge=1, le=5)]
    order_id: Id | None = None
    sku: Id | None = None
    text: str | None = None
    language: str | None = None
    sentiment: Annotated[float, Meta(ge=-1, le=1)] | None = None


class ReviewRemoved(Event, tag="review.removed", frozen=True):
    """A review is gone for good."""

    review_id: Id


#: Survey -> lowest and highest score.
SCORES: Final = {"nps": (0, 10), "ces": (1, 7), "csat": (1, 5)}


class SurveyAnswered(Event, tag="survey.answered", frozen=True):
    """An answer to one of the three surveys."""

    survey: Literal["nps", "ces", "csat"]
    score: Annotated[int, Meta(ge=0, le=10)]
    ticket_id: Id | None = None
    order_id: Id | None = None

    def __post_init__(self) -> None:
        """Hold the score to its survey's scale."""
        lowest, highest = SCORES[self.survey]
        if not lowest <= self.score <= highest:
            raise ValueError(f"Expected `score` of {self.survey} to be {lowest} to {highest}")


class ExperienceShared(Event, tag="experience.shared", frozen=True):
    """A customer told others about the shop."""

    platform: str


class CustomerMerged(Event, tag="customer.merged", frozen=True):
    """Two identities are one customer."""

    expires: ClassVar[bool] = False

    into: Id

    def __post_init__(self) -> None:
        """Refuse a customer merged into itself, which names nobody."""
        if self.into == self.customer_id:
            raise ValueError("Expected `into` to be another customer")


class CustomerErased(Event, tag="customer.erased", frozen=True):
    """The customer is to be forgotten."""

    expires: ClassVar[bool] = False


class CustomerContacted(Event, tag="customer.contacted", frozen=True):
    """An action was taken."""

    action_id: Id


#: Topic kind -> the events it may carry.
EVENTS: Final[dict[Kind, tuple[type[Event], ...]]] = {
    "orders": (
        OrderPlaced,
        OrderAmended,
        OrderCancelled,
        OrderShipped,
        OrderDelivered,
        CheckoutStarted,
        PaymentFailed,
        StockMissed,
    ),
    "refunds": (RefundRequested, RefundCompleted, RefundRejected),
    "tickets": (TicketOpened, TicketReplied, TicketStatusChanged, TicketTransferred),
    "reviews": (ReviewSubmitted, ReviewRemoved, SurveyAnswered, ExperienceShared),
    "customers": (CustomerMerged, CustomerErased, CustomerContacted),
}


def _tag(event_type: type[Event]) -> str:
    return str(event_type.__struct_config__.tag)


#: `type` -> class.
EVENT_TYPES: Final[dict[str, type[Event]]] = {
    _tag(event_type): event_type for event_types in EVENTS.values() for event_type in event_types
}
#: `type` -> the topic kind it belongs on.
KINDS: Final[dict[str, Kind]] = {
    _tag(event_type): kind for kind, event_types in EVENTS.items() for event_type in event_types
}
