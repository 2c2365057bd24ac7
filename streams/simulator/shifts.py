"""The shifts of the support desk: when they begin and end, and their share of the staff."""

from typing import Final, Protocol

from models.definitions.schedules import Schedule
from models.definitions.windows import US_PER_SECOND
from models.schedules.timetable import timetable
from streams.simulator.seasons import DAY, HOUR

SHIFT: Final = 8 * HOUR
#: Staff of each shift from midnight, UTC, as a share of the average.
_STAFF: Final = (0.5, 1.2, 1.3)
_WEEK: Final = 7 * DAY


class Shifts(Protocol):
    """The shifts of a desk. Times are seconds since the epoch."""

    def length(self, now: float, /) -> float:
        """Return the seconds from now to the start of the next shift."""

    def staff(self, now: float, /) -> float:
        """Return the agents at work, as a multiple of the number that is needed if support is always open."""

    def attended(self, now: float, /) -> float:
        """Return the time from which agents work on a ticket that arrives now."""


class RoundTheClock:
    """Three shifts a day."""

    def length(self, now: float, /) -> float:
        """Return the seconds from now to the start of the next shift."""
        return SHIFT - now % SHIFT

    def staff(self, now: float, /) -> float:
        """Return the share of the shift."""
        return _STAFF[int(now % DAY // SHIFT) % len(_STAFF)]

    def attended(self, now: float, /) -> float:
        """Return the time itself."""
        return now


class OfficeHours:
    """A shift for each interval in which a schedule is open, and none while it is closed.

    Customers write at any hour, so the agents of a shift also handle the tickets that waited for it.

    Args:
        schedule: the schedule.
        start: opening of the shop, seconds since the epoch.
    """

    def __init__(self, schedule: Schedule, start: float) -> None:
        self._hours = timetable(schedule)
        begin = _us(start)
        open_us = self._hours.elapsed(begin, begin + _us(_WEEK))
        self._staff = _us(_WEEK) / max(open_us, _us(HOUR))

    def length(self, now: float, /) -> float:
        """Return the seconds until the schedule closes, or opens again. A shift ends after a day at most."""
        time = _us(now)
        opening = self._hours.next_opening(time)
        end = time + _us(DAY) if opening is None else min(opening, time + _us(DAY))
        if self._hours.is_open(time):
            end = min(end, time + self._hours.elapsed(time, end))
        return (end - time) / US_PER_SECOND

    def staff(self, now: float, /) -> float:
        """Return the agents of an hour by those needed at any hour. None while the schedule is closed."""
        return self._staff if self._hours.is_open(_us(now)) else 0.0

    def attended(self, now: float, /) -> float:
        """Return now, or the next opening if the schedule is closed."""
        time = _us(now)
        if self._hours.is_open(time):
            return now
        opening = self._hours.next_opening(time)
        return now if opening is None else opening / US_PER_SECOND


def _us(seconds: float) -> int:
    return round(seconds * US_PER_SECOND)
