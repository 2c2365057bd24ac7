"""The responses of the API: items of lists, and the explanation of a customer.

The class names are schema names in OpenAPI, and the field names are JSON names: both are part of the API.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from models.contract.event import Time
from models.contract.messages import Cause, Lifecycle, Priority, SlaKind, Tier
from models.facts.claim_types import EntityKind
from models.metrics.cohorts import CohortKind
from models.query.parameters import SetName, Status

#: The metrics that an event can count for: sections of docs/metrics.md, and parts of them.
Use = Literal[
    "retention",
    "refunds",
    "tickets",
    "sla",
    "feedback",
    "carts",
    "deliveries",
    "exposure",
    "experiments",
    "senders",
    "referrals",
    "payment_failures",
    "stockouts",
    "actions",
    "merged",
]


class Target(Struct, frozen=True, gc=False):
    """The state of one SLA target of a ticket."""

    sla: Annotated[SlaKind, Meta(description="Kind of the target.")]
    state: Annotated[
        Literal["open", "met", "breached"],
        Meta(description="`met`: the target was fulfilled. `open`: it is neither fulfilled nor breached."),
    ]
    due: Annotated[Time | None, Meta(description="Due time of the target. Null while it is paused.")]
    decided: Annotated[
        Time | None,
        Meta(
            description="Time at which the target was fulfilled. If it was breached, `due` or the later "
            "change of the priority that made it due. Null while it is open."
        ),
    ]


class Clock(Struct, frozen=True, gc=False):
    """The support clock of a ticket: the open target that is due first, without a promised deadline."""

    schedule: Annotated[
        str | None, Meta(description="Schedule in which the clock runs. Null if it runs at any hour.")
    ]
    remaining_seconds: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(
            description="Seconds that the clock has to run until the target is due. If only a paused "
            "resolution is open, what is left of it. Null without an open target.",
        ),
    ]
    paused_since: Annotated[
        Time | None, Meta(description="Time since which the resolution is paused. Null while it is not.")
    ]
    due: Annotated[
        Time | None, Meta(description="Time at which the target is due. Null if none is, or it is paused.")
    ]


class Ticket(Struct, frozen=True, gc=False):
    """A ticket, and the state of its SLA targets."""

    customer_id: Annotated[
        str, Meta(description="Customer of the ticket. A ticket id is unique per customer.")
    ]
    ticket_id: str
    status: Status
    priority: Annotated[Priority, Meta(description="Priority in force now.")]
    channel: str
    opened_by: Literal["customer", "agent"]
    opened: Annotated[Time, Meta(description="Time of the earliest event that opened it.")]
    answered: Annotated[
        Time | None,
        Meta(description="First public reply of an agent or a bot. Null without one."),
    ]
    answered_by_human: Annotated[
        Time | None, Meta(description="First public reply of an agent. Null without one.")
    ]
    promised: Annotated[
        Time | None, Meta(description="Latest deadline promised to the customer. Null without one.")
    ]
    targets: list[Target]
    clock: Clock
    team: Annotated[str | None, Meta(description="Latest team. Null if no event names one.")]
    category: Annotated[str | None, Meta(description="Latest category. Null if no event names one.")]
    agent: Annotated[str | None, Meta(description="Latest agent. Null if no event names one.")]


class Order(Struct, frozen=True, gc=False):
    """An overdue or refunded order."""

    customer_id: Annotated[
        str, Meta(description="Customer of the order. An order id is unique per customer.")
    ]
    order_id: str
    placed: Time
    promised: Annotated[Time | None, Meta(description="Null if no time was promised.")]
    overdue_seconds: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="Seconds since the promised time. Null unless the order is overdue."),
    ]
    amount: Annotated[
        int, Meta(description="Amount of the order, minor units of `currency`, as in the events.")
    ]
    refunded: Annotated[int, Meta(description="Refunded part of `amount`, minor units.")]
    currency: str
    channel: str


class Subject(Struct, frozen=True, gc=False):
    """The order, refund, ticket, review or cart that an event is about."""

    kind: EntityKind
    id: str


class Reason(Struct, frozen=True, gc=False):
    """One event of a customer, and the metrics it counts for."""

    id: Annotated[str, Meta(description="Id of the event.")]
    type: Annotated[str, Meta(description="Type of the event.")]
    time: Annotated[Time, Meta(description="Event time.")]
    subject: Annotated[Subject | None, Meta(description="Null if the event is about the customer alone.")]
    says: Annotated[
        dict[str, str | int | float | bool | None],
        Meta(description="The stored fields of the event, without `experiments`."),
    ]
    experiments: Annotated[
        dict[str, str], Meta(description="Experiment to the variant that the event showed.")
    ]
    counts_for: Annotated[list[Use], Meta(description="Metrics that include the event. Empty if none does.")]
    reason: Annotated[str, Meta(description="Why the event counts, or why not, in a sentence.")]
    outdone_by: Annotated[
        str | None, Meta(description="Id of the event that counts instead. Null if there is none.")
    ]
    windows: Annotated[list[str], Meta(description="Windows that contain the event.")]
    windows_before: Annotated[
        list[str], Meta(description="Windows whose preceding window contains the event.")
    ]


class MergeSeen(Struct, frozen=True, gc=False):
    """A merge: an event `customer.merged` that is in effect."""

    id: Annotated[str, Meta(description="Id of the event.")]
    time: Annotated[Time, Meta(description="Event time.")]
    customer_id: Annotated[str, Meta(description="Id that was merged.")]
    into: Annotated[str, Meta(description="Id that it was merged into.")]


class Identities(Struct, frozen=True, gc=False):
    """The ids that are one customer."""

    customer_id: Annotated[str, Meta(description="Canonical id: all metrics and outputs use it.")]
    identities: Annotated[list[str], Meta(description="The other ids of the customer.")]
    merges: Annotated[
        list[MergeSeen], Meta(description="The merges that connect the ids, sorted by time and id.")
    ]


class Sets(Struct, frozen=True, gc=False):
    """The sets of `retention_customers` that contain a customer."""

    window: str
    sets: list[SetName]


class Change(Struct, frozen=True, gc=False):
    """The last change of a customer's lifecycle state or tier."""

    since: Annotated[Time, Meta(description="Event time of the change.")]
    cause: Annotated[Cause, Meta(description="What caused the change.")]


class Attribute(Struct, frozen=True, gc=False):
    """The present value of an attribute of a customer."""

    name: Annotated[str, Meta(description="Name of the attribute.")]
    value: Annotated[str, Meta(description="Its value.")]
    since: Annotated[
        Time, Meta(description="Time of the event that has it, which may be beyond the horizon.")
    ]


class Why(Struct, frozen=True, gc=False):
    """The events behind a customer's profile."""

    customer_id: str
    lifecycle: Lifecycle
    lifecycle_changed: Change
    tier: Tier
    tier_changed: Change
    sets: Annotated[list[Sets], Meta(description="Sets by window, in the order of the configuration.")]
    attributes: Annotated[
        list[Attribute],
        Meta(description="The present attributes, sorted by name; removed ones are left out."),
    ]
    events: Annotated[list[Reason], Meta(description="One page of events, sorted by time and id.")]
    as_of: Annotated[Time, Meta(description="Time for which the response is correct.")]
    next: Annotated[str | None, Meta(description="Cursor of the next page of events. Null on the last page.")]


class Gauge(Struct, frozen=True, gc=False):
    """The published number that counts the items of a list."""

    series: Annotated[
        str, Meta(description="The series in Prometheus notation. The numerator of a ratio counts the items.")
    ]
    value: Annotated[float | None, Meta(description="Number of items on all pages at `as_of`.")]
    as_of: Time


class CohortCell(Struct, frozen=True, gc=False):
    """A cohort in one period of its customers' age."""

    cohort: Annotated[str, Meta(description="Month of the first orders, such as `2026-05`, or `mean`.")]
    age: Annotated[int, Meta(description="Number of the period, from 0.")]
    kind: CohortKind
    eligible: Annotated[int, Meta(description="Customers for whom the period is over.")]
    hits: Annotated[int, Meta(description="Those of them with a repeat order by `kind`.")]
    ratio: Annotated[float | None, Meta(description="`hits` / `eligible`. Null without eligible customers.")]
    value: Annotated[
        float | None,
        Meta(description="Net revenue before the end of the period for each eligible customer."),
    ]
    currency: Annotated[str, Meta(description="ISO 4217 code of the base currency.")]
    complete: Annotated[bool, Meta(description="Whether the period is over for all customers of the cohort.")]


class Cohorts(Struct, frozen=True, gc=False):
    """The cells of cohorts by month and age, and those over all cohorts."""

    items: Annotated[list[CohortCell], Meta(description="Sorted by cohort and age; the mean comes last.")]
    customers: Annotated[
        dict[str, int], Meta(description="Customers by cohort: the last 13 months, and `before`.")
    ]
    as_of: Time


class Page(Struct, frozen=True, gc=False):
    """A page of a list."""

    items: list[Any]
    as_of: Annotated[
        Time, Meta(description="Time for which the page is correct. The earliest one if it spans tasks.")
    ]
    next: Annotated[
        str | None,
        Meta(
            description="Cursor of the next page. Null at the end. Earlier pages may have few items or none."
        ),
    ]
    gauge: Annotated[Gauge | None, Meta(description="Null if no gauge counts exactly these items.")]


class Problem(Struct, frozen=True, gc=False, omit_defaults=True):
    """An error (RFC 9457)."""

    title: str
    status: int
    detail: str
    type: str = field(default="about:blank")
    parameter: Annotated[str | None, Meta(description="The invalid query parameter.")] = None
