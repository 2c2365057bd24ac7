"""What is answered: the items of each list, and a customer's reasons."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from models.contract.events import Time
from models.contract.messages import Cause, Lifecycle, Priority, SlaKind, Tier
from models.facts.claim_types import EntityKind
from models.query.parameters import SetName, Status

#: What an event can count for: the paragraphs of docs/metrics.md, and parts of them.
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
    """One target of a ticket."""

    sla: Annotated[SlaKind, Meta(description="Which.")]
    state: Annotated[
        Literal["open", "met", "breached"], Meta(description="What has become of it; `open`: undecided.")
    ]
    due: Annotated[Time, Meta(description="By when it is, or was, to be met.")]
    decided: Annotated[
        Time | None, Meta(description="When it was met, or `due` if it was not; null while it is open.")
    ]


class Ticket(Struct, frozen=True, gc=False):
    """A ticket, and its targets."""

    customer_id: Annotated[str, Meta(description="Whose; ticket ids are a customer's own.")]
    ticket_id: str
    status: Status
    priority: Priority
    channel: str
    opened_by: Literal["customer", "agent"]
    opened: Annotated[Time, Meta(description="When first.")]
    answered: Annotated[
        Time | None, Meta(description="First public reply of an agent or a bot; null without one.")
    ]
    answered_by_human: Annotated[Time | None, Meta(description="First public reply of an agent.")]
    promised: Annotated[Time | None, Meta(description="The deadline told to the customer last.")]
    targets: list[Target]


class Order(Struct, frozen=True, gc=False):
    """An order that is overdue."""

    customer_id: Annotated[str, Meta(description="Whose; order ids are a customer's own.")]
    order_id: str
    placed: Time
    promised: Time
    overdue_seconds: Annotated[int, Meta(ge=0, description="Since the promise passed.")]
    amount: Annotated[int, Meta(description="Minor units of `currency`, as the events have it.")]
    refunded: Annotated[int, Meta(description="Of it, minor units.")]
    currency: str
    channel: str


class Subject(Struct, frozen=True, gc=False):
    """The thing that an event is about."""

    kind: EntityKind
    id: str


class Reason(Struct, frozen=True, gc=False):
    """One event of a customer, and what it counts for."""

    id: Annotated[str, Meta(description="The event's.")]
    type: Annotated[str, Meta(description="The event's.")]
    time: Annotated[Time, Meta(description="When it happened.")]
    subject: Annotated[Subject | None, Meta(description="Null where it is about the customer alone.")]
    says: Annotated[
        dict[str, str | int | float | bool | None],
        Meta(description="What is kept of it, besides the experiments."),
    ]
    experiments: Annotated[dict[str, str], Meta(description="The variants that were shown.")]
    counts_for: Annotated[list[Use], Meta(description="Nothing, where it is empty.")]
    reason: Annotated[str, Meta(description="Why, or why not, in a sentence.")]
    outdone_by: Annotated[str | None, Meta(description="The event that says the same, and counts instead.")]
    windows: Annotated[list[str], Meta(description="Those that hold its event hour.")]
    windows_before: Annotated[list[str], Meta(description="Those with its event hour in the window before.")]


class MergeSeen(Struct, frozen=True, gc=False):
    """An event `customer.merged` that counts."""

    id: Annotated[str, Meta(description="The event's.")]
    time: Annotated[Time, Meta(description="When it happened.")]
    customer_id: Annotated[str, Meta(description="Who was merged.")]
    into: Annotated[str, Meta(description="Into whom.")]


class Identities(Struct, frozen=True, gc=False):
    """Which ids are one customer."""

    customer_id: Annotated[str, Meta(description="The customer's name, by which everything else is known.")]
    identities: Annotated[list[str], Meta(description="The others.")]
    merges: Annotated[list[MergeSeen], Meta(description="What made them one, by time and id.")]


class Sets(Struct, frozen=True, gc=False):
    """The sets of `retention_customers` that a customer is in."""

    window: str
    sets: list[SetName]


class Change(Struct, frozen=True, gc=False):
    """Since when something is as it is."""

    since: Annotated[Time, Meta(description="In event time.")]
    cause: Annotated[Cause, Meta(description="What did it.")]


class Why(Struct, frozen=True, gc=False):
    """The facts behind a customer's profile."""

    customer_id: str
    lifecycle: Lifecycle
    lifecycle_changed: Change
    tier: Tier
    tier_changed: Change
    sets: Annotated[list[Sets], Meta(description="By window, in the configuration's order.")]
    events: Annotated[list[Reason], Meta(description="By time and id; a page of them.")]
    as_of: Annotated[Time, Meta(description="The clock that all of it holds for.")]
    next: Annotated[str | None, Meta(description="The cursor of the next page of events, if there is one.")]


class Gauge(Struct, frozen=True, gc=False):
    """The number that counts what a list holds, as it was published last."""

    series: Annotated[str, Meta(description="As Prometheus writes it; of a ratio, its numerator counts.")]
    value: Annotated[float | None, Meta(description="How many items all pages hold together, at `as_of`.")]
    as_of: Time


class Page(Struct, frozen=True, gc=False):
    """A page of a list."""

    items: list[Any]
    as_of: Annotated[Time, Meta(description="The clock that it holds for; the earliest, if several do.")]
    next: Annotated[
        str | None,
        Meta(description="The cursor of the next page; null at the end. A page may hold few items, or none."),
    ]
    gauge: Annotated[Gauge | None, Meta(description="Null where no gauge counts just these.")]


class Problem(Struct, frozen=True, gc=False, omit_defaults=True):
    """Why there is no answer (RFC 9457)."""

    title: str
    status: int
    detail: str
    type: str = field(default="about:blank")
    parameter: Annotated[str | None, Meta(description="The query parameter that is at fault.")] = None
