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
#: The time of a control fact. It is before any horizon, so only code that drops expired facts has to handle
#: it.
TIMELESS = -(1 << 62)

_NAME = re.compile(r"([1-9][0-9]{0,4})([dh])", re.ASCII)


def hour(us: int) -> int:
    """Return the event hour of a time in microseconds: whole hours since the epoch, rounded down."""
    return us // US_PER_HOUR


def minute(us: int) -> int:
    """Return the event minute of a time in microseconds: whole minutes since the epoch, rounded down."""
    return us // US_PER_MINUTE


def horizon_start(now: int, horizon_days: int) -> int:
    """Return the start of the horizon at `now`, both in microseconds. Events before it are dropped."""
    return (hour(now) - 24 * horizon_days + 1) * US_PER_HOUR


def between(slots: Collection[int], first: int, end: int) -> list[int]:
    """Return the slots in [first, end), ascending. Chooses the cheaper of two ways to find them."""
    if end - first <= len(slots):
        return [slot for slot in range(first, end) if slot in slots]
    return sorted(slot for slot in slots if first <= slot < end)


class Window(Struct, frozen=True):
    """A sliding window. At event hour H it holds the hours H - hours + 1 ... H.

    Attributes:
        name: name in the configuration and in labels, such as `7d`.
        hours: length in event hours.
    """

    name: str
    hours: int

    @classmethod
    def parse(cls, name: str) -> "Window":
        """Return the window of a name such as `7d` (days) or `36h` (hours).

        Raises:
            ValueError: If the name has another form.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"window {name!r} is not a number of days or hours such as '7d' or '36h'")
        number, unit = match.groups()
        return cls(name, int(number) * (24 if unit == "d" else 1))

    @property
    def minutes(self) -> int:
        """Length in minutes, for the windows that slide by the minute."""
        return self.hours * 60


#: Windows that slide by the minute. The metrics of response, resolution and SLA have them too.
SHORT_WINDOWS = (Window.parse("1h"), Window.parse("24h"))
