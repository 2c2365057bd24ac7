"""What is said of customers on the output topics, as JSON (docs/outputs.md).

Times are RFC 3339 in UTC. An `id` is the output's own: the same output, made again, has the same.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

#: What an output says, in CloudEvents' terms; each has a schema.
PROFILE, TRANSITION, TICKET_SLA, ACTION = (
    "retention.customer",
    "retention.transition",
    "retention.ticket-sla",
    "retention.action",
)

Lifecycle = Literal["prospect", "churned", "at_risk", "new", "reactivated", "returning"]
Tier = Literal["member", "silver", "gold", "vip"]
SlaKind = Literal["first_response", "first_human_response", "resolution", "promise"]
Priority = Literal["low", "normal", "high", "urgent"]
ActionName = Literal[
    "acknowledge",
    "escalate",
    "win_back",
    "recover_service",
    "recover_cart",
    "apologise_late_delivery",
    "ask_for_review",
    "ask_for_referral",
    "reward_loyalty",
]


class Cause(Struct, frozen=True, gc=False):
    """What has brought something about: an event, or the passing of time.

    Attributes:
        type: the event's, or `time`.
        id: the event's; null where it was time.
    """

    type: str
    id: str | None


class ProfileRisk(Struct, frozen=True, gc=False):
    """How late a customer is, as of the profile's day (UTC).

    Attributes:
        recency_days: days since the last purchase.
        typical_gap_days: days that usually pass between two: the customer's own, or the shop's.
        lateness: recency over typical gap; above 1 the customer is late.
        p_alive: the probability that they have not left for good; null without a fitted model.
    """

    recency_days: int
    typical_gap_days: float
    lateness: float
    p_alive: float | None


class Profile(Struct, frozen=True, gc=False):
    """A customer as they stand; the latest on `retention.customers` is what holds.

    Attributes:
        customer_id: the key, too.
        lifecycle: where they are in their life with the shop.
        tier: of loyalty, by the net of a year's orders.
        spender: has a qualifying order within a year.
        sender: has recommended the shop within a year.
        first_order: when the first known qualifying order was placed; null without one.
        last_order: the last one.
        orders: how many there are.
        net_value: what they are worth together, major units of `currency`, at the configured rates.
        currency: the base currency.
        risk: null without an order.
        nps: the latest answer, 0-10.
        open_tickets: not solved or closed.
        as_of: the clock when this was found to have changed.
    """

    customer_id: str
    lifecycle: Lifecycle
    tier: Tier
    spender: bool
    sender: bool
    first_order: datetime | None
    last_order: datetime | None
    orders: Annotated[int, Meta(ge=0)]
    net_value: float
    currency: str
    risk: ProfileRisk | None
    nps: Annotated[int, Meta(ge=0, le=10)] | None
    open_tickets: Annotated[int, Meta(ge=0)]
    as_of: datetime


class Transition(Struct, frozen=True, gc=False):
    """A customer's lifecycle or tier has become another.

    Attributes:
        id: of this output.
        customer_id: the key, too.
        what: which of the two.
        from_: what it was before; null where nothing was known of the customer.
        to: what it is.
        time: when it became so, in event time.
        cause: what did it.
    """

    id: str
    customer_id: str
    what: Literal["lifecycle", "tier"]
    from_: str | None = field(name="from")
    to: str
    time: datetime
    cause: Cause


class TicketSla(Struct, frozen=True, gc=False):
    """A target of a ticket begins to count, is met, is missed, or what was said of it no longer holds.

    Attributes:
        id: of this output.
        ticket_id: the key, too.
        customer_id: whose ticket it is; ticket ids are a customer's own.
        sla: which target.
        state: what has become of it.
        priority: the ticket's.
        due: by when it is to be met; of a withdrawal, what had been said.
        decided: when it was met, or `due` if it was not; null while it is open.
        withdraws: the output that no longer holds; null unless the state is `withdrawn`.
    """

    id: str
    ticket_id: str
    customer_id: str
    sla: SlaKind
    state: Literal["activated", "fulfilled", "breached", "withdrawn"]
    priority: Priority
    due: datetime
    decided: datetime | None
    withdraws: str | None


class Subject(Struct, frozen=True, gc=False):
    """What an action is about, beside the customer.

    Attributes:
        kind: what it is: a ticket, an order, a cart, a review, an answer to the NPS survey, the customer.
        id: its id (an answer's: its event's); of the customer, theirs.
    """

    kind: Literal["ticket", "order", "cart", "review", "answer", "customer"]
    id: str


class Action(Struct, frozen=True, gc=False):
    """What to do next for a customer, and why; or that it is no longer to be done.

    Attributes:
        id: of this output.
        action_id: of the action: `customer.contacted` names it when it has been done.
        customer_id: the key, too.
        action: what to do.
        state: `issued`, or `withdrawn` before it was done.
        subject: what it is about.
        cause: what has made it worth doing.
        since: when that was, in event time.
        priority: 1 to 100; the larger, the sooner.
        due: by when it had best be done; null if before `expires` will do.
        expires: when it is no longer worth doing.
        time: when this was said, by the clock.
    """

    id: str
    action_id: str
    customer_id: str
    action: ActionName
    state: Literal["issued", "withdrawn"]
    subject: Subject
    cause: Cause
    since: datetime
    priority: Annotated[int, Meta(ge=1, le=100)]
    due: datetime | None
    expires: datetime
    time: datetime


#: Type, in CloudEvents' terms -> the value's.
MESSAGE_TYPES: Final[Mapping[str, type[Struct]]] = {
    PROFILE: Profile,
    TRANSITION: Transition,
    TICKET_SLA: TicketSla,
    ACTION: Action,
}
