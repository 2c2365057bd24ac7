"""Durations of tickets in opening hours, replies in conversations, and tickets opened outside the hours.

They exist only if the configuration has a schedule, or a target of the next response (docs/metrics.md,
"Support hours").
"""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from models.aggregation.aggregates import Aggregates
from models.definitions.definitions import PRIORITIES, Definitions, has_next_response
from models.definitions.windows import US_PER_HOUR
from models.schedules.timetable import hours_by_priority, timetable

if TYPE_CHECKING:
    from models.entities.tickets import Ticket

#: The fields of a contribution of tickets, and the function that applies it (sign 1) or retracts it (-1).
TicketAspect = tuple[Callable[["Ticket"], object], Callable[["Ticket", int], None]]

_PRIORITY_FIELDS: Final = ("opened", "priority", "priority_changes")


def clock_aspects(aggregates: Aggregates, definitions: Definitions) -> Iterator[TicketAspect]:
    """Yield what tickets contribute by the configured schedules and targets of the next response."""
    if definitions.schedules:
        business = _BusinessDurations(aggregates, definitions)
        yield (
            attrgetter(*_PRIORITY_FIELDS, "by_agent", "answered", "answered_by_human"),
            business.add_responses,
        )
        yield attrgetter(*_PRIORITY_FIELDS, "first_resolution", "full_resolution"), business.add_resolutions
        yield attrgetter("opened", "by_agent"), _OutsideHours(aggregates, definitions).add
    if has_next_response(definitions):
        yield attrgetter("priority", "priority_changes", "reply_turns"), _Replies(aggregates, definitions).add


class _BusinessDurations:
    """Adds the open time until responses and resolutions, by the schedule of the priority then in force."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._hours = hours_by_priority(definitions)
        self._any = self._series("response_any_business")
        self._human = self._series("response_human_business")
        self._first = self._series("resolution_first_business")
        self._full = self._series("resolution_full_business")

    def _series(self, kind: str) -> list[int]:
        return [self._aggregates.duration(kind, priority) for priority in PRIORITIES]

    def add_responses(self, ticket: "Ticket", sign: int) -> None:
        """Apply the first responses of a ticket (`sign` 1), or retract them (-1)."""
        if not ticket.by_agent:
            self._add(self._any, ticket, ticket.answered, sign)
            self._add(self._human, ticket, ticket.answered_by_human, sign)

    def add_resolutions(self, ticket: "Ticket", sign: int) -> None:
        """Apply the resolutions of a ticket (`sign` 1), or retract them (-1)."""
        self._add(self._first, ticket, ticket.first_resolution, sign)
        self._add(self._full, ticket, ticket.full_resolution, sign)

    def _add(self, series: list[int], ticket: "Ticket", end: int | None, sign: int) -> None:
        if end is not None:
            priority = ticket.priority_at(end)
            hours = self._hours[priority]
            begin = ticket.opened
            duration = end - begin if hours is None else hours.elapsed(begin, end)
            self._aggregates.add_duration(series[priority], end, duration, sign)


class _Replies:
    """Adds the times of agents' replies in conversations, by the calendar and by the opening hours."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._calendar = aggregates.duration("next_response")
        self._hours = hours_by_priority(definitions)
        self._business = aggregates.duration("next_response_business") if definitions.schedules else None

    def add(self, ticket: "Ticket", sign: int) -> None:
        """Apply the replies of a ticket (`sign` 1), or retract them (-1)."""
        for turn in ticket.reply_turns:
            begin, end = turn.begin, turn.answered
            if end is None:
                continue
            self._aggregates.add_duration(self._calendar, end, end - begin, sign)
            if self._business is not None:
                hours = self._hours[ticket.priority_at(end)]
                duration = end - begin if hours is None else hours.elapsed(begin, end)
                self._aggregates.add_duration(self._business, end, duration, sign)


class _OutsideHours:
    """Counts the tickets that customers opened, and those that they opened while a schedule was closed."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions) -> None:
        self._aggregates = aggregates
        self._opened = aggregates.count("opened_by_customer")
        self._outside = [
            (timetable(schedule), aggregates.count("opened_outside_hours", name))
            for name, schedule in definitions.schedules.items()
        ]

    def add(self, ticket: "Ticket", sign: int) -> None:
        """Apply the opening of a ticket (`sign` 1), or retract it (-1)."""
        if ticket.by_agent:
            return
        opened, at = ticket.opened, ticket.opened // US_PER_HOUR
        cells = self._aggregates.counts.cells_of_weight(sign)
        cells.append(self._opened + at)
        cells.extend(series + at for hours, series in self._outside if not hours.is_open(opened))
