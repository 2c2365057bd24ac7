"""Metrics of response, resolution, SLA targets and open tickets (docs/metrics.md, "Tickets" and "SLA")."""

from collections.abc import Iterator
from math import nan
from typing import Final

from models.aggregation.aggregates import channels_of
from models.definitions.definitions import PRIORITIES
from models.definitions.windows import SHORT_WINDOWS, US_PER_SECOND, Window
from models.entities import sla
from models.facts.claims import SOLVED, STATUSES, WITHDRAWAL_REASONS
from models.metrics.samples import CatalogueEntry, Sample, ratio
from models.metrics.ticket_clocks import clocks_of
from models.metrics.totals import Totals, quantiles

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_first_response_seconds": CatalogueEntry(
        "Time to the first public reply, by anyone or by a human.",
        ("window", "clock", "by", "priority", "quantile"),
    ),
    "retention_first_response_mean_seconds": CatalogueEntry(
        "Mean time to the first public reply.",
        ("window", "clock", "by", "priority"),
    ),
    "retention_channel_first_response_seconds": CatalogueEntry(
        "Time to the first public reply of a human, by the ticket's channel.",
        ("window", "channel", "quantile"),
    ),
    "retention_resolution_seconds": CatalogueEntry(
        "Time to the first, and to the final, resolution.",
        ("window", "clock", "kind", "priority", "quantile"),
    ),
    "retention_resolution_mean_seconds": CatalogueEntry(
        "Mean time to resolution.", ("window", "clock", "kind", "priority")
    ),
    "retention_requester_wait_seconds": CatalogueEntry(
        "Time that a resolved ticket's requester waited for us.",
        ("window", "quantile"),
    ),
    "retention_reopened_ratio": CatalogueEntry("Resolved tickets that had been reopened.", ("window",)),
    "retention_transferred_ratio": CatalogueEntry("Resolved tickets that had changed hands.", ("window",)),
    "retention_bot_only_ratio": CatalogueEntry(
        "Resolved tickets that a bot answered, and no agent.", ("window",)
    ),
    "retention_repeat_contact_ratio": CatalogueEntry(
        "Resolved tickets after which the customer opened another within a week.", ("window",)
    ),
    "retention_deadline_told_ratio": CatalogueEntry(
        "Answered tickets whose requester was told a deadline.", ("window",)
    ),
    "retention_sla_breach_ratio": CatalogueEntry(
        "Targets breached, of those decided.",
        ("window", "sla", "priority"),
    ),
    "retention_tickets_due": CatalogueEntry(
        "Targets not decided yet, and not paused, that fall due within two hours.",
        ("sla", "priority", "within"),
    ),
    "retention_tickets": CatalogueEntry("Tickets not solved or closed.", ("status", "priority")),
    "retention_tickets_paused": CatalogueEntry(
        "Open tickets whose first resolution waits for the customer, so that its target does not run.",
        ("priority",),
    ),
    "retention_tickets_withdrawn": CatalogueEntry(
        "Tickets withdrawn because they must not count, such as spam.", ("window", "reason")
    ),
    "retention_tickets_unanswered": CatalogueEntry("Open tickets without a response.", ("by", "priority")),
    "retention_oldest_unanswered_ticket_timestamp_seconds": CatalogueEntry(
        "When the ticket was opened that has waited longest for a human.",
        (),
    ),
}

BY: Final = ("any", "human")
KINDS: Final = ("first", "full")


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples of every window, short and long, and the gauges."""
    for window in (*SHORT_WINDOWS, *totals.windows):
        for by in BY:
            yield from _times(totals, window, "first_response", ("by", by), f"response_{by}")
        for kind in KINDS:
            yield from _times(totals, window, "resolution", ("kind", kind), f"resolution_{kind}")
        for channel in channels_of(totals.definitions):
            labels = {"window": window.name, "channel": channel}
            name = "retention_channel_first_response_seconds"
            yield from quantiles(totals, window, name, labels, ("response_channel", channel))
        yield from _breaches(totals, window)
    for window in totals.windows:
        labels = {"window": window.name}
        yield from quantiles(totals, window, "retention_requester_wait_seconds", labels, ("wait",))
        yield from _shares(totals, window)
        for reason in WITHDRAWAL_REASONS:
            withdrawn = totals.sum(window.hours, "withdrawn", reason)
            yield Sample("retention_tickets_withdrawn", labels | {"reason": reason}, withdrawn)
    yield from _open(totals)


def _breaches(totals: Totals, window: Window) -> Iterator[Sample]:
    for kind in sla.kinds_of(totals.definitions):
        for priority in (*PRIORITIES, "all"):
            chosen = PRIORITIES if priority == "all" else (priority,)
            labels = {"window": window.name, "sla": kind, "priority": priority}
            breached, decided = (
                sum(totals.window(window, name, kind, each) for each in chosen)
                for name in ("sla_breached", "sla_decided")
            )
            yield ratio("retention_sla_breach_ratio", labels, breached, decided)


def _times(
    totals: Totals, window: Window, metric: str, label: tuple[str, str], kind: str
) -> Iterator[Sample]:
    for priority in (*PRIORITIES, "all"):
        chosen = PRIORITIES if priority == "all" else (priority,)
        for clock, ending in clocks_of(totals.definitions).items():
            labels = {"window": window.name, "clock": clock, label[0]: label[1], "priority": priority}
            names = [(f"{kind}{ending}", each) for each in chosen]
            yield from quantiles(totals, window, f"retention_{metric}_seconds", labels, *names)
            durations = totals.durations(window, *names)
            yield ratio(f"retention_{metric}_mean_seconds", labels, durations.sum, durations.count)


def _shares(totals: Totals, window: Window) -> Iterator[Sample]:
    for name in ("reopened", "transferred", "bot_only"):
        part, whole = totals.sum(window.hours, name), totals.sum(window.hours, "resolved")
        yield ratio(f"retention_{name}_ratio", {"window": window.name}, part, whole)
    repeated, resolved = (totals.sum(window.hours, name) for name in ("contact_repeated", "contact_resolved"))
    yield ratio("retention_repeat_contact_ratio", {"window": window.name}, repeated, resolved)
    promised, answered = totals.sum(window.hours, "told"), totals.sum(window.hours, "answered")
    yield ratio("retention_deadline_told_ratio", {"window": window.name}, promised, answered)


def _open(totals: Totals) -> Iterator[Sample]:
    for priority in PRIORITIES:
        for status in STATUSES[:SOLVED]:
            labels = {"status": status, "priority": priority}
            yield Sample("retention_tickets", labels, totals.gauge("tickets", status, priority))
        paused = totals.gauge("tickets_paused", priority)
        yield Sample("retention_tickets_paused", {"priority": priority}, paused)
        for by in BY:
            labels = {"by": by, "priority": priority}
            yield Sample("retention_tickets_unanswered", labels, totals.gauge("unanswered", by, priority))
        for kind in sla.kinds_of(totals.definitions):
            due = totals.since_minute("sla_due", kind, priority)
            yield Sample("retention_tickets_due", {"sla": kind, "priority": priority, "within": "2h"}, due)
    oldest = nan if totals.oldest is None else totals.oldest / US_PER_SECOND
    yield Sample("retention_oldest_unanswered_ticket_timestamp_seconds", {}, oldest)
