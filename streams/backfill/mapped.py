"""Convert lines and rows in a shop's own form to the contract's events, by a mapping."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

from models.contract.events import Event
from streams.backfill.rejection import ANONYMOUS, NOTHING, SKIPPED, UNCHANGED, Rejection
from streams.backfill.rows import Row
from streams.mapping.program import MappingResult

_ENCODER: Final = msgspec.json.Encoder()
_ROW_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)


class Mapped(NamedTuple):
    """One result of a mapping.

    Attributes:
        content: the event as JSON; the record as it was read if it was rejected; empty if it was left out.
        rejection: why there is no event; None for an event.
    """

    content: bytes
    rejection: Rejection | None


def results_of(content: bytes | Row, result: MappingResult) -> Iterator[Mapped]:
    """Yield the results of mapping a record; at least one.

    Args:
        content: a line, JSON; or a row, column -> cell.
        result: what the mapping makes of it.
    """
    return _results(result, lambda: content if isinstance(content, bytes) else _ROW_ENCODER.encode(content))


def _results(result: MappingResult, record: Callable[[], bytes]) -> Iterator[Mapped]:
    for event in result.events:
        yield Mapped(_encode(event), None)
    for error in result.errors:
        yield Mapped(record(), Rejection(error.reason, error.message))
    if result.anonymous:
        yield Mapped(b"", Rejection(ANONYMOUS, "the record names no customer"))
    if result.unchanged:
        yield Mapped(b"", Rejection(UNCHANGED, ""))
    if result.skipped is not None:
        yield Mapped(b"", Rejection(SKIPPED + result.skipped, ""))
    elif result.is_idle:
        yield Mapped(b"", Rejection(NOTHING, ""))


def _encode(event: Event) -> bytes:
    """Encode an event without its absent fields: nulls would be a third of it."""
    fields = {name: value for name in event.__struct_fields__ if (value := getattr(event, name)) is not None}
    return _ENCODER.encode({"type": event.__struct_config__.tag, **fields})
