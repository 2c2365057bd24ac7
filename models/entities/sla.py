"""Decide the SLA targets of tickets: fulfilled, breached or open (docs/metrics.md, "SLA").

A *target* is one requirement of the SLA for a ticket, such as the first response. Its *time limit* is a
duration, its *due time* the instant at which it is breached. `decide` is the only place where a target is
decided. Metrics, the SLA output, the action "escalate" and the query API all use it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from models.aggregation.aggregates import Aggregates
from models.definitions.definitions import PRIORITIES, Definitions, has_next_response
from models.definitions.windows import NEVER_US, US_PER_HOUR, US_PER_MINUTE
from models.entities.exposures import SLOW_RESPONSE, Exposure
from models.entities.sla_limits import TimeLimits, time_limits
from models.entities.tickets import Ticket

KINDS: Final = ("first_response", "first_human_response", "resolution", "promise", "next_response")
FIRST_RESPONSE, FIRST_HUMAN_RESPONSE, RESOLUTION, PROMISE, NEXT_RESPONSE = range(len(KINDS))

#: A target is due soon if it is due within this many event minutes, the present one included.
SOON_MINUTES: Final = 120


class Decision(NamedTuple):
    """The state of one target of a ticket at an instant.

    Attributes:
        kind: index in `KINDS`.
        due: due time, microseconds since the epoch. None while the target is paused.
        fulfilled: time of the response or resolution, even if it came too late. None if there is none yet. Of
            a next response also the time of the resolution after which no reply is due any more.
        decided: `fulfilled` or, if the target was breached, the instant of the breach: `due`, or the later
            change of the priority that made it due. None while it is open.
        breached: whether the target is breached.
        priority: priority that the target counts under, index in `PRIORITIES`.
        turn_begin: begin of the turn of a next response, microseconds since the epoch. None for other kinds.
    """

    kind: int
    due: int | None
    fulfilled: int | None
    decided: int | None
    breached: bool
    priority: int
    turn_begin: int | None = None


class SlaOutcome(Struct, frozen=True, gc=False):
    """The state of all targets of a ticket at an instant.

    Attributes:
        decisions: one entry per target, with one for each turn of the conversation.
        team: team of the ticket. None without configured teams.
    """

    decisions: list[Decision]
    team: str | None = None

    @property
    def due(self) -> int | None:
        """Earliest due time of the open targets, microseconds since the epoch. None without open targets."""
        return min(
            [each.due for each in self.decisions if each.decided is None and each.due is not None],
            default=None,
        )

    def exposures(self) -> tuple[Exposure, ...]:
        """Return the slow human response as an exposure, if that target was breached."""
        return tuple(
            [
                (SLOW_RESPONSE, each.decided // US_PER_HOUR)
                for each in self.decisions
                if each.breached and each.decided is not None and each.kind == FIRST_HUMAN_RESPONSE
            ]
        )


def decide(ticket: Ticket, limits: Sequence[TimeLimits], now: int) -> list[Decision]:
    """Return the state of each target of a ticket at `now`.

    A target that was not fulfilled by its due time is breached at its due time, and open before.

    Args:
        ticket: the ticket, by the claims known at `now`.
        limits: the time limits by priority, from `time_limits`.
        now: microseconds since the epoch.
    """
    if ticket.priority_changes:
        return [*_decide_by_changes(ticket, limits, now)]
    priority = ticket.priority
    own = limits[priority].of(ticket)
    decisions: list[Decision] = []
    for kind, fulfilled, due in _due_times(ticket, own):
        if fulfilled is not None and fulfilled <= due:
            decisions.append(Decision(kind, due, fulfilled, fulfilled, False, priority))
        elif due <= now:
            decisions.append(Decision(kind, due, fulfilled, due, True, priority))
        else:
            decisions.append(Decision(kind, _if_running(due), fulfilled, None, False, priority))
    if ticket.reply_turns:
        decisions += _decide_turns(ticket, [(_ALL_TIME[priority], own)], now)
    return decisions


def _decide_by_changes(ticket: Ticket, limits: Sequence[TimeLimits], now: int) -> Iterator[Decision]:
    """Yield the state of each target of a ticket whose priority has changed.

    While a priority was in force, the ticket is judged as if it had always had that priority. So a higher
    priority may breach a target at the instant of the change, and a lower one undoes no decision.
    """
    periods = _periods(ticket)
    due_times = (_due_times(ticket, limits[period.priority].of(ticket)) for period in periods)
    targets = zip(*due_times, strict=True)
    for by_period in targets:
        yield next(
            decision
            for period, (kind, fulfilled, due) in zip(periods, by_period, strict=True)
            if (decision := _decide_within(period, kind, fulfilled, due, now)) is not None
        )
    yield from _decide_turns(ticket, [(each, limits[each.priority].of(ticket)) for each in periods], now)


class _Period(NamedTuple):
    """A period [begin, end), microseconds since the epoch, in which a ticket had one priority."""

    begin: int
    end: int
    priority: int


#: The only period of a ticket whose priority never changed, by priority.
_ALL_TIME: Final = [_Period(-NEVER_US, NEVER_US, priority) for priority in range(len(PRIORITIES))]


def _periods(ticket: Ticket) -> list[_Period]:
    """Return the periods of a ticket's priorities. The first one includes all time before the opening."""
    changes = ticket.priority_changes
    begins = [-NEVER_US, *(change.since for change in changes[1:])]
    return [
        _Period(begin, end, change.priority)
        for begin, end, change in zip(begins, [*begins[1:], NEVER_US], changes, strict=True)
    ]


def _if_running(due: int) -> int | None:
    """Return a due time, or None for the `NEVER_US` of a target that is paused."""
    return None if due == NEVER_US else due


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
    return Decision(kind, _if_running(due), fulfilled, breach if breached else None, breached, priority)


def _decide_turns(
    ticket: Ticket, periods: Sequence[tuple[_Period, TimeLimits]], now: int
) -> Iterator[Decision]:
    """Yield the decision of each turn of a conversation, and the state of the open one.

    A turn that ends while the priority in force has no target of the next response is not decided. One that
    the resolution ends is decided only if it was due by then.
    """
    for turn in ticket.reply_turns:
        ended = turn.end
        for (begin, end, priority), limits in periods:
            due = limits.next_response_due(turn.begin)
            breach = max(begin, due)
            if ended is not None and ended < end and ended < breach + (turn.answered is not None):
                if turn.answered is not None and due != NEVER_US:
                    yield Decision(NEXT_RESPONSE, due, ended, ended, False, priority, turn.begin)
                break
            if breach < end:
                decided = breach if breach <= now else None
                state = ended, decided, decided is not None
                yield Decision(NEXT_RESPONSE, due, *state, priority, turn.begin)
                break


def _due_times(ticket: Ticket, limits: TimeLimits) -> list[tuple[int, int | None, int]]:
    """Return the targets of a ticket except next responses, as (kind, time of fulfilment, due time).

    The due time of a paused target is `NEVER_US`.
    """
    resolution = RESOLUTION, ticket.first_resolution, limits.resolution_due(ticket)
    if ticket.by_agent:
        targets = [resolution]
    else:
        due = limits.response_due(ticket)
        targets = [
            (FIRST_RESPONSE, ticket.answered, due),
            (FIRST_HUMAN_RESPONSE, ticket.answered_by_human, due),
            resolution,
        ]
    if ticket.promise is not None:
        targets.append((PROMISE, ticket.first_resolution, ticket.promise))
    return targets


def kinds_of(definitions: Definitions) -> tuple[str, ...]:
    """Return the kinds of targets that tickets may have. Only some shops have one of the next response."""
    return KINDS if has_next_response(definitions) else KINDS[:NEXT_RESPONSE]


class SlaAggregator:
    """Applies the SLA decisions of tickets to a partition's aggregates, and retracts them."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._limits = time_limits(definitions)
        self._kinds = kinds_of(definitions)
        self._decided = self._series("sla_decided")
        self._breached = self._series("sla_breached")
        self._due = [
            [aggregates.minute("sla_due", kind, priority) for priority in PRIORITIES] for kind in self._kinds
        ]

    def _series(self, name: str) -> list[list[tuple[int, int]]]:
        count, minute = self._aggregates.count, self._aggregates.minute
        return [
            [(count(name, kind, priority), minute(name, kind, priority)) for priority in PRIORITIES]
            for kind in self._kinds
        ]

    def outcome(self, ticket: Ticket, now: int) -> SlaOutcome:
        """Return the state of the ticket's targets at `now` (microseconds)."""
        return SlaOutcome(decide(ticket, self._limits, now), ticket.team)

    def add(self, outcome: SlaOutcome) -> None:
        """Apply an outcome."""
        self._add(outcome.decisions, 1)

    def replace(self, old: SlaOutcome | None, new: SlaOutcome | None) -> None:
        """Retract an outcome as it was, and apply it as it is. None: the ticket was not opened.

        Most changes affect only the last targets, so the unchanged first ones are skipped.
        """
        before = old.decisions if old is not None else []
        after = new.decisions if new is not None else []
        same = 0
        for one, other in zip(before, after, strict=False):
            if one != other:
                break
            same += 1
        self._add(before[same:], -1)
        self._add(after[same:], 1)

    def _add(self, decisions: Sequence[Decision], sign: int) -> None:
        """Apply decisions (`sign` 1), or retract them (-1).

        An open target is counted by minute, from the moment it is due soon.
        """
        hours = self._aggregates.counts.cells_of_weight(sign)
        minutes = self._aggregates.minutes.cells_of_weight(sign)
        for kind, due, _, at, breached, priority, _ in decisions:
            if at is None:
                if due is not None:
                    minutes.append(self._due[kind][priority] + due // US_PER_MINUTE - SOON_MINUTES + 1)
                continue
            by_hour, by_minute = self._decided[kind][priority]
            hours.append(by_hour + at // US_PER_HOUR)
            minutes.append(by_minute + at // US_PER_MINUTE)
            if breached:
                by_hour, by_minute = self._breached[kind][priority]
                hours.append(by_hour + at // US_PER_HOUR)
                minutes.append(by_minute + at // US_PER_MINUTE)
