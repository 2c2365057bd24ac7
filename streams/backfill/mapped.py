"""Lines and rows of files in a shop's own form, as the contract's events, by a mapping."""

from collections.abc import Iterator
from typing import Final

import msgspec

from models.events import Event
from streams.backfill.rows import Row
from streams.mapping.program import Outcome
from streams.mapping.reader import Reader

#: An event as JSON, or the reason and the message for which there is none.
Mapped = tuple[bytes, tuple[str, str] | None]

_ENCODER: Final = msgspec.json.Encoder()
_ANONYMOUS: Final = (b"", ("anonymous", "nothing says whose it is"))


def of_line(content: bytes, reader: Reader) -> Iterator[Mapped]:
    """Give what becomes of a line."""
    return _mapped(reader.outcome(content))


def of_row(row: Row, reader: Reader) -> Iterator[Mapped]:
    """Give what becomes of a table's row."""
    return _mapped(reader.outcome_of_row(row))


def _mapped(outcome: Outcome) -> Iterator[Mapped]:
    for event in outcome.events:
        yield _encoded(event), None
    for error in outcome.errors:
        yield b"", (error.reason, error.message)
    if outcome.anonymous:
        yield _ANONYMOUS
    if outcome.skipped is not None:
        yield b"", (f"skipped by {outcome.skipped}", "")


def _encoded(event: Event) -> bytes:
    """Write an event without its absent fields: nulls would be a third of it."""
    fields = {name: value for name in event.__struct_fields__ if (value := getattr(event, name)) is not None}
    return _ENCODER.encode({"type": event.__struct_config__.tag, **fields})
