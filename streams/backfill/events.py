"""Assign each line of a file the time by which it is sorted."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from models.contract.decoding import to_us
from models.contract.event import Time
from models.contract.events import EVENT_TYPES
from streams.backfill.files import Line
from streams.backfill.order import FIRST, Timed

#: An event as JSON -> its time, microseconds since the epoch; None if it has no valid time.
TimeOf = Callable[[bytes], int | None]


class _Head(msgspec.Struct):
    time: Time


class _TypedHead(msgspec.Struct):
    time: Time
    type: str = ""


_HEAD: Final = msgspec.json.Decoder(_Head)
_TYPED_HEAD: Final = msgspec.json.Decoder(_TypedHead)


def event_time(content: bytes) -> int | None:
    """Return the time of an event, microseconds since the epoch; None if it has no valid time."""
    try:
        return to_us(_HEAD.decode(content).time)
    except (ValueError, RecursionError, OverflowError):
        return None


def effective_time(content: bytes) -> int | None:
    """Return the time from which an event counts, microseconds since the epoch.

    Merges and erasures count from the beginning, whenever they happened: their time is `FIRST`. None if the
    event has no valid time.
    """
    try:
        head = _TYPED_HEAD.decode(content)
        event_type = EVENT_TYPES.get(head.type)
        return to_us(head.time) if event_type is None or event_type.expires else FIRST
    except (ValueError, RecursionError, OverflowError):
        return None


def timed(lines: Iterable[Line], file: int, time_of: TimeOf = event_time) -> Iterator[Timed]:
    """Yield each line with its time and position.

    Args:
        lines: lines of one file; consecutive lines may have the same number.
        file: index of the file.
        time_of: returns the time of an event; an event without one gets the time of the event before it.
    """
    time = FIRST
    number = part = 0
    for line in lines:
        found = time_of(line.content) if line.rejection is None else None
        if found is not None:
            time = found
        part = part + 1 if line.number == number else 0
        number = line.number
        yield Timed(time, file, number, part, line.content, line.rejection)
