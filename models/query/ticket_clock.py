"""The support clock of a ticket: how long until the next target is due (docs/api.md, "Tickets")."""

from collections.abc import Sequence

from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.windows import US_PER_SECOND
from models.entities.sla import PROMISE, Decision
from models.entities.sla_limits import TimeLimits, time_limits
from models.entities.ticket_statuses import OPEN
from models.entities.tickets import Ticket
from models.outputs.ids import to_datetime
from models.query.responses import Clock


class TicketClocks:
    """Reads the support clocks of tickets.

    Args:
        definitions: the shop's definitions.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._limits = time_limits(definitions)
        self._schedules = [definitions.sla_policies[priority].schedule for priority in PRIORITIES]

    def read(self, ticket: Ticket, decisions: Sequence[Decision], now: int) -> Clock:
        """Return the clock of the open target that is due first, by the priority in force.

        A promised deadline is in wall-clock time, and so has no support clock.

        Args:
            ticket: the ticket.
            decisions: the state of its targets at `now`.
            now: microseconds since the epoch.
        """
        limits = self._limits[ticket.priority].of(ticket)
        waiting = [each for each in decisions if each.decided is None and each.kind != PROMISE]
        due = min((each.due for each in waiting if each.due is not None), default=None)
        paused = _paused_since(ticket, limits)
        return Clock(
            self._schedules[ticket.priority],
            _remaining(ticket, limits, due, now) if waiting else None,
            None if paused is None else to_datetime(paused),
            None if due is None else to_datetime(due),
        )

    def is_paused(self, ticket: Ticket) -> bool:
        """Return whether a ticket waits for its first resolution in a status that pauses it."""
        return self._limits[ticket.priority].is_paused(ticket)


def _remaining(ticket: Ticket, limits: TimeLimits, due: int | None, now: int) -> int:
    """Return the seconds that the clock has to run until a target is due, rounded down."""
    left = limits.resolution_left(ticket) if due is None else limits.elapsed(now, due)
    return left // US_PER_SECOND


def _paused_since(ticket: Ticket, limits: TimeLimits) -> int | None:
    """Return since when a resolution is paused without interruption. None if its clock runs."""
    if not limits.is_paused(ticket):
        return None
    since = None
    for period in reversed(ticket.statuses):
        if period.status not in limits.pause:
            return since
        since = period.since
    return ticket.opened if since is None or OPEN in limits.pause else since
