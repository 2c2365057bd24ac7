"""What other services read: the values of the derived topics (docs/topics.md).

Types of the values, from which the schemas are made. A reader of an earlier release goes on reading them:
fields are added, and never change their meaning.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from models.contract.events import Time
from models.definitions.action_policy import ActionName


class Metric(Struct, frozen=True, kw_only=True):
    """One series at one moment, in `retention.metrics`."""

    metric: Annotated[str, Meta(description="Its name in Prometheus.")]
    labels: dict[str, str]
    value: Annotated[float | None, Meta(description="Null where it would rest on nothing.")]
    numerator: float | UnsetType | None = UNSET
    denominator: Annotated[
        float | UnsetType | None, Meta(description="How much a ratio or mean rests on.")
    ] = UNSET
    as_of: Annotated[Time, Meta(description="The instant that it holds for.")]


#: What is said of customers, in CloudEvents' terms (docs/outputs.md).
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
SubjectKind = Literal["ticket", "order", "cart", "review", "answer", "customer"]
ActionState = Literal["issued", "withdrawn"]
Standing = Literal["lifecycle", "tier"]


class Cause(Struct, frozen=True, gc=False):
    """What has brought something about: an event, or the passing of time."""

    type: Annotated[str, Meta(description="The event's, or `time`.")]
    id: Annotated[str | None, Meta(description="The event's; null where it was time.")]


class ProfileRisk(Struct, frozen=True, gc=False):
    """How late a customer is, as of the profile's day (UTC)."""

    recency_days: Annotated[int, Meta(description="Days since the last purchase.")]
    typical_gap_days: Annotated[
        float, Meta(description="Days that usually pass between two: the customer's own, or the shop's.")
    ]
    lateness: Annotated[float, Meta(description="Recency over typical gap; above 1 the customer is late.")]
    p_alive: Annotated[
        float | None,
        Meta(description="The probability that they have not left for good; null without a fitted model."),
    ]


class Profile(Struct, frozen=True, gc=False):
    """A customer as they stand; the latest on `retention.customers` is what holds."""

    customer_id: Annotated[str, Meta(description="The key, too.")]
    lifecycle: Annotated[Lifecycle, Meta(description="Where they are in their life with the shop.")]
    tier: Annotated[Tier, Meta(description="Of loyalty, by the net of a year's orders.")]
    spender: Annotated[bool, Meta(description="Has a qualifying order within a year.")]
    sender: Annotated[bool, Meta(description="Has recommended the shop within a year.")]
    first_order: Annotated[
        Time | None, Meta(description="When the first known qualifying order was placed; null without one.")
    ]
    last_order: Annotated[Time | None, Meta(description="The last one.")]
    orders: Annotated[int, Meta(ge=0, description="How many there are.")]
    net_value: Annotated[
        float,
        Meta(description="What they are worth together, major units of `currency`, at the configured rates."),
    ]
    currency: Annotated[str, Meta(description="The base currency.")]
    risk: Annotated[ProfileRisk | None, Meta(description="Null without an order.")]
    nps: Annotated[Annotated[int, Meta(ge=0, le=10)] | None, Meta(description="The latest answer, 0-10.")]
    open_tickets: Annotated[int, Meta(ge=0, description="Not solved or closed.")]
    as_of: Annotated[Time, Meta(description="The clock when this was found to have changed.")]


class Transition(Struct, frozen=True, gc=False):
    """A customer's lifecycle or tier has become another."""

    id: Annotated[str, Meta(description="Of this output.")]
    customer_id: Annotated[str, Meta(description="The key, too.")]
    what: Annotated[Standing, Meta(description="Which of the two.")]
    from_: Annotated[
        str | None, Meta(description="What it was before; null where nothing was known of the customer.")
    ] = field(name="from")
    to: Annotated[str, Meta(description="What it is.")]
    time: Annotated[Time, Meta(description="When it became so, in event time.")]
    cause: Annotated[Cause, Meta(description="What did it.")]


class TicketSla(Struct, frozen=True, gc=False):
    """A target of a ticket begins to count, is met, is missed, or what was said of it no longer holds."""

    id: Annotated[str, Meta(description="Of this output.")]
    ticket_id: Annotated[str, Meta(description="The key, too.")]
    customer_id: Annotated[str, Meta(description="Whose ticket it is; ticket ids are a customer's own.")]
    sla: Annotated[SlaKind, Meta(description="Which target.")]
    state: Annotated[
        Literal["activated", "fulfilled", "breached", "withdrawn"], Meta(description="What has become of it.")
    ]
    priority: Annotated[Priority, Meta(description="The ticket's.")]
    due: Annotated[Time, Meta(description="By when it is to be met; of a withdrawal, what had been said.")]
    decided: Annotated[
        Time | None, Meta(description="When it was met, or `due` if it was not; null while it is open.")
    ]
    withdraws: Annotated[
        str | None, Meta(description="The output that no longer holds; null unless the state is `withdrawn`.")
    ]


class Subject(Struct, frozen=True, gc=False):
    """What an action is about, beside the customer."""

    kind: Annotated[
        SubjectKind,
        Meta(description="`answer`: to the NPS survey; `customer`: no single thing."),
    ]
    id: Annotated[str, Meta(description="Its id (an answer's: its event's); of the customer, theirs.")]


class Action(Struct, frozen=True, gc=False):
    """What to do next for a customer, and why; or that it is no longer to be done."""

    id: Annotated[str, Meta(description="Of this output.")]
    action_id: Annotated[
        str, Meta(description="Of the action: `customer.contacted` names it when it has been done.")
    ]
    customer_id: Annotated[str, Meta(description="The key, too.")]
    action: Annotated[ActionName, Meta(description="What to do.")]
    state: Annotated[ActionState, Meta(description="`issued`, or `withdrawn` before it was done.")]
    subject: Annotated[Subject, Meta(description="What it is about.")]
    cause: Annotated[Cause, Meta(description="What has made it worth doing.")]
    since: Annotated[Time, Meta(description="When that was, in event time.")]
    priority: Annotated[int, Meta(ge=1, le=100, description="1 to 100; the larger, the sooner.")]
    due: Annotated[
        Time | None, Meta(description="By when it had best be done; null if before `expires` will do.")
    ]
    expires: Annotated[Time, Meta(description="When it is no longer worth doing.")]
    time: Annotated[Time, Meta(description="When this was said, by the clock.")]
    sla: Annotated[
        SlaKind | None,
        Meta(description="Of `escalate`, the target that was missed, as `retention.ticket-sla` names it."),
    ] = None


#: Type -> the struct of its values. Those of a CloudEvent are its `type` (`ce_type`).
MESSAGE_TYPES: Final[Mapping[str, type[Struct]]] = {
    "retention.metric": Metric,
    PROFILE: Profile,
    TRANSITION: Transition,
    TICKET_SLA: TicketSla,
    ACTION: Action,
}
