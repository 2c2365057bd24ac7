"""The catalogue of all metrics, and their computation from partial aggregates (docs/metrics.md).

Each family of metrics has a module of its own. They are put together here.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from models.aggregation.aggregates import PartialAggregate
from models.definitions.definitions import Definitions
from models.metrics import (
    cohorts,
    commerce,
    feedback,
    further,
    lifecycle,
    periods,
    retention,
    segments,
    teams,
    ticket_clocks,
    tickets,
)
from models.metrics.samples import CatalogueEntry, Sample
from models.metrics.totals import Totals

__all__ = ["CATALOGUE", "Sample", "compute"]

#: Name of a metric -> its description, and the names of its labels.
CATALOGUE: Final[Mapping[str, CatalogueEntry]] = MappingProxyType(
    retention.CATALOGUE
    | commerce.CATALOGUE
    | tickets.CATALOGUE
    | feedback.CATALOGUE
    | lifecycle.CATALOGUE
    | cohorts.CATALOGUE
    | periods.CATALOGUE
    | segments.CATALOGUE
    | ticket_clocks.CATALOGUE
    | teams.CATALOGUE
    | further.CATALOGUE
)


def is_known(metric: str, labels: Collection[str]) -> bool:
    """Return whether this release has a metric with these names of labels; another one may have others."""
    entry = CATALOGUE.get(metric)
    return entry is not None and {*labels} == {*entry.labels}


def compute(partials: Sequence[PartialAggregate], definitions: Definitions, now: int) -> list[Sample]:
    """Return the value of every series at `now`.

    Args:
        partials: the partial aggregates of all partitions, each evaluated at `now`.
        definitions: the definitions that the partial aggregates were made with.
        now: microseconds since the epoch.

    Example:
        One order of an hour ago, in a single partition without Kafka:

        >>> from models.facts.claims import Placed
        >>> from models.facts.fact import Fact
        >>> from models.partition import standalone
        >>> from models.partition.partition import Partition
        >>> definitions, now = Definitions(), 1_767_225_600_000_000  # 1 January 2026
        >>> partition = Partition(definitions, {})
        >>> order = Placed(now - 3_600_000_000, "event-1", 2500, "USD", "web")  # 25 dollars
        >>> partition.process_one("ada", Fact("order-1", order))  # False if it is a duplicate
        True
        >>> samples = compute([standalone.evaluate(partition, now)], definitions, now)
        >>> [s.value for s in samples if s.metric == "retention_orders" and s.labels == {"window": "7d"}]
        [1]
    """
    return samples_of(Totals(partials, definitions, now))


def samples_of(totals: Totals) -> list[Sample]:
    """Return the value of every series."""
    return [
        *retention.compute(totals),
        *commerce.compute(totals),
        *tickets.compute(totals),
        *ticket_clocks.compute(totals),
        *feedback.compute(totals),
        *lifecycle.compute(totals),
        *cohorts.compute(totals),
        *periods.compute(totals),
        *segments.compute(totals),
        *teams.compute(totals),
        *further.compute(totals),
    ]
