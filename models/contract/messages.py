"""The values of the derived topics, which other services read (docs/topics.md).

The JSON and Avro schemas are generated from these types. Fields are only added, and never change their
meaning, so that readers of an earlier release can read the values.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from models.contract.event import Time
from models.definitions.action_policy import ActionName


class Metric(Struct, frozen=True, kw_only=True):
    """The value of one series at one instant, in `retention.metrics`."""

    metric: Annotated[str, Meta(description="Name of the metric in Prometheus.")]
    labels: dict[str, str]
    value: Annotated[float | None, Meta(description="Null if it is undefined, such as a ratio over 0.")]
    numerator: float | UnsetType | None = UNSET
    denominator: Annotated[float | UnsetType | None, Meta(description="Denominator of a ratio or mean.")] = (
        UNSET
    )
    low: Annotated[
        float | UnsetType | None,
        Meta(description="Lower 95 % confidence bound of a ratio."),
    ] = UNSET
    high: Annotated[
        float | UnsetType | None,
        Meta(description="Upper 95 % confidence bound of a ratio."),
    ] = UNSET
    as_of: Annotated[Time, Meta(description="Instant of the value.")]


#: Types of the outputs per customer, as in CloudEvents (docs/outputs.md).
PROFILE, TRANSITION, TICKET_SLA, ACTION = (
    "retention.customer",
    "retention.transition",
    "retention.ticket-sla",
    "retention.action",
)

#: Type of the values of `retention.periods`.
PERIOD: Final = "retention.period"

Lifecycle = Literal["prospect", "churned", "at_risk", "new", "reactivated", "returning"]
Tier = Literal["member", "silver", "gold", "vip"]
SlaKind = Literal["first_response", "first_human_response", "resolution", "promise", "next_response"]
Priority = Literal["low", "normal", "high", "urgent"]
SubjectKind = Literal["ticket", "order", "cart", "review", "answer", "customer"]
ActionState = Literal["issued", "withdrawn"]
PeriodKind = Literal["week", "month", "quarter", "year"]
TransitionKind = Literal["lifecycle", "tier"]


class Cause(Struct, frozen=True, gc=False):
    """The cause of a transition or an action: an event, or the passing of time."""

    type: Annotated[str, Meta(description="Type of the event, or `time`.")]
    id: Annotated[str | None, Meta(description="Id of the event; null for `time`.")]


class ProfileRisk(Struct, frozen=True, gc=False):
    """Lateness of a customer, as of the profile's day (UTC)."""

    recency_days: Annotated[int, Meta(description="Days since the last purchase.")]
    typical_gap_days: Annotated[
        float, Meta(description="Typical days between two purchases: the customer's own, or the shop's.")
    ]
    lateness: Annotated[
        float, Meta(description="Recency divided by typical gap; above 1 the customer is late.")
    ]
    p_alive: Annotated[
        float | None,
        Meta(description="Probability that the customer has not left for good; null without a fitted model."),
    ]


class Profile(Struct, frozen=True, gc=False):
    """The profile of a customer. The latest value on `retention.customers` is the current one."""

    customer_id: Annotated[str, Meta(description="Id of the customer; the key of the record.")]
    lifecycle: Annotated[Lifecycle, Meta(description="Lifecycle state.")]
    tier: Annotated[Tier, Meta(description="Loyalty tier, by the net of a year's orders.")]
    spender: Annotated[bool, Meta(description="Whether the customer has a qualifying order within a year.")]
    sender: Annotated[bool, Meta(description="Whether the customer recommended the shop within a year.")]
    first_order: Annotated[
        Time | None, Meta(description="Time of the first qualifying order; null without one.")
    ]
    last_order: Annotated[
        Time | None, Meta(description="Time of the last qualifying order; null without one.")
    ]
    orders: Annotated[int, Meta(ge=0, description="Number of qualifying orders.")]
    net_value: Annotated[
        float,
        Meta(description="Net of these orders, in major units of `currency`, at the configured rates."),
    ]
    currency: Annotated[str, Meta(description="Base currency.")]
    risk: Annotated[ProfileRisk | None, Meta(description="Null without an order.")]
    nps: Annotated[
        Annotated[int, Meta(ge=0, le=10)] | None, Meta(description="Latest answer to the NPS survey, 0-10.")
    ]
    open_tickets: Annotated[int, Meta(ge=0, description="Number of tickets that are not solved or closed.")]
    as_of: Annotated[Time, Meta(description="Time of the clock when the profile changed.")]


class Transition(Struct, frozen=True, gc=False):
    """A change of a customer's lifecycle state or tier."""

    id: Annotated[str, Meta(description="Id of this output.")]
    customer_id: Annotated[str, Meta(description="Id of the customer; the key of the record.")]
    what: Annotated[TransitionKind, Meta(description="What changed.")]
    from_: Annotated[str | None, Meta(description="Value before; null for a new customer.")] = field(
        name="from"
    )
    to: Annotated[str, Meta(description="Value after.")]
    time: Annotated[Time, Meta(description="Event time of the change.")]
    cause: Annotated[Cause, Meta(description="Cause of the change.")]


class TicketSla(Struct, frozen=True, gc=False):
    """A target of a ticket was activated, fulfilled or breached, or its earlier output was withdrawn."""

    id: Annotated[str, Meta(description="Id of this output.")]
    ticket_id: Annotated[str, Meta(description="Id of the ticket; the key of the record.")]
    customer_id: Annotated[str, Meta(description="Id of the customer; ticket ids are unique per customer.")]
    sla: Annotated[SlaKind, Meta(description="Kind of target.")]
    state: Annotated[
        Literal["activated", "fulfilled", "breached", "withdrawn"], Meta(description="State of the target.")
    ]
    priority: Annotated[
        Priority,
        Meta(
            description="Priority under which the target counts: the one in force at the decision, or the "
            "one in force now while the target is open."
        ),
    ]
    due: Annotated[Time, Meta(description="Due time; of a withdrawal, the withdrawn due time.")]
    decided: Annotated[
        Time | None,
        Meta(
            description="Time at which the target was fulfilled; if it was breached, `due`, or the later "
            "change of the priority that made it due; null while it is open."
        ),
    ]
    withdraws: Annotated[
        str | None, Meta(description="Id of the withdrawn output; null unless the state is `withdrawn`.")
    ]


class Subject(Struct, frozen=True, gc=False):
    """The subject of an action, besides the customer."""

    kind: Annotated[
        SubjectKind,
        Meta(description="Kind: `answer` is one to the NPS survey, `customer` the customer as a whole."),
    ]
    id: Annotated[
        str,
        Meta(description="Id: of an answer, that of its event; of `customer`, that of the customer."),
    ]


class Action(Struct, frozen=True, gc=False):
    """An action to carry out for a customer, or its withdrawal."""

    id: Annotated[str, Meta(description="Id of this output.")]
    action_id: Annotated[
        str,
        Meta(description="Id of the action; `customer.contacted` names it once the action was carried out."),
    ]
    customer_id: Annotated[str, Meta(description="Id of the customer; the key of the record.")]
    action: Annotated[ActionName, Meta(description="Name of the action.")]
    state: Annotated[ActionState, Meta(description="`issued`, or `withdrawn` before it was carried out.")]
    subject: Annotated[Subject, Meta(description="Subject of the action.")]
    cause: Annotated[Cause, Meta(description="Cause of the action.")]
    since: Annotated[Time, Meta(description="Event time of the cause.")]
    priority: Annotated[int, Meta(ge=1, le=100, description="1 to 100; the highest first.")]
    due: Annotated[Time | None, Meta(description="Recommended due time; null if `expires` is the only one.")]
    expires: Annotated[Time, Meta(description="Time at which the action expires.")]
    time: Annotated[Time, Meta(description="Time of the clock when the output was emitted.")]
    sla: Annotated[
        SlaKind | None,
        Meta(description="Missed target of an `escalate`, named as in `retention.ticket-sla`."),
    ] = None


class PeriodValue(Struct, frozen=True, gc=False):
    """The value of one series of a period when the period was frozen."""

    metric: Annotated[str, Meta(description="Name of the metric in Prometheus.")]
    labels: Annotated[
        dict[str, str], Meta(description="Labels of the series, without `kind`, `period` and `basis`.")
    ]
    value: Annotated[float | None, Meta(description="Null if it is undefined, such as a ratio over 0.")]
    numerator: float | UnsetType | None = UNSET
    denominator: Annotated[float | UnsetType | None, Meta(description="Denominator of a ratio or mean.")] = (
        UNSET
    )


class ClosedPeriod(Struct, frozen=True, gc=False):
    """The values of a closed period, as they were known at its close. A version never changes."""

    group: Annotated[str, Meta(description="Name of the group of workers that froze the values.")]
    kind: PeriodKind
    period: Annotated[
        str, Meta(description="Name: `2026-10-05` (first day of a week), `2026-10`, `2026-Q4` or `2026`.")
    ]
    version: Annotated[int, Meta(ge=1, description="1 at the close, and one more with each reopening.")]
    begin: Annotated[Time, Meta(description="Begin of the period.")]
    end: Annotated[Time, Meta(description="End of the period, exclusive.")]
    closed: Annotated[
        Time | None,
        Meta(description="Instant of the evaluation that was frozen. Null while a reopening waits for one."),
    ]
    release: Annotated[str, Meta(description="Release of the worker that froze the values.")]
    definitions: Annotated[str, Meta(description="Hash of the definitions behind the values.")]
    first_start: Annotated[
        bool,
        Meta(
            description="Whether no evaluation before the close is known, such as at the first start on a "
            "history: the values are those known at `closed`, possibly long after the close."
        ),
    ]
    because: Annotated[str | None, Meta(description="Reason of a reopening; null of the first version.")]
    changes: Annotated[
        dict[str, int],
        Meta(description="Cause -> number of changes up to `closed`; later changes are counted beyond it."),
    ]
    values: Annotated[list[PeriodValue], Meta(description="The values; empty until `closed`.")]


#: Type -> struct of its values. For CloudEvents, the type is the attribute `type` (`ce_type`).
MESSAGE_TYPES: Final[Mapping[str, type[Struct]]] = {
    "retention.metric": Metric,
    PROFILE: Profile,
    TRANSITION: Transition,
    TICKET_SLA: TicketSla,
    ACTION: Action,
    PERIOD: ClosedPeriod,
}
