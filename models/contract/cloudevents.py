"""CloudEvents 1.0: the event inside the envelope (docs/topics.md, "CloudEvents").

The data is one of our events, or its fields: what it lacks of `id`, `type` and `time`, the envelope says.
Where both say something, the data does: the event is what was meant, the envelope how it travelled.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Raw

VERSION: Final = "1.0"
#: What an envelope says in the place of its data, if that does not.
FILLED: Final = ("id", "type", "time")

#: A JSON object's members, undecoded.
members: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_NULL: Final = Raw(b"null")


class EnvelopeError(ValueError):
    """An envelope that cannot be opened."""


class NoObjectError(EnvelopeError):
    """There is no JSON object in it: what a plain record would be refused for as well."""


def is_envelope(fields: Mapping[str, Raw]) -> bool:
    """Whether an object is a CloudEvent in the JSON format: it says its version, and brings data."""
    return "specversion" in fields and ("data" in fields or "data_base64" in fields)


def opened(envelope: Mapping[str, Raw]) -> bytes:
    """Give the event of a CloudEvent in the JSON format (structured mode).

    Args:
        envelope: the object's members.

    Raises:
        EnvelopeError: of another version, or without data that are an object (`NoObjectError`).
    """
    check_version(_text(envelope, "specversion"))
    data: bytes
    if envelope.get("data", _NULL) != _NULL:
        data = bytes(envelope["data"])
    else:
        try:
            data = base64.b64decode(_text(envelope, "data_base64"), validate=True)
        except binascii.Error:
            raise EnvelopeError("`data_base64` is not base64") from None
    return filled(data, envelope.get)


def check_version(version: str) -> None:
    """Refuse what may mean something else.

    Raises:
        EnvelopeError: the version is not 1.0.
    """
    if version != VERSION:
        raise EnvelopeError(f"CloudEvents {version[:20]!r} are not read, only {VERSION}")


def filled(data: bytes, said: Callable[[str], Raw | None]) -> bytes:
    """Give the data with what they lack of `FILLED`.

    Args:
        data: a JSON object.
        said: gives an attribute of the envelope; None: it has none of that name.

    Raises:
        NoObjectError: the data are none.
    """
    try:
        fields = members(data)
    except (ValueError, RecursionError):
        raise NoObjectError("the data of the CloudEvent are no JSON object") from None
    complete = True
    for name in FILLED:
        if fields.get(name, _NULL) == _NULL and (content := said(name)) is not None:
            fields[name] = content
            complete = False
    return data if complete else msgspec.json.encode(fields)


def _text(envelope: Mapping[str, Raw], name: str) -> str:
    try:
        return msgspec.json.decode(envelope.get(name, _NULL), type=str)
    except ValueError:
        raise EnvelopeError(f"`{name}` of the CloudEvent is not a string") from None
