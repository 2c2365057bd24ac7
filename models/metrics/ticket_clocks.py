"""Metrics of opening hours and of replies in conversations (docs/metrics.md, "Support hours" and "SLA")."""

from collections.abc import Iterator
from typing import Final

from models.definitions.definitions import Definitions, has_next_response
from models.definitions.windows import SHORT_WINDOWS
from models.metrics.samples import CatalogueEntry, Sample, ratio
from models.metrics.totals import Totals, quantiles
from models.schedules.timetable import timetable

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_next_response_seconds": CatalogueEntry(
        "Time from a customer's later reply to the next public reply of an agent.",
        ("window", "clock", "quantile"),
    ),
    "retention_next_response_mean_seconds": CatalogueEntry(
        "Mean time to the next public reply of an agent.", ("window", "clock")
    ),
    "retention_opened_outside_hours_ratio": CatalogueEntry(
        "Tickets that customers opened while support was closed.", ("window", "schedule")
    ),
    "retention_support_open": CatalogueEntry("Whether support is open, 1 or 0.", ("schedule",)),
}


def clocks_of(definitions: Definitions) -> dict[str, str]:
    """Return the values of the label `clock`, each with the end of the names of its series."""
    return {"calendar": "", "business": "_business"} if definitions.schedules else {"calendar": ""}


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples that the configuration asks for: with schedules, or a target of the next response."""
    if has_next_response(totals.definitions):
        yield from _next_responses(totals)
    for name, schedule in totals.definitions.schedules.items():
        is_open = timetable(schedule).is_open(totals.now)
        yield Sample("retention_support_open", {"schedule": name}, int(is_open))
        for window in totals.windows:
            labels = {"window": window.name, "schedule": name}
            outside = totals.sum(window.hours, "opened_outside_hours", name)
            opened = totals.sum(window.hours, "opened_by_customer")
            yield ratio("retention_opened_outside_hours_ratio", labels, outside, opened)


def _next_responses(totals: Totals) -> Iterator[Sample]:
    for window in (*SHORT_WINDOWS, *totals.windows):
        for clock, ending in clocks_of(totals.definitions).items():
            labels = {"window": window.name, "clock": clock}
            series = (f"next_response{ending}",)
            yield from quantiles(totals, window, "retention_next_response_seconds", labels, series)
            durations = totals.durations(window, series)
            name = "retention_next_response_mean_seconds"
            yield ratio(name, labels, durations.sum, durations.count)
