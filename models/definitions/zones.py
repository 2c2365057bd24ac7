"""Time zones by their IANA names."""

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: Files beside the zones, by the first part of their names. They are the zone of the machine, no zone, or
#: zones with leap seconds, so that a name would mean other instants on another machine.
_NO_ZONES: Final = frozenset({"localtime", "factory", "posixrules", "posix", "right"})


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone.

    Args:
        name: IANA name, such as `Europe/Berlin`.

    Raises:
        ValueError: there is no such zone, or the name depends on the machine.

    Example:
        >>> zone_of("Europe/Berlin").key
        'Europe/Berlin'
    """
    try:
        if name.partition("/")[0].casefold() not in _NO_ZONES:
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise ValueError(f"{name!r} is not a time zone such as 'Europe/Berlin'")
