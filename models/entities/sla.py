"""Decide the SLA targets of tickets: fulfilled, breached or open (docs/metrics.md, "SLA").

A *target* is one thing that the SLA requires of a ticket, such as the first response. Its *time limit* is a
duration, its *due time* the instant at which it is breached. `decide` is the only place where a target is
decided. Metrics, the SLA output, the action "escalate" and the query API all use it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from models.aggregation.aggregates import Aggregates
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.windows import US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND
from models.entities.exposures import SLOW_RESPONSE, Exposure
from models.entities.tickets import Ticket

KINDS: Final = ("first_response", "first_human_response", "resolution", "promise")
FIRST_RESPONSE, FIRST_HUMAN_RESPONSE, RESOLUTION, PROMISE = range(len(KINDS))

#: A target is due soon if it is due within this many event minutes, the present one included.
SOON_MINUTES: Final = 120


class TimeLimits(NamedTuple):
    """The time limits of one priority.

    Attributes:
        response: limit of the first response, microseconds after the ticket was opened.
        resolution: limit of the first resolution, microseconds after the ticket was opened.
    """

    response: int
    resolution: int


class Decision(NamedTuple):
    """The state of one target of a ticket at an instant.

    Attributes:
        kind: index in `KINDS`.
        due: due time, microseconds since the epoch.
        fulfilled: time of the response or resolution, even if it came after `due`. None if there is none yet.
        decided: `fulfilled` or, if the target was breached, `due`. None while it is open.
        breached: whether the target is breached.
    """

    kind: int
    due: int
    fulfilled: int | None
    decided: int | None
    breached: bool


class SlaOutcome(Struct, frozen=True, gc=False):
    """The state of all targets of a ticket at an instant.

    Attributes:
        priority: priority of the ticket, index in `PRIORITIES`.
        decisions: one entry per target.
    """

    priority: int
    decisions: list[Decision]

    @property
    def due(self) -> int | None:
        """Earliest due time of the open targets, microseconds since the epoch. None without open targets."""
        return min([each.due for each in self.decisions if each.decided is None], default=None)

    def exposures(self) -> tuple[Exposure, ...]:
        """Return the slow human response as an exposure, if that target was breached."""
        return tuple(
            [
                (SLOW_RESPONSE, each.due // US_PER_HOUR)
                for each in self.decisions
                if each.breached and each.kind == FIRST_HUMAN_RESPONSE
            ]
        )


def time_limits(definitions: Definitions) -> list[TimeLimits]:
    """Return the time limits of each priority, in the order of `PRIORITIES`."""
    seconds = [definitions.sla[priority] for priority in PRIORITIES]
    return [
        TimeLimits(response * US_PER_SECOND, resolution * US_PER_SECOND) for response, resolution in seconds
    ]


def decide(ticket: Ticket, limits: Sequence[TimeLimits], now: int) -> Iterator[Decision]:
    """Yield the state of each target of a ticket at `now`.

    A target that was not fulfilled by its due time is breached at its due time, and open before.

    Args:
        ticket: the ticket.
        limits: the time limits by priority, from `time_limits`.
        now: microseconds since the epoch.
    """
    for kind, fulfilled, due in _due_times(ticket, limits[ticket.priority]):
        if fulfilled is not None and fulfilled <= due:
            yield Decision(kind, due, fulfilled, fulfilled, False)
        elif due <= now:
            yield Decision(kind, due, fulfilled, due, True)
        else:
            yield Decision(kind, due, fulfilled, None, False)


def _due_times(ticket: Ticket, limits: TimeLimits) -> Iterator[tuple[int, int | None, int]]:
    """Yield the targets that a ticket has, as (kind, time of fulfilment, due time)."""
    response, resolution = limits
    if not ticket.by_agent:
        yield FIRST_RESPONSE, ticket.answered, ticket.opened + response
        yield FIRST_HUMAN_RESPONSE, ticket.answered_by_human, ticket.opened + response
    yield RESOLUTION, ticket.first_resolution, ticket.opened + resolution
    if ticket.promise is not None:
        yield PROMISE, ticket.first_resolution, ticket.promise


class SlaAggregator:
    """Applies the SLA decisions of tickets to a partition's aggregates, and retracts them."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._limits = time_limits(definitions)
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
        """Return the state of the ticket's targets at `now` (microseconds)."""
        return SlaOutcome(ticket.priority, list(decide(ticket, self._limits, now)))

    def add(self, outcome: SlaOutcome, sign: int) -> None:
        """Apply an outcome (`sign` 1), or retract it (-1).

        An open target is counted by minute, from the moment it is due soon.
        """
        hours = self._aggregates.counts.cells_of_weight(sign)
        minutes = self._aggregates.minutes.cells_of_weight(sign)
        for kind, due, _, at, breached in outcome.decisions:
            if at is None:
                minutes.append(self._due[kind][outcome.priority] + due // US_PER_MINUTE - SOON_MINUTES + 1)
                continue
            by_hour, by_minute = self._decided[kind][outcome.priority]
            hours.append(by_hour + at // US_PER_HOUR)
            minutes.append(by_minute + at // US_PER_MINUTE)
            if breached:
                by_hour, by_minute = self._breached[kind][outcome.priority]
                hours.append(by_hour + at // US_PER_HOUR)
                minutes.append(by_minute + at // US_PER_MINUTE)
