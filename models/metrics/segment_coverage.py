"""Segments of which nearly everything is `unknown` or `other`, for `retention doctor`."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from models.definitions.names import OTHER, UNKNOWN
from models.definitions.segments import Segment, Subject
from models.entities import flows
from models.metrics.segments import segment_set
from models.metrics.totals import Totals

#: Share of `unknown` or `other` from which a segment is reported.
_SHARE: Final = 0.95
#: Fewest things of which a share is reported.
_THINGS: Final = 20
#: Subject of a segment -> measure of the flows that count its subjects.
_MEASURES: Final[dict[Subject, str]] = {"order": flows.ORDERS, "ticket": flows.RESPONSES}


class Uncovered(Struct, array_like=True, frozen=True):
    """A segment of which nearly everything is `unknown`, or nearly everything is `other`.

    Attributes:
        segment: name of the segment.
        subject: what it is a segment of.
        value: `unknown` or `other`.
        number: number of things with this value in the longest window.
        total: number of all things there.
        window: name of the window.
    """

    segment: str
    subject: Subject
    value: str
    number: int
    total: int
    window: str


def uncovered_segments(totals: Totals) -> list[Uncovered]:
    """Return the segments of which nearly all customers, orders or tickets are `unknown` or `other`."""
    return [found for segment in totals.definitions.segments for found in _uncovered(totals, segment)]


def _uncovered(totals: Totals, segment: Segment) -> Iterator[Uncovered]:
    window = totals.segment_windows[-1]
    numbers = {value: _number(totals, segment, value, window) for value in segment.labels}
    total = sum(numbers.values())
    for value in (UNKNOWN, OTHER):
        number = numbers.get(value, 0)
        if total >= _THINGS and number >= _SHARE * total:
            yield Uncovered(segment.name, segment.subject, value, number, total, window)


def _number(totals: Totals, segment: Segment, value: str, window: str) -> int:
    measure = _MEASURES.get(segment.subject)
    if measure is None:
        return segment_set(totals, segment.name, value, window).start
    return totals.segment_flows.sum(segment.name, value, window, measure)
