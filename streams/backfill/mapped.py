"""Lines and rows of files in a shop's own form, as the contract's events, by a mapping."""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from models.contract.events import Event
from streams.backfill.rows import Row
from streams.mapping.program import MappingResult
from streams.mapping.reader import Reader

#: An event as JSON; or what was to become one, with the reason and a message for which it did not.
Mapped = tuple[bytes, tuple[str, str] | None]

#: Why a line becomes no event though nothing is wrong with it; a condition's name follows the last.
ANONYMOUS: Final = "anonymous"
NOTHING: Final = "became nothing"
SKIPPED: Final = "skipped by "

_ENCODER: Final = msgspec.json.Encoder()
_ROW_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)


def of_line(content: bytes, reader: Reader) -> Iterator[Mapped]:
    """Give what becomes of a line."""
    return _mapped(reader.outcome(content), lambda: content)


def of_row(row: Row, reader: Reader) -> Iterator[Mapped]:
    """Give what becomes of a table's row."""
    return _mapped(reader.outcome_of_row(row), lambda: _ROW_ENCODER.encode(row))


def _mapped(outcome: MappingResult, came_in: Callable[[], bytes]) -> Iterator[Mapped]:
    for event in outcome.events:
        yield _encoded(event), None
    for error in outcome.errors:
        yield came_in(), (error.reason, error.message)
    if outcome.anonymous:
        yield b"", (ANONYMOUS, "nothing says whose it is")
    if outcome.skipped is not None:
        yield b"", (SKIPPED + outcome.skipped, "")
    elif not (outcome.events or outcome.errors or outcome.anonymous):
        yield b"", (NOTHING, "")


def _encoded(event: Event) -> bytes:
    """Write an event without its absent fields: nulls would be a third of it."""
    fields = {name: value for name in event.__struct_fields__ if (value := getattr(event, name)) is not None}
    return _ENCODER.encode({"type": event.__struct_config__.tag, **fields})
