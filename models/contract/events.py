"""All events of the five input topics, by topic and by type (docs/metrics.md, "Events")."""

from typing import ClassVar, Final

from models.contract.event import Attributes, Event, Id, Kind
from models.contract.order_events import (
    CheckoutStarted,
    Item,
    OrderAmended,
    OrderCancelled,
    OrderDelivered,
    OrderLinePlaced,
    OrderPlaced,
    OrderRestored,
    OrderShipped,
    PaymentFailed,
    RefundCompleted,
    RefundRejected,
    RefundRequested,
    RefundReversed,
    StockMissed,
)
from models.contract.support_events import (
    SCORES,
    TICKET_FIELDS,
    ExperienceShared,
    Priority,
    ReviewRemoved,
    ReviewSubmitted,
    SurveyAnswered,
    SurveyWithdrawn,
    TicketOpened,
    TicketReplied,
    TicketRestored,
    TicketStatusChanged,
    TicketTransferred,
    TicketUpdated,
    TicketWithdrawn,
)

__all__ = [
    "EVENTS",
    "EVENT_TYPES",
    "KINDS",
    "SCORES",
    "TICKET_FIELDS",
    "CheckoutStarted",
    "CustomerContacted",
    "CustomerErased",
    "CustomerMerged",
    "CustomerUpdated",
    "Event",
    "ExperienceShared",
    "Item",
    "Kind",
    "OrderAmended",
    "OrderCancelled",
    "OrderDelivered",
    "OrderLinePlaced",
    "OrderPlaced",
    "OrderRestored",
    "OrderShipped",
    "PaymentFailed",
    "Priority",
    "RefundCompleted",
    "RefundRejected",
    "RefundRequested",
    "RefundReversed",
    "ReviewRemoved",
    "ReviewSubmitted",
    "StockMissed",
    "SurveyAnswered",
    "SurveyWithdrawn",
    "TicketOpened",
    "TicketReplied",
    "TicketRestored",
    "TicketStatusChanged",
    "TicketTransferred",
    "TicketUpdated",
    "TicketWithdrawn",
]


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


class CustomerUpdated(Event, tag="customer.updated", frozen=True):
    """Attributes of a customer changed. Those that are left out did not."""

    advances_clock: ClassVar[bool] = False

    attributes: Attributes


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
    "customers": (CustomerMerged, CustomerErased, CustomerContacted, CustomerUpdated),
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
