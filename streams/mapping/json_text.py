"""JSON inside text: outbox payloads, JSONB columns, the documents of Debezium's MongoDB connector."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

#: Parts of an envelope that may be text.
_PARTS: Final = ("payload", "before", "after")
_decode_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_text: Final = msgspec.json.Decoder(str).decode


@lru_cache(maxsize=8)  # the paths of a mapping into one text follow each other
def parsed(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return the object or list that a text holds as JSON; None if it holds neither.

    The result is shared: callers do not change it.
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return None


def opened(row: dict[str, Any], places: Iterable[tuple[str | int, ...]]) -> dict[str, Any]:
    """Return a row with the JSON text at some places replaced by its content; the row is not changed.

    Args:
        row: decoded row.
        places: paths, each after those that lead to it.
    """
    for place in places:
        row = _opened(row, place)
    return row


def _opened(held: Any, place: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - JSON
    if not place:
        found = parsed(held) if held.__class__ is str else None
        return held if found is None else found
    if not isinstance(held, dict) or place[0] not in held:  # a list's text is read where its element is
        return held
    below = held[place[0]]
    inner = _opened(below, place[1:])
    return held if inner is below else {**held, place[0]: inner}


def unquoted(value: bytes, envelope: Literal["none", "debezium", "connect"]) -> bytes | None:
    r"""Return a record without the quotes around its JSON, or around the parts of its envelope.

    Example:
        >>> unquoted(rb'"{\\"id\\": 7}"', "none")
        b'{"id": 7}'

    Args:
        value: the record, JSON.
        envelope: the envelope in which the mapping expects rows.

    Returns:
        the record; None if nothing in it is JSON in quotes.
    """
    try:
        if _is_text(value):
            return _decode_text(value).encode()
        return None if envelope == "none" else _with_unquoted_parts(value)
    except (ValueError, RecursionError):
        return None


def _with_unquoted_parts(value: bytes) -> bytes | None:
    members = _decode_members(value)
    changed = {}
    for name in _PARTS:
        found = bytes(members.get(name, b""))
        if _is_text(found):
            changed[name] = Raw(_decode_text(found).encode())
        elif name == "payload" and (inner := _with_unquoted_parts(found) if found[:1] == b"{" else None):
            changed[name] = Raw(inner)
    return msgspec.json.encode({**members, **changed}) if changed else None


def _is_text(value: bytes) -> bool:
    return value.lstrip()[:1] == b'"'
