"""Numbers by the team of tickets (docs/metrics.md, "Teams")."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from models.aggregation.aggregates import Aggregates, teams_of
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_HOUR
from models.entities.sla import SlaOutcome, kinds_of
from models.entities.tickets import Ticket


class TeamAnswer(NamedTuple):
    """A `csat` answer about a ticket of a team.

    Attributes:
        team: one of `teams_of`.
        hour: event hour of the answer.
        satisfied: whether the customer was satisfied.
    """

    team: str
    hour: int
    satisfied: bool


class TeamAggregator:
    """Applies tickets, decisions and answers to the aggregates of their team, and retracts them.

    Without configured teams it does nothing.
    """

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._teams: Final = {team: _Series(aggregates, definitions, team) for team in teams_of(definitions)}

    def replace(self, old: Ticket | None, new: Ticket | None) -> None:
        """Retract a ticket as it was, and apply it as it is. None: it was not opened."""
        if self._teams and _aspect(old) != _aspect(new):
            self.add(old, -1)
            self.add(new, 1)

    def add(self, ticket: Ticket | None, sign: int) -> None:
        """Apply a ticket (`sign` 1), or retract it (-1)."""
        if ticket is None or ticket.team is None:
            return
        series, add_duration = self._teams[ticket.team], self._aggregates.add_duration
        if not ticket.is_resolved:
            self._aggregates.gauges[series.tickets] += sign
        answered, resolved = ticket.answered_by_human, ticket.full_resolution
        if answered is not None and not ticket.by_agent:
            add_duration(series.response, answered, answered - ticket.opened, sign)
        if resolved is not None:
            add_duration(series.resolution, resolved, resolved - ticket.opened, sign)

    def replace_decisions(self, old: SlaOutcome | None, new: SlaOutcome | None) -> None:
        """Retract the decisions of an outcome as it was, and apply them as they are."""
        for outcome, sign in ((old, -1), (new, 1)):
            if outcome is not None:
                self.add_decisions(outcome, sign)

    def add_decisions(self, outcome: SlaOutcome, sign: int) -> None:
        """Apply the decided targets of an outcome (`sign` 1), or retract them (-1)."""
        if outcome.team is None:
            return
        series, cells = self._teams[outcome.team], self._aggregates.counts.cells_of_weight(sign)
        for decision in outcome.decisions:
            if decision.decided is not None:
                hour = decision.decided // US_PER_HOUR
                cells.append(series.decided[decision.kind] + hour)
                if decision.breached:
                    cells.append(series.breached[decision.kind] + hour)

    def replace_answers(self, old: Mapping[TeamAnswer, int], new: Mapping[TeamAnswer, int]) -> None:
        """Retract the answers of a customer as they were, and apply them as they are.

        Args:
            old: answer -> how many of them there were.
            new: answer -> how many of them there are.
        """
        if old == new:
            return
        for answers, sign in ((Counter(old) - Counter(new), -1), (Counter(new) - Counter(old), 1)):
            cells = self._aggregates.counts.cells_of_weight(sign)
            for answer in answers.elements():
                series = self._teams[answer.team]
                cells.append(series.answers + answer.hour)
                if answer.satisfied:
                    cells.append(series.satisfied + answer.hour)


class _Series:
    """The series of one team."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions, team: str) -> None:
        kinds = kinds_of(definitions)
        self.tickets = aggregates.gauge("team_tickets", team)
        self.response = aggregates.duration("team_response", team)
        self.resolution = aggregates.duration("team_resolution", team)
        self.decided = [aggregates.count("team_decided", team, kind) for kind in kinds]
        self.breached = [aggregates.count("team_breached", team, kind) for kind in kinds]
        self.answers = aggregates.count("team_answers", team)
        self.satisfied = aggregates.count("team_satisfied", team)


def _aspect(ticket: Ticket | None) -> object:
    """Return the fields of a ticket that the numbers of its team depend on, without its decisions."""
    if ticket is None:
        return None
    return (
        ticket.team,
        ticket.is_resolved,
        ticket.opened,
        ticket.by_agent,
        ticket.answered_by_human,
        ticket.full_resolution,
    )
