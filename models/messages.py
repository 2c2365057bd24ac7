"""What other services read: the values of the derived topics (docs/topics.md).

Types of the values, from which the schemas are made. A reader of an earlier release goes on reading them:
fields are added, and never change their meaning.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from models.events import Time


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


#: Type -> the struct of its values. Those of a CloudEvent are its `type` (`ce_type`).
MESSAGE_TYPES: Final[Mapping[str, type[Struct]]] = {"retention.metric": Metric}
