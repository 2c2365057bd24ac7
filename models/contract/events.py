"""The events of the five input topics (docs/metrics.md, "Events").

The types below decide whether a record is valid. Rules that span two fields are in `__post_init__` of rare
events.

Details that the definition leaves open:

- An optional field may be absent or `null`.
- RFC 3339 allows a space for the `T` (5.6) and lower case; both are accepted. A leap second (`:60`) is
  rejected, because microseconds since the epoch cannot represent it. Digits beyond microseconds are rounded.
- `1e3` and `1.0` are not integers.
- An item's amount may be negative (a discount line), its quantity a fraction (sold by weight).
"""

from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Time = Annotated[datetime, Meta(tz=True)]
#: Integer minor units. The bound, a hundred billion dollars, rejects amounts that no sale has, and keeps the
#: sum of 900,000 of the largest within 64 bits.
Amount = Annotated[int, Meta(ge=0, le=10**13)]
#: Integer minor units of one line of an order, negative for a discount or a return.
SignedAmount = Annotated[int, Meta(ge=-(10**13), le=10**13)]
#: Number of pieces, or a weight.
Quantity = Annotated[float, Meta(ge=0)]
#: Only the length is checked here, because a pattern costs as much as all other fields together. An unknown
#: currency has no rate, and is rejected by `models.facts.from_events`.
Currency = Annotated[str, Meta(min_length=3, max_length=3)]

#: Experiment -> variant that the customer saw. Variants are stored with their event, so their number is
#: bounded: one event with a megabyte of them would make a row that cannot be written.
Experiments = Annotated[dict[Id, Annotated[str, Meta(max_length=128)]], Meta(max_length=64)]

Kind = Literal["orders", "refunds", "tickets", "reviews", "customers"]


class Event(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """The fields of every event.

    Attributes:
        expires: whether events of the class leave the state past the horizon. Merges and erasures do not.
        advances_clock: whether events of the class advance the clock of the `event` mode. Those of
            `customer.*` do not.
        id: id of the event. A second event of the customer with this id is a duplicate.
        time: event time.
        customer_id: id of the customer.
        channel: channel by which the customer came.
        experiments: experiment -> variant that the customer saw.
    """

    expires: ClassVar[bool] = True
    advances_clock: ClassVar[bool] = True

    id: Id
    time: Time
    customer_id: Id
    channel: str | None = None
    experiments: Experiments | None = None


class Item(Struct, frozen=True, gc=False):
    """A line of an order."""

    sku: Id
    quantity: Quantity
    amount: SignedAmount


class OrderPlaced(Event, tag="order.placed", frozen=True):
    """An order was placed."""

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
    """The total of an order changed. The currency stays."""

    order_id: Id
    amount: Amount


class OrderCancelled(Event, tag="order.cancelled", frozen=True):
    """An order was cancelled."""

    order_id: Id
    reason: str | None = None


class OrderRestored(Event, tag="order.restored", frozen=True):
    """The cancellation of an order no longer holds."""

    order_id: Id


class OrderLinePlaced(Event, tag="order.line_placed", frozen=True):
    """One line of an order was placed, from a source that has a record for each line."""

    order_id: Id
    line_id: Id
    amount: SignedAmount
    currency: Currency
    sku: Id | None = None
    quantity: Quantity | None = None
    cart_id: Id | None = None
    promised_at: Time | None = None
    payment_method: str | None = None
    referred_by: Id | None = None
    coupon: str | None = None


class OrderShipped(Event, tag="order.shipped", frozen=True):
    """An order was shipped."""

    order_id: Id


class OrderDelivered(Event, tag="order.delivered", frozen=True):
    """An order was delivered."""

    order_id: Id


class CheckoutStarted(Event, tag="checkout.started", frozen=True):
    """A customer started the checkout of a cart."""

    cart_id: Id


class PaymentFailed(Event, tag="payment.failed", frozen=True):
    """A payment failed."""

    payment_method: str
    cart_id: Id | None = None
    order_id: Id | None = None


class StockMissed(Event, tag="stock.missed", frozen=True):
    """A customer wanted a product that was out of stock."""

    sku: Id


class RefundRequested(Event, tag="refund.requested", frozen=True):
    """A customer requested a refund."""

    refund_id: Id
    order_id: Id
    amount: Amount | None = None
    reason: str | None = None


class RefundCompleted(Event, tag="refund.completed", frozen=True):
    """A refund was paid, in the currency of the order."""

    refund_id: Id
    order_id: Id
    amount: Amount


class RefundRejected(Event, tag="refund.rejected", frozen=True):
    """A refund was rejected."""

    refund_id: Id
    order_id: Id


class RefundReversed(Event, tag="refund.reversed", frozen=True):
    """A paid refund failed or was taken back: the shop has the money."""

    refund_id: Id
    order_id: Id
    reason: str | None = None


Priority = Literal["low", "normal", "high", "urgent"]


class TicketOpened(Event, tag="ticket.opened", frozen=True):
    """A ticket was opened."""

    ticket_id: Id
    priority: Priority = "normal"
    opened_by: Literal["customer", "agent"] = "customer"
    order_id: Id | None = None
    team: Id | None = None
    category: Id | None = None


class TicketReplied(Event, tag="ticket.replied", frozen=True):
    """An agent, a bot or the customer replied in a ticket."""

    ticket_id: Id
    author: Literal["agent", "bot", "customer"]
    public: bool = True
    promised_at: Time | None = None
    agent: Id | None = None


class TicketStatusChanged(Event, tag="ticket.status_changed", frozen=True):
    """The status of a ticket changed."""

    ticket_id: Id
    status: Literal["open", "pending", "on_hold", "solved", "closed"]


class TicketTransferred(Event, tag="ticket.transferred", frozen=True):
    """A ticket was transferred to another agent or team."""

    ticket_id: Id
    to: str | None = None


#: Fields of a ticket that may change.
TICKET_FIELDS: Final = ("priority", "team", "category", "agent")


class TicketUpdated(Event, tag="ticket.updated", frozen=True):
    """One or more of these fields of a ticket changed. A field that is absent did not change."""

    ticket_id: Id
    priority: Priority | None = None
    team: Id | None = None
    category: Id | None = None
    agent: Id | None = None

    def __post_init__(self) -> None:
        """Check that a field changed."""
        if all(getattr(self, field) is None for field in TICKET_FIELDS):
            raise ValueError("Expected one of `priority`, `team`, `category` and `agent`")


class TicketWithdrawn(Event, tag="ticket.withdrawn", frozen=True):
    """A ticket must not count, because it is spam, was deleted, was merged into another one, or is a test.

    Any other `reason`, or none, counts as `other`.
    """

    ticket_id: Id
    reason: str | None = None


class TicketRestored(Event, tag="ticket.restored", frozen=True):
    """A withdrawn ticket counts after all."""

    ticket_id: Id


class ReviewSubmitted(Event, tag="review.submitted", frozen=True):
    """A review was written or changed.

    Attributes:
        review_id: id of the review.
        rating: 1 to 5 stars.
        order_id: order that the review mentions.
        sku: product that the review is about.
        text: text of the review.
        language: ISO 639 code of the text.
        sentiment: sentiment of the text, if the producer scored it.
        text_unchanged: whether the text, and so the sentiment, is that of the version before. It is ignored
            in an event that has `text` or `sentiment`.
    """

    review_id: Id
    rating: Annotated[int, Meta(ge=1, le=5)]
    order_id: Id | None = None
    sku: Id | None = None
    text: str | None = None
    language: str | None = None
    sentiment: Annotated[float, Meta(ge=-1, le=1)] | None = None
    text_unchanged: bool | None = None


class ReviewRemoved(Event, tag="review.removed", frozen=True):
    """A review was removed permanently."""

    review_id: Id


#: Survey -> lowest and highest score.
SCORES: Final = {"nps": (0, 10), "ces": (1, 7), "csat": (1, 5)}


class SurveyAnswered(Event, tag="survey.answered", frozen=True):
    """A customer answered one of the three surveys."""

    survey: Literal["nps", "ces", "csat"]
    score: Annotated[int, Meta(ge=0, le=10)]
    ticket_id: Id | None = None
    order_id: Id | None = None
    answer_id: Id | None = None

    def __post_init__(self) -> None:
        """Check that the score is on the scale of its survey."""
        lowest, highest = SCORES[self.survey]
        if not lowest <= self.score <= highest:
            raise ValueError(f"Expected `score` of {self.survey} to be {lowest} to {highest}")


class SurveyWithdrawn(Event, tag="survey.withdrawn", frozen=True):
    """The answers with this id must not count."""

    answer_id: Id


class ExperienceShared(Event, tag="experience.shared", frozen=True):
    """A customer recommended the shop to others."""

    platform: str


class CustomerMerged(Event, tag="customer.merged", frozen=True):
    """A customer id was merged into another id of the same customer."""

    expires: ClassVar[bool] = False
    advances_clock: ClassVar[bool] = False

    into: Id

    def __post_init__(self) -> None:
        """Check that the two identities differ."""
        if self.into == self.customer_id:
            raise ValueError("Expected `into` to be another customer")


class CustomerErased(Event, tag="customer.erased", frozen=True):
    """The erasure of a customer was requested."""

    expires: ClassVar[bool] = False
    advances_clock: ClassVar[bool] = False


class CustomerContacted(Event, tag="customer.contacted", frozen=True):
    """A customer was contacted, by an action or otherwise."""

    advances_clock: ClassVar[bool] = False

    action_id: Id


#: Kind of topic -> the classes of its events.
EVENTS: Final[dict[Kind, tuple[type[Event], ...]]] = {
    "orders": (
        OrderPlaced,
        OrderAmended,
        OrderCancelled,
        OrderRestored,
        OrderLinePlaced,
        OrderShipped,
        OrderDelivered,
        CheckoutStarted,
        PaymentFailed,
        StockMissed,
    ),
    "refunds": (RefundRequested, RefundCompleted, RefundRejected, RefundReversed),
    "tickets": (
        TicketOpened,
        TicketReplied,
        TicketStatusChanged,
        TicketTransferred,
        TicketUpdated,
        TicketWithdrawn,
        TicketRestored,
    ),
    "reviews": (ReviewSubmitted, ReviewRemoved, SurveyAnswered, SurveyWithdrawn, ExperienceShared),
    "customers": (CustomerMerged, CustomerErased, CustomerContacted),
}


def _tag(event_type: type[Event]) -> str:
    return str(event_type.__struct_config__.tag)


#: Type of event -> its class.
EVENT_TYPES: Final[dict[str, type[Event]]] = {
    _tag(event_type): event_type for event_types in EVENTS.values() for event_type in event_types
}
#: Type of event -> the kind of topic that it belongs on.
KINDS: Final[dict[str, Kind]] = {
    _tag(event_type): kind for kind, event_types in EVENTS.items() for event_type in event_types
}
