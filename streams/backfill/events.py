"""The events that files hold: each line or row becomes one, and gets the time that it is ordered by."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import msgspec

from models.contract.decoding import to_us
from models.contract.events import EVENT_TYPES, Time
from streams.backfill.order import FIRST, Timed


class Line(Protocol):
    """What stands somewhere in a file."""

    @property
    def number(self) -> int:
        """Of the line or row, from 1."""

    @property
    def content(self) -> bytes:
        """An event's JSON object, if all is well."""

    @property
    def refused(self) -> tuple[str, str] | None:
        """Why there is none."""


#: Content -> when it happened, in microseconds; None: it does not say.
Clock = Callable[[bytes], int | None]


class _Head(msgspec.Struct):
    time: Time


class _Dated(msgspec.Struct):
    time: Time
    type: str = ""


_HEAD: Final = msgspec.json.Decoder(_Head)
_DATED: Final = msgspec.json.Decoder(_Dated)


def event_time(content: bytes) -> int | None:
    """Give an event's time."""
    try:
        return to_us(_HEAD.decode(content).time)
    except (ValueError, RecursionError, OverflowError):
        return None


def known_from(content: bytes) -> int | None:
    """Give the time from which an event counts: merges and erasures do at once, whenever they happened."""
    try:
        head = _DATED.decode(content)
        event_type = EVENT_TYPES.get(head.type)
        return to_us(head.time) if event_type is None or event_type.expires else FIRST
    except (ValueError, RecursionError, OverflowError):
        return None


def timed(lines: Iterable[Line], file: int, clock: Clock = event_time) -> Iterator[Timed]:
    """Take each line as one event, and give it its time.

    Args:
        lines: of one file; several in a row may have the same number.
        file: its index.
        clock: gives each event's time; an event without one stays behind the one before it.
    """
    time = FIRST
    number = part = 0
    for line in lines:
        found = clock(line.content) if line.refused is None else None
        if found is not None:
            time = found
        part = part + 1 if line.number == number else 0
        number = line.number
        yield Timed(time, file, number, part, line.content, line.refused)
