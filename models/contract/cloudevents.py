"""CloudEvents 1.0: the event inside the envelope (docs/topics.md, "CloudEvents").

The data is an event of the contract, or most of its fields: a missing `id`, `type` or `time` is taken from
the envelope. If both have one, the data's counts, because the envelope only describes the transport.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Raw

VERSION: Final = "1.0"
#: Fields that are taken from the envelope if the data lacks them.
ENVELOPE_FIELDS: Final = ("id", "type", "time")

#: Decodes a JSON object to its members, which stay undecoded.
decode_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_NULL: Final = Raw(b"null")


class EnvelopeError(ValueError):
    """An envelope is invalid."""


class NoObjectError(EnvelopeError):
    """The data of an envelope is not a JSON object. A plain record would be rejected for this, too."""


def is_envelope(fields: Mapping[str, Raw]) -> bool:
    """Return whether a JSON object is a CloudEvent: it has a `specversion`, and data."""
    return "specversion" in fields and ("data" in fields or "data_base64" in fields)


def unwrap(envelope: Mapping[str, Raw]) -> bytes:
    """Return the event of a CloudEvent in the JSON format (structured mode), as JSON.

    Args:
        envelope: members of the CloudEvent.

    Raises:
        EnvelopeError: If the version is not 1.0, or the data is not an object (`NoObjectError`).
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
    return fill_from_envelope(data, envelope.get)


def check_version(version: str) -> None:
    """Check the version of CloudEvents.

    Raises:
        EnvelopeError: If the version is not 1.0.
    """
    if version != VERSION:
        raise EnvelopeError(f"CloudEvents {version[:20]!r} is not supported, only {VERSION}")


def fill_from_envelope(data: bytes, attribute: Callable[[str], Raw | None]) -> bytes:
    """Return the data with the `ENVELOPE_FIELDS` that it lacks, as JSON.

    Args:
        data: a JSON object.
        attribute: returns an attribute of the envelope by its name, or None.

    Raises:
        NoObjectError: If the data is not a JSON object.
    """
    try:
        fields = decode_members(data)
    except (ValueError, RecursionError):
        raise NoObjectError("the data of the CloudEvent is not a JSON object") from None
    complete = True
    for name in ENVELOPE_FIELDS:
        if fields.get(name, _NULL) == _NULL and (content := attribute(name)) is not None:
            fields[name] = content
            complete = False
    return data if complete else msgspec.json.encode(fields)


def _text(envelope: Mapping[str, Raw], name: str) -> str:
    try:
        return msgspec.json.decode(envelope.get(name, _NULL), type=str)
    except ValueError:
        raise EnvelopeError(f"`{name}` of the CloudEvent is not a string") from None
