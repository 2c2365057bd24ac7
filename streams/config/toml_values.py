"""What the readers of the TOML file share: unknown keys and durations."""

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from streams.errors import SettingsError

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
#: Longest duration. Times are 64-bit integers of microseconds, and no horizon is longer.
_LONGEST_SECONDS: Final = 3650 * 86_400


def check_keys(name: str, table: Mapping[str, Any], known: Collection[str], source: str) -> None:
    """Check that a table has no unknown key.

    Args:
        name: name of the table.
        table: the table.
        known: its keys.
        source: origin of the table, for error messages.

    Raises:
        SettingsError: a key is unknown.
    """
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known, f"expected {', '.join(known)}")
            raise SettingsError(f"{name}.{key}", "unknown key", source=source, hint=hint)


def duration(name: str, value: object, source: str) -> int:
    """Return a duration such as `90m` in seconds.

    Args:
        name: name of the key.
        value: its value.
        source: origin of the value, for error messages.

    Raises:
        SettingsError: the value is not a duration, or is longer than ten years.
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise SettingsError(
            name,
            f"{value!r} is not valid",
            source=source,
            hint='expected a duration such as "30m", "8h" or "2d"',
        )
    seconds = int(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST_SECONDS:
        raise SettingsError(name, f"{value!r} is more than ten years", source=source)
    return seconds


def did_you_mean(name: str, names: Collection[str], otherwise: str) -> str:
    """Return a hint that names the most similar of `names`; `otherwise` without a similar one."""
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else otherwise
