"""The registry of claim types: one entry per claim class.

To add an event type, add its claim class to `models.facts.claims`, its entry here, its rule in
`models.facts.from_events`, and what it changes in `models.entities`. Tables keyed by claim class are derived
from this registry.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, get_args

from models.contract.events import EVENT_TYPES
from models.definitions.action_policy import ACTIONS
from models.definitions.definitions import PRIORITIES
from models.facts import claims
from models.facts.claims import AUTHORS, STATUSES, SURVEYS, WITHDRAWAL_REASONS, Claim

EntityKind = Literal["order", "refund", "ticket", "review", "cart"]
#: The kinds of entities, in the order in which `CustomerFacts` holds their sections.
ENTITY_KINDS: Final[tuple[EntityKind, ...]] = get_args(EntityKind)


class EventField(NamedTuple):
    """The field of an event that a field of a claim stores.

    Attributes:
        name: name of the event's field.
        values: names of the values, if the claim stores an index. None if it stores the value itself.
    """

    name: str
    values: Sequence[str] | None = None


class ClaimType(NamedTuple):
    """The properties of all claims of one class.

    Attributes:
        claim: the claim class.
        event_type: `type` of the event that it is derived from.
        entity: kind of the entity that it is about. None for a claim about the customer alone.
        makes_customer: whether a person with only such claims is a customer.
        changes_status: whether it may change the lifecycle, the tier or the role.
        fields: claim field -> event field, if it is not stored under the event's name as it was.
    """

    claim: type[Claim]
    event_type: str
    entity: EntityKind | None = None
    makes_customer: bool = True
    changes_status: bool = False
    fields: Mapping[str, EventField] = {}


_ORDER_ID: Final = {"order": EventField("order_id")}
_PLACED: Final = {
    "promised": EventField("promised_at"),
    "cart": EventField("cart_id"),
    "referrer": EventField("referred_by"),
}
_PRIORITY: Final = {"priority": EventField("priority", PRIORITIES)}
_ANSWER_ID: Final = {"answer": EventField("answer_id")}

CLAIM_TYPES: Final[Mapping[type[Claim], ClaimType]] = {
    entry.claim: entry
    for entry in (
        ClaimType(claims.Placed, "order.placed", "order", changes_status=True, fields=_PLACED),
        ClaimType(
            claims.LinePlaced,
            "order.line_placed",
            "order",
            changes_status=True,
            fields={"line": EventField("line_id"), **_PLACED},
        ),
        ClaimType(claims.Amended, "order.amended", "order", changes_status=True),
        ClaimType(claims.Cancelled, "order.cancelled", "order", changes_status=True),
        ClaimType(claims.OrderRestored, "order.restored", "order", changes_status=True),
        ClaimType(claims.Shipped, "order.shipped", "order"),
        ClaimType(claims.Delivered, "order.delivered", "order"),
        ClaimType(claims.Requested, "refund.requested", "refund", fields=_ORDER_ID),
        ClaimType(claims.Completed, "refund.completed", "refund", changes_status=True, fields=_ORDER_ID),
        ClaimType(claims.Rejected, "refund.rejected", "refund", fields=_ORDER_ID),
        ClaimType(claims.Reversed, "refund.reversed", "refund", changes_status=True, fields=_ORDER_ID),
        ClaimType(
            claims.Opened,
            "ticket.opened",
            "ticket",
            fields={**_PRIORITY, "by_agent": EventField("opened_by", ("customer", "agent"))},
        ),
        ClaimType(
            claims.Replied,
            "ticket.replied",
            "ticket",
            fields={"author": EventField("author", AUTHORS), "promised": EventField("promised_at")},
        ),
        ClaimType(
            claims.StatusChanged,
            "ticket.status_changed",
            "ticket",
            fields={"status": EventField("status", STATUSES)},
        ),
        ClaimType(claims.Transferred, "ticket.transferred", "ticket"),
        ClaimType(claims.TicketUpdated, "ticket.updated", "ticket", fields=_PRIORITY),
        ClaimType(
            claims.TicketWithdrawn,
            "ticket.withdrawn",
            "ticket",
            fields={"reason": EventField("reason", WITHDRAWAL_REASONS)},
        ),
        ClaimType(claims.TicketRestored, "ticket.restored", "ticket"),
        ClaimType(claims.Submitted, "review.submitted", "review"),
        ClaimType(claims.Removed, "review.removed", "review"),
        ClaimType(claims.CheckoutStarted, "checkout.started", "cart"),
        ClaimType(
            claims.Answered,
            "survey.answered",
            changes_status=True,
            fields={"survey": EventField("survey", SURVEYS), **_ANSWER_ID},
        ),
        ClaimType(
            claims.AnswersWithdrawn,
            "survey.withdrawn",
            changes_status=True,
            fields=_ANSWER_ID,
        ),
        ClaimType(claims.Shared, "experience.shared", changes_status=True),
        ClaimType(claims.PaymentFailed, "payment.failed", fields={"method": EventField("payment_method")}),
        ClaimType(claims.StockMissed, "stock.missed"),
        ClaimType(
            claims.Contacted,
            "customer.contacted",
            makes_customer=False,
            fields={"action": EventField("action_id")},
        ),
        ClaimType(claims.CustomerUpdated, "customer.updated", makes_customer=False),
        ClaimType(claims.MergeVariant, "customer.merged", makes_customer=False),
        ClaimType(
            claims.Acted,
            "action.asked",
            makes_customer=False,
            fields={"action": EventField("action", ACTIONS), "held": EventField("held_out")},
        ),
    )
}

#: Claim class -> type of the event.
EVENT_TYPE_OF: Final[Mapping[type[Claim], str]] = {
    claim: entry.event_type for claim, entry in CLAIM_TYPES.items()
}
#: Claim classes that do not make a person a customer.
NON_CUSTOMER_CLAIMS: Final = frozenset(
    claim for claim, entry in CLAIM_TYPES.items() if not entry.makes_customer
)
#: Claim classes that may change the lifecycle, the tier or the role of a customer.
STATUS_CLAIMS: Final = frozenset(claim for claim, entry in CLAIM_TYPES.items() if entry.changes_status)
#: Claim classes of the events that do not advance the clock of the `event` mode.
CLOCK_NEUTRAL_CLAIMS: Final = frozenset(
    claim
    for claim, event_type in EVENT_TYPE_OF.items()
    if event_type in EVENT_TYPES and not EVENT_TYPES[event_type].advances_clock
)


def makes_customer(claim: Claim) -> bool:
    """Return whether a claim derived from an event makes a person a customer."""
    return type(claim) not in NON_CUSTOMER_CLAIMS
