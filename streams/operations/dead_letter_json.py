"""Write dead letters as JSON lines that can be edited, and read them back.

Keys, values and headers are bytes. A value that is a JSON object stays an object; other bytes become text if
they are UTF-8, and otherwise `{"base64": "…"}`.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.config.load import Settings
from streams.errors import RetentionError
from streams.operations.dead_letters import DeadLetter

_BASE64: Final = "base64"
_DEFAULTS: Final[Mapping[str, object]] = {
    "reason": "",
    "message": "",
    "topic": "",
    "partition": -1,
    "offset": -1,
    "timestamp": 0,
}


def to_json(dead_letter: DeadLetter) -> dict[str, Any]:
    """Return the JSON object of a dead letter."""
    return {
        "reason": dead_letter.reason,
        "message": dead_letter.message,
        "topic": dead_letter.topic,
        "partition": dead_letter.partition,
        "offset": dead_letter.offset,
        "timestamp": dead_letter.timestamp,
        "key": _text(dead_letter.key),
        "value": readable(dead_letter.value),
        "headers": [[name, _text(value)] for name, value in dead_letter.headers],
        "put_back": dead_letter.redriven,
    }


def readable(value: bytes | None) -> object:
    """Return a value as JSON can hold it: an object as it is, otherwise text or `{"base64": "…"}`."""
    try:
        content = msgspec.json.decode(value or b"")
    except (ValueError, RecursionError):
        return _text(value)
    # An object with this one field would be read back as bytes.
    return content if isinstance(content, dict) and set(content) != {_BASE64} else _text(value)


def _text(content: bytes | None) -> object:
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {_BASE64: base64.b64encode(content).decode()}


def of_json(line: bytes, settings: Settings) -> DeadLetter:
    """Return the dead letter of a JSON line, which may have been edited.

    Raises:
        ValueError: the line is invalid, or its topic is not an input.
        RecursionError: the line is nested too deeply.
    """
    fields = msgspec.json.decode(line, type=dict[str, Any])
    plain = {name: fields.get(name, default) for name, default in _DEFAULTS.items()}
    if "value" not in fields:
        raise ValueError("the field `value` is missing")
    headers = msgspec.convert(fields.get("headers", []), list[tuple[str, Any]])
    dead_letter = msgspec.convert(
        {
            **plain,
            "key": _bytes(fields.get("key")),
            "value": _bytes(fields["value"]),
            "headers": [(name, _bytes(value)) for name, value in headers],
        },
        DeadLetter,
    )
    if settings.inputs.find(dead_letter.topic) is None:
        inputs = ", ".join(settings.inputs.named())
        raise ValueError(f"the field `topic` is {dead_letter.topic!r}, not one of {inputs}")
    return dead_letter


def read_file(path: Path, settings: Settings) -> list[DeadLetter]:
    """Return the dead letters of a file of JSON lines. Blank lines are skipped.

    Raises:
        RetentionError: a line is invalid, or its topic is not an input.
    """
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            try:
                found.append(of_json(line, settings))
            except (ValueError, RecursionError) as error:
                raise RetentionError(f"{path}:{number}: {error}", "nothing was sent") from None
    return found


def _bytes(content: object) -> bytes | None:
    """Return the bytes of which `_text` or `readable` made this content."""
    if content is None:
        return None
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, dict) and set(content) == {_BASE64}:
        return base64.b64decode(str(content[_BASE64]), validate=True)
    return msgspec.json.encode(content)
