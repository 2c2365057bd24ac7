"""What was promised to those who wait for an answer, and whether it was kept (docs/metrics.md, "SLA")."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from models.aggregation.aggregates import Aggregates
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.windows import US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND
from models.entities.exposures import SLOW_RESPONSE, Exposure
from models.entities.tickets import Ticket

KINDS: Final = ("first_response", "first_human_response", "resolution", "promise")
HUMAN: Final = KINDS.index("first_human_response")

#: Kind (index in `KINDS`), when it was decided (microseconds), whether it was breached.
Decision = tuple[int, int, bool]

#: What falls due in the event minutes from now on, so many, is due soon.
SOON_MINUTES: Final = 120


class SlaOutcome(Struct, frozen=True, gc=False):
    """What has become of a ticket's targets by some instant.

    Attributes:
        priority: the ticket's, index in `PRIORITIES`.
        decided: which targets were met or breached, and when.
        undecided: kinds of the others, and when they will be breached.
    """

    priority: int
    decided: list[Decision]
    undecided: list[tuple[int, int]]

    @property
    def due(self) -> int | None:
        """When the next one will be breached; None if none can be any more."""
        return min([at for _, at in self.undecided], default=None)

    def exposures(self) -> tuple[Exposure, ...]:
        """Give the slow response that the ticket was to its customer, if it was."""
        return tuple(
            [
                (SLOW_RESPONSE, at // US_PER_HOUR)
                for kind, at, breached in self.decided
                if breached and kind == HUMAN
            ]
        )


def targets_of(definitions: Definitions) -> list[tuple[int, int]]:
    """Give the targets by priority, (first response, resolution), microseconds."""
    targets = [definitions.sla[priority] for priority in PRIORITIES]
    return [(response * US_PER_SECOND, resolution * US_PER_SECOND) for response, resolution in targets]


def goals(ticket: Ticket, targets: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int | None, int]]:
    """Give what a ticket is to reach: kind, when it was fulfilled, when it is due."""
    response, resolution = targets[ticket.priority]
    if not ticket.by_agent:
        yield 0, ticket.answered, ticket.opened + response
        yield 1, ticket.answered_by_human, ticket.opened + response
    yield 2, ticket.first_resolution, ticket.opened + resolution
    if ticket.promise is not None:
        yield 3, ticket.first_resolution, ticket.promise


class SlaAggregator:
    """The targets of tickets, and what the decisions on them add to a partition's sums."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._targets = targets_of(definitions)
        self._decided = self._series("sla_decided")
        self._breached = self._series("sla_breached")
        self._due = [
            [aggregates.minute("sla_due", kind, priority) for priority in PRIORITIES] for kind in KINDS
        ]

    def _series(self, name: str) -> list[list[tuple[int, int]]]:
        count, minute = self._aggregates.count, self._aggregates.minute
        return [
            [(count(name, kind, priority), minute(name, kind, priority)) for priority in PRIORITIES]
            for kind in KINDS
        ]

    def outcome(self, ticket: Ticket, now: int) -> SlaOutcome:
        """Give what is decided by `now`, and what is not."""
        decided: list[Decision] = []
        undecided: list[tuple[int, int]] = []
        for kind, fulfilled, at in goals(ticket, self._targets):
            if fulfilled is not None and fulfilled <= at:
                decided.append((kind, fulfilled, False))
            elif at <= now:
                decided.append((kind, at, True))
            else:
                undecided.append((kind, at))
        return SlaOutcome(ticket.priority, decided, undecided)

    def add(self, outcome: SlaOutcome, sign: int) -> None:
        """Add the decisions, and what is to be decided from when it is due soon; or take them back."""
        hours, minutes = (
            self._aggregates.counts.cells_of_weight(sign),
            self._aggregates.minutes.cells_of_weight(sign),
        )
        for kind, at, breached in outcome.decided:
            by_hour, by_minute = self._decided[kind][outcome.priority]
            hours.append(by_hour + at // US_PER_HOUR)
            minutes.append(by_minute + at // US_PER_MINUTE)
            if breached:
                by_hour, by_minute = self._breached[kind][outcome.priority]
                hours.append(by_hour + at // US_PER_HOUR)
                minutes.append(by_minute + at // US_PER_MINUTE)
        for kind, at in outcome.undecided:
            minutes.append(self._due[kind][outcome.priority] + at // US_PER_MINUTE - SOON_MINUTES + 1)
