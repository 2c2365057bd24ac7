"""The statuses of a ticket, and its resolutions (docs/metrics.md, "Tickets")."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from models.facts.claims import SOLVED, STATUSES, StatusChanged, rank

OPEN: Final = STATUSES.index("open")
PENDING: Final = STATUSES.index("pending")
ON_HOLD: Final = STATUSES.index("on_hold")


class StatusPeriod(NamedTuple):
    """A status of a ticket, and from when on it held.

    Attributes:
        since: microseconds since the epoch, not before the opening.
        status: index in `STATUSES`.
    """

    since: int
    status: int


class Resolution(NamedTuple):
    """The fields of `models.entities.tickets.Ticket` that follow from the changes of its status."""

    status: int
    first_resolution: int | None
    full_resolution: int | None
    wait: int
    reopened: bool
    statuses: tuple[StatusPeriod, ...]


def resolution(opened: int, changes: list[StatusChanged]) -> Resolution:
    """Return what follows from the changes of the status of a ticket.

    Args:
        opened: time of the opening, microseconds since the epoch.
        changes: claims about its status, which are sorted in place.
    """
    if len(changes) > 1:
        changes.sort(key=rank)
    status, since, wait, reopened, interrupted = OPEN, opened, 0, False, False
    first = full = None
    for change in changes:
        time = max(since, change.time)  # a change before the ticket was opened took no time
        if status in (OPEN, ON_HOLD):
            wait += time - since
        since = time
        if change.status >= SOLVED > status:
            full = change.time
            first = full if first is None else first
        elif change.status < SOLVED <= status:
            full, reopened = None, True
        status = change.status
        if status in (PENDING, ON_HOLD):
            interrupted = True
    statuses = until_first_resolution(opened, changes) if interrupted else ()
    return Resolution(status, first, full, wait, reopened, statuses)


def until_first_resolution(opened: int, changes: Sequence[StatusChanged]) -> tuple[StatusPeriod, ...]:
    """Return the statuses after the first `open`, up to and including that of the first resolution.

    Args:
        opened: time of the opening, microseconds since the epoch.
        changes: claims about the status, sorted.
    """
    found: list[StatusPeriod] = []
    for change in changes:
        found.append(StatusPeriod(max(opened, change.time), change.status))
        if change.status >= SOLVED:
            break
    return tuple(found)
