"""Event hours, event minutes and the windows made of them (docs/metrics.md, "Clock and windows")."""

import re
from collections.abc import Collection

from msgspec import Struct

US_PER_SECOND = 1_000_000
US_PER_MINUTE = 60 * US_PER_SECOND
US_PER_HOUR = 3600 * US_PER_SECOND
US_PER_DAY = 24 * US_PER_HOUR
#: Later than any event hour.
#: Small enough that adding window lengths, or a series to it, stays within 64 bits.
NEVER_HOUR = 1 << 40
#: Later than any event time, microseconds since the epoch.
NEVER_US = 1 << 62
#: The time of a control fact. It is before any horizon, so only code that drops expired facts has to handle it.
TIMELESS = -(1 << 62)

_NAME = re.compile(r"([1-9][0-9]{0,4})([dh])", re.ASCII)


def hour(us: int) -> int:
    """Give the event hour of a time in microseconds: whole hours since the epoch, rounded down."""
    return us // US_PER_HOUR


def minute(us: int) -> int:
    """Give the event minute of a time in microseconds: whole minutes since the epoch, rounded down."""
    return us // US_PER_MINUTE


def horizon_start(now: int, horizon_days: int) -> int:
    """Give the first instant of the hours that are within the horizon at `now`; all microseconds."""
    return (hour(now) - 24 * horizon_days + 1) * US_PER_HOUR


def between(slots: Collection[int], first: int, end: int) -> list[int]:
    """Give those of some slots that are in [first, end), ascending, in the cheaper of two ways."""
    if end - first <= len(slots):
        return [slot for slot in range(first, end) if slot in slots]
    return sorted(slot for slot in slots if first <= slot < end)


class Window(Struct, frozen=True):
    """A window of `hours` event hours: at hour H it holds H - hours + 1 ... H."""

    name: str
    hours: int

    @classmethod
    def parse(cls, name: str) -> "Window":
        """Read a name such as `7d` (days) or `36h` (hours).

        Raises:
            ValueError: it is not of that form.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"window {name!r} is not a number of days or hours such as '7d' or '36h'")
        number, unit = match.groups()
        return cls(name, int(number) * (24 if unit == "d" else 1))

    @property
    def minutes(self) -> int:
        """The same length in minutes, for the windows that slide by the minute."""
        return self.hours * 60


#: First response, resolution and SLA have these too; they slide by the minute.
SHORT_WINDOWS = (Window.parse("1h"), Window.parse("24h"))
