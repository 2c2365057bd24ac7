"""What a check found."""

from typing import Literal

from msgspec import Struct

Level = Literal["ok", "warn", "fail"]


class Finding(Struct, frozen=True):
    """One line of the doctor's.

    Attributes:
        level: `fail` keeps workers from running, or their numbers from being right; `warn` may come to that.
        what: what was found.
        advice: what to do about it, in lines if it is commands; empty if nothing.
    """

    level: Level
    what: str
    advice: str = ""
