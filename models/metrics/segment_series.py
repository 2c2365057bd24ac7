"""The series by segment, and how many of them a configuration exports (docs/metrics.md, "Segments")."""

from typing import Final, NamedTuple

from models.definitions.definitions import Definitions
from models.definitions.segments import Segment, Subject
from models.entities.sla import kinds_of
from models.metrics.samples import CatalogueEntry

#: The sets of customers that are counted by segment.
SEGMENT_SETS: Final = ("start", "retained", "lost")
_LABELS: Final = ("segment", "value", "window")
_CUSTOMERS: Final[frozenset[Subject]] = frozenset(["customer"])
_ORDERS: Final[frozenset[Subject]] = frozenset(["customer", "order"])
_TICKETS: Final[frozenset[Subject]] = frozenset(["customer", "ticket"])


class _Metric(NamedTuple):
    """A metric by segment.

    Attributes:
        description: help text.
        subjects: subjects of the segments that have this metric.
        label: name of its label besides segment, value and window. Empty without one.
    """

    description: str
    subjects: frozenset[Subject]
    label: str = ""


_METRICS: Final = {
    "retention_segment_customers": _Metric("Customers of a segment's value by set.", _CUSTOMERS, "set"),
    "retention_segment_rate_ratio": _Metric(
        "Customers who stayed, of those active a window ago, by their value then.", _CUSTOMERS
    ),
    "retention_segment_churn_ratio": _Metric(
        "Customers lost, of those active a window ago, by their value then.", _CUSTOMERS
    ),
    "retention_segment_orders": _Metric(
        "Orders neither cancelled nor fully refunded, by a segment's value.", _ORDERS
    ),
    "retention_segment_net_revenue": _Metric(
        "Order amounts less refunds, by a segment's value.", _ORDERS, "currency"
    ),
    "retention_segment_average_order_value": _Metric(
        "Net revenue for each order, by a segment's value.", _ORDERS, "currency"
    ),
    "retention_segment_refund_ratio": _Metric("Orders refunded, by a segment's value.", _ORDERS),
    "retention_segment_on_time_delivery_ratio": _Metric(
        "Promised deliveries that were on time, by a segment's value.", _ORDERS
    ),
    "retention_segment_first_response_mean_seconds": _Metric(
        "Mean time to the first response of a human, by a segment's value.", _TICKETS
    ),
    "retention_segment_sla_breach_ratio": _Metric(
        "Decided targets that were breached, by a segment's value.", _TICKETS, "sla"
    ),
    "retention_segment_csat_ratio": _Metric("Satisfied answers, by a segment's value.", _CUSTOMERS),
    "retention_segment_nps": _Metric("Net promoter score, by a segment's value.", _CUSTOMERS),
}

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    name: CatalogueEntry(metric.description, (*_LABELS, metric.label) if metric.label else _LABELS)
    for name, metric in _METRICS.items()
}


def series_of(segment: Segment, definitions: Definitions) -> int:
    """Return the number of series of a segment, denominators included."""
    return len(segment.labels) * len(definitions.segment_windows) * _series_of_value(segment, definitions)


def _series_of_value(segment: Segment, definitions: Definitions) -> int:
    """Return the number of series of a segment for one value in one window."""
    sizes = {"": 1, "currency": 1, "set": len(SEGMENT_SETS), "sla": len(kinds_of(definitions))}
    return sum(
        sizes[metric.label] * (2 if name.endswith("_ratio") else 1)
        for name, metric in _METRICS.items()
        if segment.subject in metric.subjects
    )


def check_budget(definitions: Definitions) -> None:
    """Check that segments export at most `max_series` series.

    Raises:
        ValueError: they would export more. The message starts with the name of the parameter, and names the
            first segment that exceeds it.
    """
    total = 0
    for segment in definitions.segments:
        number = series_of(segment, definitions)
        total += number
        if total > definitions.max_series:
            values, windows = len(segment.labels), len(definitions.segment_windows)
            raise ValueError(
                f"max_series: with the segment {segment.name!r}, {total} series by segment would be exported,"
                f" more than {definitions.max_series}; it has {number} ({values} values x {windows} windows"
                f" x {_series_of_value(segment, definitions)} series): list fewer `values`"
                " or `segment_windows`, or raise `max_series`"
            )
