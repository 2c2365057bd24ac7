"""The response of `/explain`: why a ratio moved.

The class names are schema names in OpenAPI, and the field names are JSON names: both are part of the API.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from models.contract.event import Time
from models.contract.messages import SlaKind
from models.query.movement_parameters import Against, ExplainedMetric, RefundBasis


class Side(Struct, frozen=True, gc=False):
    """A ratio at one of the two instants, as known now."""

    at: Annotated[Time, Meta(description="The instant.")]
    value: Annotated[float | None, Meta(description="The ratio. Null over nothing.")]
    numerator: float
    denominator: float
    low: Annotated[float | None, Meta(description="Lower 95 % confidence bound.")]
    high: Annotated[float | None, Meta(description="Upper 95 % confidence bound.")]


class Term(Struct, frozen=True, gc=False):
    """The part of the change that one stratum causes."""

    stratum: Annotated[str, Meta(description="Value of the segment, or of what `by` names.")]
    before: Annotated[float | None, Meta(description="Ratio of the stratum at the earlier instant.")]
    before_number: Annotated[float, Meta(description="Denominator at the earlier instant.")]
    before_weight: Annotated[float | None, Meta(description="Share of the denominator of all strata.")]
    after: Annotated[float | None, Meta(description="Ratio of the stratum at the later instant.")]
    after_number: Annotated[float, Meta(description="Denominator at the later instant.")]
    after_weight: Annotated[float | None, Meta(description="Share of the denominator of all strata.")]
    rate_effect: Annotated[
        float | None,
        Meta(description="Effect of the change of the stratum's own ratio. Null without a change."),
    ]
    mix_effect: Annotated[
        float | None, Meta(description="Effect of the change of the stratum's weight. Null without a change.")
    ]
    list: Annotated[str | None, Meta(description="Path of the list of the numerator now. Null without one.")]


class Largest(Struct, frozen=True, gc=False):
    """The largest effect of all strata."""

    stratum: str
    effect: Literal["rate", "mix"]
    value: float


class Restated(Struct, frozen=True, gc=False):
    """How much the earlier value has changed since it was published, by data that arrived late."""

    at: Annotated[
        Time, Meta(description="Instant of the published value, on the day of the earlier instant.")
    ]
    published: Annotated[float | None, Meta(description="The value as it was published then.")]
    known_now: Annotated[float | None, Meta(description="The value at the same instant as known now.")]
    difference: Annotated[float | None, Meta(description="`known_now` less `published`.")]


class ExposureLimit(Struct, frozen=True, gc=False):
    """The most that an exposure can explain of a ratio, at both instants."""

    exposure: str
    before: Annotated[
        float | None, Meta(description="Ratio of the exposed customers at the earlier instant.")
    ]
    before_number: Annotated[int, Meta(description="Exposed customers at the earlier instant.")]
    before_most: Annotated[float | None, Meta(description="The most it can explain of the ratio before.")]
    after: Annotated[float | None, Meta(description="Ratio of the exposed customers at the later instant.")]
    after_number: Annotated[int, Meta(description="Exposed customers at the later instant.")]
    after_most: Annotated[float | None, Meta(description="The most it can explain of the ratio now.")]


class Movement(Struct, frozen=True, kw_only=True, gc=False):
    """Why a ratio moved between two instants."""

    metric: ExplainedMetric
    window: str
    against: Against
    by: Annotated[str, Meta(description="Name of the segment, or `tenure`, `priority`, `channel`, `team`.")]
    sla: SlaKind | None
    basis: RefundBasis | None
    before: Side
    after: Side
    change: Annotated[float | None, Meta(description="The later value less the earlier one.")]
    low: Annotated[float | None, Meta(description="Lower 95 % confidence bound of the change.")]
    high: Annotated[float | None, Meta(description="Upper 95 % confidence bound of the change.")]
    distinguishable: Annotated[
        bool | None,
        Meta(
            description="Whether the change is more than chance: 0 is not between its bounds. Null without"
            " bounds. Unless true, the terms are not sorted by size."
        ),
    ]
    overlap: Annotated[bool, Meta(description="Whether the windows of the two instants overlap.")]
    caution: Annotated[str | None, Meta(description="The effect of the overlap on the bounds.")]
    restated: Annotated[
        Restated | None,
        Meta(
            description="Null if no value was published on that day, it is not kept, or a definition behind"
            " it has changed since."
        ),
    ]
    largest: Annotated[Largest | None, Meta(description="Null unless the change is distinguishable.")]
    terms: Annotated[list[Term], Meta(description="All strata. Their effects add up to the change.")]
    exposures: Annotated[list[ExposureLimit], Meta(description="Only of churn and of the retention rate.")]
