"""Metrics by the team of tickets (docs/metrics.md, "Teams")."""

from collections.abc import Iterator
from typing import Final

from models.aggregation.aggregates import teams_of
from models.definitions.windows import Window
from models.entities.sla import kinds_of
from models.metrics.samples import CatalogueEntry, Sample, ratio
from models.metrics.totals import Totals, quantiles

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_team_first_response_seconds": CatalogueEntry(
        "Time to the first public reply of a human, by the ticket's team.", ("window", "team", "quantile")
    ),
    "retention_team_resolution_seconds": CatalogueEntry(
        "Time to the final resolution, by the ticket's team.", ("window", "team", "quantile")
    ),
    "retention_team_sla_breach_ratio": CatalogueEntry(
        "Targets breached, of those decided, by the ticket's team.", ("window", "team", "sla")
    ),
    "retention_team_tickets": CatalogueEntry("Tickets not solved or closed, by their team.", ("team",)),
    "retention_team_csat_ratio": CatalogueEntry(
        "Satisfied answers, 4 or 5 of 5, by the team of their ticket.", ("window", "team")
    ),
}


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples of every configured team, of `other` and of `unknown`."""
    for team in teams_of(totals.definitions):
        yield Sample("retention_team_tickets", {"team": team}, totals.gauge("team_tickets", team))
        for window in totals.windows:
            yield from _in_window(totals, window, team)


def _in_window(totals: Totals, window: Window, team: str) -> Iterator[Sample]:
    labels = {"window": window.name, "team": team}
    for metric, name in (("first_response", "team_response"), ("resolution", "team_resolution")):
        yield from quantiles(totals, window, f"retention_team_{metric}_seconds", labels, (name, team))
    for kind in kinds_of(totals.definitions):
        breached, decided = (
            totals.sum(window.hours, name, team, kind) for name in ("team_breached", "team_decided")
        )
        yield ratio("retention_team_sla_breach_ratio", labels | {"sla": kind}, breached, decided)
    satisfied, answers = (totals.sum(window.hours, name, team) for name in ("team_satisfied", "team_answers"))
    yield ratio("retention_team_csat_ratio", labels, satisfied, answers)
