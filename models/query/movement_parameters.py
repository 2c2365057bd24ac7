"""The parameters of `/explain`."""

from typing import Annotated, Literal

from msgspec import Meta

from models.contract.messages import SlaKind
from models.query.parameters import Query

ExplainedMetric = Literal[
    "retention_churn_ratio",
    "retention_rate_ratio",
    "retention_sla_breach_ratio",
    "retention_refund_ratio",
]
Against = Literal["1w", "4w"]
Stratification = Literal["tenure", "priority", "channel", "team"]
RefundBasis = Literal["orders", "full", "value"]


class ExplainQuery(Query, frozen=True, kw_only=True):
    """Selects the change of a ratio between two instants: now, and a week or four weeks ago."""

    metric: Annotated[ExplainedMetric, Meta(description="The ratio.")]
    window: Annotated[str, Meta(description="A window of the metric, such as `30d`.")]
    against: Annotated[Against, Meta(description="The earlier instant: `1w` or `4w` before now.")] = "1w"
    segment: Annotated[
        str | None,
        Meta(description="A configured segment of customers, or of orders. Its values are the strata."),
    ] = None
    by: Annotated[
        Stratification | None,
        Meta(
            description="The strata without a segment. Default: `tenure` of customers, `priority` of targets,"
            " `channel` of orders."
        ),
    ] = None
    sla: Annotated[
        SlaKind | None,
        Meta(description="Kind of target. Required by `retention_sla_breach_ratio`, and only valid there."),
    ] = None
    basis: Annotated[
        RefundBasis | None,
        Meta(description="Basis of `retention_refund_ratio`, and only valid there. Default: `orders`."),
    ] = None


class StrataQuery(ExplainQuery, frozen=True, kw_only=True):
    """A request for a task's part of an explanation, which a worker sends to the task's owner."""

    at: Annotated[int, Meta(description="The later instant, microseconds since the epoch.")]
    published_at: Annotated[
        int | None, Meta(description="Instant of the published value, microseconds since the epoch.")
    ] = None
    after: Annotated[str, Meta(description="Id of the customer after which to go on.")] = ""
