"""What was promised to those who wait for an answer, and whether it was kept (docs/metrics.md, "SLA")."""

from collections.abc import Iterator
from typing import Final

from models.aggregates import Aggregates
from models.definitions import PRIORITIES, Definitions
from models.exposure import SLOW_RESPONSE, Encounter
from models.tickets import Ticket
from models.windows import US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND

KINDS: Final = ("first_response", "first_human_response", "resolution", "promise")
HUMAN: Final = KINDS.index("first_human_response")

#: Kind (index in `KINDS`), when it was decided (microseconds), whether it was breached.
Decision = tuple[int, int, bool]


class Targets:
    """The targets of tickets, and what the decisions on them add to a partition's sums."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._targets = [
            tuple(seconds * US_PER_SECOND for seconds in definitions.sla[priority]) for priority in PRIORITIES
        ]
        self._decided = self._series("sla_decided")
        self._breached = self._series("sla_breached")

    def _series(self, name: str) -> list[list[tuple[int, int]]]:
        count, minute = self._aggregates.count, self._aggregates.minute
        return [
            [(count(name, kind, priority), minute(name, kind, priority)) for priority in PRIORITIES]
            for kind in KINDS
        ]

    def _goals(self, ticket: Ticket) -> Iterator[tuple[int, int | None, int]]:
        """Kind, when it was fulfilled, when it is due."""
        response, resolution = self._targets[ticket.priority]
        if not ticket.by_agent:
            yield 0, ticket.answered, ticket.opened + response
            yield 1, ticket.answered_by_human, ticket.opened + response
        yield 2, ticket.first_resolution, ticket.opened + resolution
        if ticket.promise is not None:
            yield 3, ticket.first_resolution, ticket.promise

    def decisions(self, ticket: Ticket, now: int) -> list[Decision]:
        """Give what is decided by `now`."""
        decided = []
        for kind, fulfilled, due in self._goals(ticket):
            if fulfilled is not None and fulfilled <= due:
                decided.append((kind, fulfilled, False))
            elif due <= now:
                decided.append((kind, due, True))
        return decided

    def met(self, ticket: Ticket, now: int) -> tuple[Encounter, ...]:
        """Give the slow response that the ticket was to its customer by `now`, if it was."""
        return tuple(
            (SLOW_RESPONSE, at // US_PER_HOUR)
            for kind, at, breached in self.decisions(ticket, now)
            if breached and kind == HUMAN
        )

    def due(self, ticket: Ticket | None, now: int) -> int | None:
        """Give the next instant at which a target of the ticket will be breached."""
        if ticket is None:
            return None
        return min(
            (
                due
                for _, fulfilled, due in self._goals(ticket)
                if due > now and (fulfilled is None or fulfilled > due)
            ),
            default=None,
        )

    def add(self, ticket: Ticket, now: int, sign: int) -> None:
        """Add the decisions by `now`, or take them back."""
        hours, minutes = self._aggregates.counts.of(sign), self._aggregates.minutes.of(sign)
        for kind, at, breached in self.decisions(ticket, now):
            for series in (self._decided, self._breached)[: 1 + breached]:
                by_hour, by_minute = series[kind][ticket.priority]
                hours.append(by_hour + at // US_PER_HOUR)
                minutes.append(by_minute + at // US_PER_MINUTE)
