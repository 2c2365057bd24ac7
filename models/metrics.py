"""The metrics: what the merged sums of all partitions say (docs/metrics.md).

Each family of metrics has a module of its own; here they are put together.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from models import metrics_customers, metrics_feedback, metrics_retention, metrics_shop, metrics_tickets
from models.aggregates import Partial
from models.definitions import Definitions
from models.merged import Merged
from models.samples import Sample

__all__ = ["CATALOGUE", "Sample", "compute"]

#: Metric -> what it means, and its labels.
CATALOGUE: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    metrics_retention.CATALOGUE
    | metrics_shop.CATALOGUE
    | metrics_tickets.CATALOGUE
    | metrics_feedback.CATALOGUE
    | metrics_customers.CATALOGUE
)


def compute(partials: Sequence[Partial], definitions: Definitions, now: int) -> list[Sample]:
    """Give every series at `now`.

    Args:
        partials: of all partitions, evaluated at `now`.
        definitions: the parameters of the definitions, the same that the partials were made with.
        now: microseconds.
    """
    merged = Merged(partials, definitions, now)
    return [
        *metrics_retention.compute(merged),
        *metrics_shop.compute(merged),
        *metrics_tickets.compute(merged),
        *metrics_feedback.compute(merged),
        *metrics_customers.compute(merged),
    ]
