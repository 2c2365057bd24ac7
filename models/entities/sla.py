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
from models.definitions.windows import NEVER_US, US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND
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
        fulfilled: time of the response or resolution, even if it came too late. None if there is none yet.
        decided: `fulfilled` or, if the target was breached, the instant of the breach: `due`, or the later
            change of the priority that made it due. None while it is open.
        breached: whether the target is breached.
        priority: priority that the target counts under, index in `PRIORITIES`.
    """

    kind: int
    due: int
    fulfilled: int | None
    decided: int | None
    breached: bool
    priority: int


class SlaOutcome(Struct, frozen=True, gc=False):
    """The state of all targets of a ticket at an instant.

    Attributes:
        decisions: one entry per target.
    """

    decisions: list[Decision]

    @property
    def due(self) -> int | None:
        """Earliest due time of the open targets, microseconds since the epoch. None without open targets."""
        return min([each.due for each in self.decisions if each.decided is None], default=None)

    def exposures(self) -> tuple[Exposure, ...]:
        """Return the slow human response as an exposure, if that target was breached."""
        return tuple(
            [
                (SLOW_RESPONSE, each.decided // US_PER_HOUR)
                for each in self.decisions
                if each.breached and each.decided is not None and each.kind == FIRST_HUMAN_RESPONSE
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
        ticket: the ticket, by the claims known at `now`.
        limits: the time limits by priority, from `time_limits`.
        now: microseconds since the epoch.
    """
    if ticket.priority_changes:
        yield from _decide_by_changes(ticket, limits, now)
        return
    priority = ticket.priority
    for kind, fulfilled, due in _due_times(ticket, limits[priority]):
        if fulfilled is not None and fulfilled <= due:
            yield Decision(kind, due, fulfilled, fulfilled, False, priority)
        elif due <= now:
            yield Decision(kind, due, fulfilled, due, True, priority)
        else:
            yield Decision(kind, due, fulfilled, None, False, priority)


def _decide_by_changes(ticket: Ticket, limits: Sequence[TimeLimits], now: int) -> Iterator[Decision]:
    """Yield the state of each target of a ticket whose priority has changed.

    While a priority was in force, the ticket is judged as if it had always had that priority. So a higher
    priority may breach a target at the instant of the change, and a lower one undoes no decision.
    """
    changes = ticket.priority_changes
    begins = [-NEVER_US, *(change.since for change in changes[1:])]
    periods = [
        _Period(begin, end, change.priority)
        for begin, end, change in zip(begins, [*begins[1:], NEVER_US], changes, strict=True)
    ]
    targets = zip(*(_due_times(ticket, limits[period.priority]) for period in periods), strict=True)
    for by_period in targets:
        yield next(
            decision
            for period, (kind, fulfilled, due) in zip(periods, by_period, strict=True)
            if (decision := _decide_within(period, kind, fulfilled, due, now)) is not None
        )


class _Period(NamedTuple):
    """A period [begin, end), microseconds since the epoch, in which a ticket had one priority."""

    begin: int
    end: int
    priority: int


def _decide_within(period: _Period, kind: int, fulfilled: int | None, due: int, now: int) -> Decision | None:
    """Return the state of a target, or None if it is still open at the end of the period.

    Args:
        period: period in which the ticket had one priority.
        kind: index in `KINDS`.
        fulfilled: time of the response or resolution, microseconds.
        due: due time by the period's priority, microseconds.
        now: microseconds since the epoch.
    """
    begin, end, priority = period
    breach = max(begin, due)
    if fulfilled is not None and fulfilled <= breach and fulfilled < end:
        return Decision(kind, due, fulfilled, fulfilled, False, priority)
    if breach >= end and end != NEVER_US:
        return None
    breached = breach <= now
    return Decision(kind, due, fulfilled, breach if breached else None, breached, priority)


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
        return SlaOutcome(list(decide(ticket, self._limits, now)))

    def add(self, outcome: SlaOutcome, sign: int) -> None:
        """Apply an outcome (`sign` 1), or retract it (-1).

        An open target is counted by minute, from the moment it is due soon.
        """
        hours = self._aggregates.counts.cells_of_weight(sign)
        minutes = self._aggregates.minutes.cells_of_weight(sign)
        for kind, due, _, at, breached, priority in outcome.decisions:
            if at is None:
                minutes.append(self._due[kind][priority] + due // US_PER_MINUTE - SOON_MINUTES + 1)
                continue
            by_hour, by_minute = self._decided[kind][priority]
            hours.append(by_hour + at // US_PER_HOUR)
            minutes.append(by_minute + at // US_PER_MINUTE)
            if breached:
                by_hour, by_minute = self._breached[kind][priority]
                hours.append(by_hour + at // US_PER_HOUR)
                minutes.append(by_minute + at // US_PER_MINUTE)
