"""What can be asked: the query parameters of each list, as types that check them.

A parameter that is left out does not restrict; several restrict together. What depends on the configuration
(which windows there are) is checked where a question is read (`streams.http.api.parameters`).
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from models.contract.messages import Lifecycle, Priority, SlaKind, Tier

SetName = Literal["start", "end", "new", "retained", "lost", "reactivated"]
RiskBand = Literal["on_time", "late"]
Status = Literal["open", "pending", "on_hold", "solved", "closed"]
By = Literal["any", "human"]
Format = Literal["json", "csv"]


class Query(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every question may say."""

    format: Annotated[
        Format | None, Meta(description="`json` or `csv`; left out, the header Accept decides.")
    ] = None


class SeriesQuery(Query, frozen=True, kw_only=True):
    """Of all current series."""

    metric: Annotated[str | None, Meta(description="Of this metric only.")] = None
    window: Annotated[str | None, Meta(description="Of this window only.")] = None


class Listing(Query, frozen=True, kw_only=True):
    """What every question for a list may say."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Items in a page, at most.")] = 100
    cursor: Annotated[
        Annotated[str, Meta(max_length=2048)] | None,
        Meta(description="`next` of the page before; left out, the first page."),
    ] = None


class EventQuery(Listing, frozen=True, kw_only=True):
    """Of one customer."""


class CustomerQuery(Listing, frozen=True, kw_only=True):
    """Of all customers, or of those who are all of this."""

    set: Annotated[
        SetName | None, Meta(description="In this set of `retention_customers`; needs `window`.")
    ] = None
    window: Annotated[
        str | None, Meta(description="One of the configured windows, such as `30d`; needs `set`.")
    ] = None
    lifecycle: Annotated[Lifecycle | None, Meta(description="In this state of their life.")] = None
    tier: Annotated[Tier | None, Meta(description="In this loyalty tier.")] = None
    risk: Annotated[RiskBand | None, Meta(description="`late`: a lateness above 1; `on_time`: up to 1.")] = (
        None
    )
    min_lateness: Annotated[
        Annotated[float, Meta(ge=0)] | None, Meta(description="At least so late by their own rhythm.")
    ] = None
    max_p_alive: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="At most so likely to be a customer still; needs a fitted model."),
    ] = None


class TicketQuery(Listing, frozen=True, kw_only=True):
    """Tickets with a target missed or due; without either, those that are not solved or closed."""

    breached: Annotated[
        bool,
        Meta(
            description="A target was missed: of tickets that are not solved or closed; "
            "with `window`, of all, decided in it, as `retention_sla_breach_ratio` counts."
        ),
    ] = False
    due_within: Annotated[
        Annotated[str, Meta(pattern="^[1-9][0-9]{0,4}[mhd]$")] | None,
        Meta(description="A target will be missed within so many minutes, hours or days, such as `2h`."),
    ] = None
    sla: Annotated[SlaKind | None, Meta(description="Which target; needs `breached` or `due_within`.")] = None
    window: Annotated[
        str | None, Meta(description="Such as `24h`: when the target was missed; needs `breached`.")
    ] = None
    unanswered: Annotated[
        By | None, Meta(description="Not solved or closed, and without an answer, or one of a human.")
    ] = None
    status: Annotated[Status | None, Meta(description="In this status.")] = None
    priority: Annotated[Priority | None, Meta(description="Of this priority.")] = None


class OrderQuery(Listing, frozen=True, kw_only=True):
    """Orders that are not there though they were promised."""

    overdue: Annotated[bool, Meta(description="The only question for now, and so required.")] = False
