"""The time limits of SLA targets, and when targets are due by them (docs/metrics.md, "SLA")."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from models.definitions.definitions import PRIORITIES, Definitions, tiers_of
from models.definitions.sla_policy import SlaPolicy, SlaTargets
from models.definitions.windows import NEVER_US, US_PER_SECOND
from models.entities.ticket_statuses import OPEN, StatusPeriod
from models.entities.tickets import Ticket
from models.facts.claims import SOLVED, STATUSES
from models.schedules.timetable import Timetable, timetable


class TimeLimits(NamedTuple):
    """The time limits of one priority, or of one priority and tier. Durations are in microseconds.

    Attributes:
        response: limit of the first response, from the opening of the ticket.
        resolution: limit of the first resolution, from the opening of the ticket.
        next_response: limit of an agent's reply to a customer's later reply. None: there is no such target.
        hours: when support is open. None: always.
        pause: statuses in which the target of the resolution does not run, indices in `STATUSES`.
        tiers: tier (index in `tiers_of`) -> the limits of its customers, if they differ.
    """

    response: int
    resolution: int
    next_response: int | None = None
    hours: Timetable | None = None
    pause: frozenset[int] = frozenset()
    tiers: Mapping[int, "TimeLimits"] = MappingProxyType({})

    def of(self, ticket: Ticket) -> "TimeLimits":
        """Return the limits for the tier of a ticket's customer."""
        return self.tiers.get(ticket.tier, self) if self.tiers else self

    def due(self, begin: int, limit: int) -> int:
        """Return when support has been open for `limit` since `begin`, microseconds since the epoch."""
        return begin + limit if self.hours is None else self.hours.due(begin, limit)

    def elapsed(self, begin: int, end: int) -> int:
        """Return how long support is open in [begin, end), microseconds."""
        return max(0, end - begin) if self.hours is None else self.hours.elapsed(begin, end)

    def response_due(self, ticket: Ticket) -> int:
        """Return the due time of the first response, microseconds since the epoch."""
        return self.due(ticket.opened, self.response)

    def resolution_due(self, ticket: Ticket) -> int:
        """Return the due time of the first resolution, microseconds since the epoch.

        A pause stops the clock, which keeps the time that it has run.

        Returns:
            `NEVER_US` while it is paused.
        """
        if not self.pause or not (ticket.statuses or OPEN in self.pause):
            return self.due(ticket.opened, self.resolution)
        left, since, runs = self._resolution_clock(ticket)
        return self.due(since, left) if runs else NEVER_US

    def resolution_left(self, ticket: Ticket) -> int:
        """Return the time left of the limit of a paused resolution, microseconds."""
        return self._resolution_clock(ticket)[0]

    def _resolution_clock(self, ticket: Ticket) -> tuple[int, int, bool]:
        """Return the time left at the latest change of the status, that instant, and whether it runs."""
        left, since, runs = self.resolution, ticket.opened, OPEN not in self.pause
        for period in ticket.statuses or _open_until_resolved(ticket):
            if runs:
                ran = self.elapsed(since, period.since)
                if ran >= left:
                    break
                left -= ran
            since, runs = period.since, period.status >= SOLVED or period.status not in self.pause
        return left, since, runs

    def next_response_due(self, begin: int) -> int:
        """Return the due time of the reply in a turn that began at `begin`, microseconds since the epoch.

        Returns:
            `NEVER_US` if there is no such target.
        """
        return NEVER_US if self.next_response is None else self.due(begin, self.next_response)

    def is_paused(self, ticket: Ticket) -> bool:
        """Return whether a ticket waits for its first resolution in a status that pauses it."""
        return ticket.first_resolution is None and ticket.status in self.pause


def time_limits(definitions: Definitions) -> list[TimeLimits]:
    """Return the time limits of each priority, in the order of `PRIORITIES`."""
    return [_limits_of(definitions, priority) for priority in PRIORITIES]


def _limits_of(definitions: Definitions, priority: str) -> TimeLimits:
    policy = definitions.sla_policies[priority]
    schedule = None if policy.schedule is None else definitions.schedules[policy.schedule]
    hours = None if schedule is None else timetable(schedule)
    own = SlaTargets(*definitions.sla[priority], policy.next_response)
    names = tiers_of(definitions)
    tiers = {names.index(tier): _limits(targets, policy, hours) for tier, targets in policy.tiers.items()}
    return _limits(own, policy, hours)._replace(tiers=tiers)


def _limits(targets: SlaTargets, policy: SlaPolicy, hours: Timetable | None) -> TimeLimits:
    next_response = targets.next_response
    return TimeLimits(
        targets.first_response * US_PER_SECOND,
        targets.resolution * US_PER_SECOND,
        None if next_response is None else next_response * US_PER_SECOND,
        hours,
        frozenset(STATUSES.index(status) for status in policy.pause),
    )


def _open_until_resolved(ticket: Ticket) -> tuple[StatusPeriod, ...]:
    """Return the statuses after the first `open` of a ticket that had no other before its resolution."""
    if ticket.first_resolution is None:
        return ()
    return (StatusPeriod(max(ticket.opened, ticket.first_resolution), SOLVED),)
