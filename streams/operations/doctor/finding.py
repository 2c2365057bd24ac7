"""The result of a check."""

from typing import Literal

from msgspec import Struct

Level = Literal["ok", "warn", "fail"]


class Finding(Struct, frozen=True):
    """One result of a check.

    Attributes:
        level: `fail` if workers cannot run or their numbers are wrong; `warn` if that may happen; otherwise
            `ok`.
        what: the observation, in one line.
        advice: what to do about it, commands in lines of their own; empty for `ok`.
    """

    level: Level
    what: str
    advice: str = ""
