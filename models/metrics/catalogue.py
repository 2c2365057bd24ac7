"""The metrics: what the totals sums of all partitions say (docs/metrics.md).

Each family of metrics has a module of its own; here they are put together.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from models.aggregation.aggregates import PartialAggregate
from models.definitions.definitions import Definitions
from models.metrics import commerce, feedback, lifecycle, retention, tickets
from models.metrics.samples import Sample
from models.metrics.totals import Totals

__all__ = ["CATALOGUE", "Sample", "compute"]

#: Metric -> what it means, and its labels.
CATALOGUE: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    retention.CATALOGUE | commerce.CATALOGUE | tickets.CATALOGUE | feedback.CATALOGUE | lifecycle.CATALOGUE
)


def compute(partials: Sequence[PartialAggregate], definitions: Definitions, now: int) -> list[Sample]:
    """Give every series at `now`.

    Args:
        partials: of all partitions, evaluated at `now`.
        definitions: the parameters of the definitions, the same that the partials were made with.
        now: microseconds.
    """
    totals = Totals(partials, definitions, now)
    return [
        *retention.compute(totals),
        *commerce.compute(totals),
        *tickets.compute(totals),
        *feedback.compute(totals),
        *lifecycle.compute(totals),
    ]
