"""Warn of segments of which nearly everything is `unknown` or `other`."""

from typing import Final

from models.definitions.names import UNKNOWN
from models.metrics.segment_coverage import Uncovered
from streams.operations.doctor.finding import Finding

_ADVICE: Final = {
    "customer": "send `customer.updated` with the attribute, or load a snapshot with --attributes-since;"
    " after a snapshot, sets are `unknown` until the length of the window has passed",
    "order": "send the field with `order.placed`, or correct the name in `[[segments]]`",
    "ticket": "send the field with `ticket.opened`, or correct the name in `[[segments]]`",
}


def finding(uncovered: Uncovered) -> Finding:
    """Return the warning of a segment."""
    share = 100 * uncovered.number // uncovered.total
    where = "a window ago" if uncovered.subject == "customer" else "in the window"
    what = (
        f"segment {uncovered.segment}: {share} % of {uncovered.total:,} {uncovered.subject}s"
        f" {where} ({uncovered.window}) are `{uncovered.value}`"
    )
    if uncovered.value == UNKNOWN:
        return Finding("warn", what, _ADVICE[uncovered.subject])
    return Finding(
        "warn", what, "list the frequent values in `values` of the segment, as the events write them"
    )
