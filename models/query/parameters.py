"""The query parameters of each list, as types that validate them.

An omitted parameter does not restrict a list, and several parameters restrict it together.
`streams.http.api.parameters` checks what depends on the configuration, such as the names of the windows.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from models.contract.messages import Lifecycle, PeriodKind, Priority, SlaKind, Tier
from models.metrics.cohorts import CohortKind

SetName = Literal["start", "end", "new", "retained", "lost", "reactivated"]
RiskBand = Literal["on_time", "late"]
Status = Literal["open", "pending", "on_hold", "solved", "closed"]
By = Literal["any", "human"]
Format = Literal["json", "csv"]
Tenure = Literal["1", "2-3", "4+"]
_Name = Annotated[str, Meta(min_length=1, max_length=128)]
_Segment = Annotated[
    Annotated[str, Meta(max_length=192)] | None,
    Meta(
        description="Only what has this value of a configured segment, such as `country:DE`"
        " (docs/api.md, Segments)."
    ),
]
# In Python, `$` matches before a line feed at the end too, which `(?!\n)` excludes.
Month = Annotated[str, Meta(pattern=r"^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$(?!\n)")]


class Query(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of every query."""

    format: Annotated[
        Format | None, Meta(description="`json` or `csv`. If omitted, the header `Accept` decides.")
    ] = None
    exact: Annotated[
        bool,
        Meta(
            description="CSV only: writes text as it is. Without it, an apostrophe precedes text that a"
            " spreadsheet would evaluate as a formula."
        ),
    ] = False


class SeriesQuery(Query, frozen=True, kw_only=True):
    """Selects current series."""

    metric: Annotated[str | None, Meta(description="Only series of this metric.")] = None
    window: Annotated[str | None, Meta(description="Only series of this window.")] = None


class Listing(Query, frozen=True, kw_only=True):
    """The parameters of every list."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Maximum number of items per page.")] = 100
    cursor: Annotated[
        Annotated[str, Meta(max_length=2048)] | None,
        Meta(description="`next` of the previous page. If omitted, the first page is returned."),
    ] = None


class EventQuery(Listing, frozen=True, kw_only=True):
    """Selects the events of one customer."""


class CustomerQuery(Listing, frozen=True, kw_only=True):
    """Selects the customers that match all parameters."""

    set: Annotated[
        SetName | None, Meta(description="Customers in this set of `retention_customers`. Requires `window`.")
    ] = None
    window: Annotated[str | None, Meta(description="A configured window, such as `30d`. Requires `set`.")] = (
        None
    )
    tenure: Annotated[
        Tenure | None,
        Meta(
            description="Customers with this number of qualifying orders up to the start of `window`, as"
            " `/explain` counts it. Requires `window`."
        ),
    ] = None
    lifecycle: Annotated[Lifecycle | None, Meta(description="Customers in this lifecycle state.")] = None
    tier: Annotated[Tier | None, Meta(description="Customers in this loyalty tier.")] = None
    risk: Annotated[
        RiskBand | None, Meta(description="`late`: lateness above 1. `on_time`: lateness up to 1.")
    ] = None
    min_lateness: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="Minimum lateness (days since the last order by typical gap)."),
    ] = None
    max_p_alive: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="Maximum probability that the customer is still one. Requires a fitted model."),
    ] = None

    cohort: Annotated[
        Month | None, Meta(description="Customers whose first order is in this month, such as `2026-05`.")
    ] = None
    age: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(
            description="Of `cohort`, customers for whom this period is over. Requires `cohort` and `kind`."
        ),
    ] = None
    kind: Annotated[
        CohortKind | None, Meta(description="Which repeat orders `hit` means. Requires `age`.")
    ] = None
    hit: Annotated[
        bool | None,
        Meta(description="`true`: customers with such a repeat order. `false`: without one. Requires `age`."),
    ] = None
    segment: _Segment = None


class CohortQuery(Query, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Selects cells of cohorts, and the cells over all cohorts."""

    kind: Annotated[
        CohortKind,
        Meta(
            description="Repeat orders in the period (`nth`), before its end (`by`), or since its begin up to"
            " now (`unbounded`, whose values rise as time passes)."
        ),
    ] = "nth"
    first: Annotated[Month | None, Meta(description="First month, such as `2026-01`.")] = None
    last: Annotated[Month | None, Meta(description="Last month, such as `2026-05`.")] = None
    segment: _Segment = None


class PeriodQuery(Query, frozen=True, kw_only=True):
    """Selects calendar periods."""

    kind: Annotated[PeriodKind | None, Meta(description="Only periods of this kind.")] = None


class TicketQuery(Listing, frozen=True, kw_only=True):
    """Selects tickets. Without parameters, these are the tickets that are not solved or closed."""

    breached: Annotated[
        bool,
        Meta(
            description="Tickets with a breached target. Without `window`, only tickets that are not solved "
            "or closed. With `window`, all tickets whose target was breached in it, which is the numerator "
            "of `retention_sla_breach_ratio`."
        ),
    ] = False
    due_within: Annotated[
        Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,4}[mhd]$(?!\n)")] | None,
        Meta(description="Tickets with a target that is due within this time, such as `30m`, `2h` or `1d`."),
    ] = None
    sla: Annotated[
        SlaKind | None, Meta(description="Kind of target. Requires `breached` or `due_within`.")
    ] = None
    window: Annotated[
        str | None,
        Meta(description="Window in which the target was breached, such as `24h`. Requires `breached`."),
    ] = None
    unanswered: Annotated[
        By | None,
        Meta(description="Unresolved tickets without a first response of `any` author, or of a `human`."),
    ] = None
    status: Annotated[Status | None, Meta(description="Tickets in this status.")] = None
    paused: Annotated[
        bool,
        Meta(
            description="Tickets that wait for their first resolution in a status that pauses it, such as "
            "`pending`: they wait for the customer."
        ),
    ] = False
    agent: Annotated[_Name | None, Meta(description="Tickets with this latest agent.")] = None
    channel: Annotated[_Name | None, Meta(description="Tickets that were opened by this channel.")] = None
    team: Annotated[_Name | None, Meta(description="Tickets with this latest team.")] = None
    category: Annotated[_Name | None, Meta(description="Tickets with this latest category.")] = None
    priority: Annotated[
        Priority | None,
        Meta(
            description="Tickets with this priority in force now. With `breached` and `window`, targets that "
            "were breached under this priority."
        ),
    ] = None
    segment: _Segment = None


class OrderQuery(Listing, frozen=True, kw_only=True):
    """Selects orders whose promised delivery time has passed without a delivery, or that were refunded."""

    overdue: Annotated[bool, Meta(description="Overdue orders. Either this or `refunded` is required.")] = (
        False
    )
    refunded: Annotated[
        Literal["orders", "full"] | None,
        Meta(
            description="Orders of `window` with a refund (`orders`), or refunded in full (`full`): the"
            " numerator of `retention_refund_ratio` with this `basis`."
        ),
    ] = None
    window: Annotated[
        str | None, Meta(description="A configured window, such as `30d`. Requires `refunded`.")
    ] = None
    channel: Annotated[_Name | None, Meta(description="Orders that were placed by this channel.")] = None
    segment: _Segment = None
