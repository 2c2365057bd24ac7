"""From a record's bytes to a row: formats, the schema registry's framing, and envelopes around rows.

A record without a row (a tombstone, a truncated table) is neither an error nor an event.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models.contract.decoding import EventError
from streams.mapping import json_text
from streams.mapping.definition import Definition, Envelope
from streams.mapping.record_access import Shape

#: First byte of a value whose schema is in a registry; the four bytes of the schema's id follow.
MAGIC: Final = 0
PREFIX_BYTES: Final = 5

_OPERATIONS: Final = {"c": "create", "u": "update", "d": "delete", "r": "read"}
#: Debezium's operations without a row.
_WITHOUT_ROW: Final = frozenset({"t", "m"})
#: Fields of a Debezium envelope that are shown to people.
_SHOWN: Final = ("op", "before", "after", "ts_ms", "source")
_KAFKA: Final = ("_key", "_headers", "_topic", "_timestamp")

#: A row, and what happened to it (create, update, delete, read); None where the envelope does not name it.
Opened = tuple[Any, str | None]
Decode = Callable[[bytes], Any]
Open = Callable[[Any], Opened | None]


class Record(Protocol):
    """The Kafka metadata of a value."""

    @property
    def topic(self) -> str:
        """Topic of the record."""

    @property
    def key(self) -> bytes | None:
        """Key of the record."""

    @property
    def timestamp(self) -> int:
        """Timestamp of the record, milliseconds since the epoch."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Headers of the record."""


class RecordMetadata(NamedTuple):
    """The Kafka metadata of a value, for records that do not carry their topic."""

    topic: str
    key: bytes | None
    timestamp: int
    headers: Sequence[tuple[str, bytes | None]]


def decoding_error(error: Exception) -> EventError:
    """Return the error of a value that could not be decoded.

    The reason is `invalid_field` if only a part of the value is invalid, else `not_json` for every format.
    """
    if isinstance(error, EventError):
        return error
    part = isinstance(error, msgspec.ValidationError) and "`$." in str(error)
    return EventError("invalid_field" if part else "not_json", str(error))


# JSON as structs of the mapped fields.


def shaped(definition: Definition, shape: Shape) -> tuple[Decode, Open]:
    """Return the decoder of JSON into a shape, and the function that takes a row out of its envelope."""
    row = shape.row
    if definition.envelope == "none":
        return msgspec.json.Decoder(row).decode, _bare
    if definition.envelope == "connect":
        payload = [("payload", row | None | UnsetType, UNSET)]
        return msgspec.json.Decoder(msgspec.defstruct("Connect", payload)).decode, _open_connect
    change = msgspec.defstruct(
        "Change",
        [
            ("before", row | None, None),
            ("after", row | None, None),
            ("op", str | None, None),
            ("source", dict[str, Any] | None, None),
            ("ts_ms", int | None, None),
        ],
    )
    fields = [("payload", change | None | UnsetType, UNSET), ("schema", Raw | UnsetType, UNSET)]
    outer = msgspec.defstruct("Debezium", fields, bases=(change,), kw_only=True)
    return msgspec.json.Decoder(outer).decode, lambda found: _open_change(found, row)


def _open_connect(found: Any) -> Opened | None:  # noqa: ANN401 - a struct
    if found.payload is UNSET:
        raise EventError("invalid_field", "not a Connect envelope: `payload` is missing")
    return None if found.payload is None else (found.payload, None)


def _open_change(found: Any, row: Callable[[], Any]) -> Opened | None:  # noqa: ANN401 - a struct
    change = found if found.payload is UNSET else found.payload
    if change is None or change.op in _WITHOUT_ROW:
        return None
    operation = _operation(change.op)
    present = change.before if operation == "delete" else change.after
    if present is None:  # delete from a table whose replica identity is its key
        present = row()
    present._before = change.before  # noqa: SLF001 - fields of the struct, as are the next
    present._op = operation  # noqa: SLF001
    present._source = change.source  # noqa: SLF001
    present._ts_ms = change.ts_ms  # noqa: SLF001
    return present, operation


def _operation(code: object) -> str:
    if code is None:
        raise EventError("invalid_field", "not a Debezium envelope: `op` is missing")
    if code not in _OPERATIONS:
        raise EventError("invalid_field", f"Debezium's `op` {str(code)[:10]!r} is unknown")
    return _OPERATIONS[str(code)]


# Dictionaries: JSON that needs JMESPath's interpreter, Avro, Protobuf, rows of files.

decode_json: Final = msgspec.json.Decoder(dict[str, Any]).decode


def opener(envelope: Envelope) -> Open:
    """Return the function that takes a row out of its envelope."""
    return {"none": _bare, "connect": _connect, "debezium": _debezium}[envelope]


def _bare(found: Any) -> Opened:  # noqa: ANN401 - a dictionary or a struct
    return found, None


def _connect(found: dict[str, Any]) -> Opened | None:
    if "payload" not in found:
        raise EventError("invalid_field", "not a Connect envelope: `payload` is missing")
    payload = found["payload"]
    return None if payload is None else (_row(payload), None)


def _debezium(found: dict[str, Any]) -> Opened | None:
    change = _change(found)
    if change is None:
        return None
    change = _row(change)
    if change.get("op") in _WITHOUT_ROW:
        return None
    operation = _operation(change.get("op"))
    before = change.get("before")
    row = dict(_row(before if operation == "delete" else change.get("after")))
    row |= {
        "_before": None if before is None else _row(before),
        "_op": operation,
        "_source": change.get("source"),
        "_ts_ms": change.get("ts_ms"),
    }
    return row, operation


def _change(found: dict[str, Any]) -> object:
    return found.get("payload") if "payload" in found and "op" not in found else found


def shown(envelope: Envelope, found: dict[str, Any], *, source: bool) -> dict[str, Any]:
    """Return a decoded value for people: of an envelope, only the operation and its rows.

    Args:
        envelope: expected envelope; a value without it is returned without its schema.
        found: decoded value.
        source: whether to include Debezium's `source`, which has some fifteen fields of its own.
    """
    inner = _change(found) if envelope == "debezium" else found.get("payload", found)
    if envelope == "none" or not isinstance(inner, dict):
        return found
    if envelope == "debezium" and "op" in inner:
        wanted = [name for name in _SHOWN if source or name != "source"]
        return {name: inner[name] for name in wanted if inner.get(name) is not None}
    return {name: content for name, content in inner.items() if name != "schema"}


def _row(found: object) -> dict[str, Any]:
    if found is None:
        return {}
    if found.__class__ is str:  # the document of Debezium's MongoDB connector, the payload of an outbox
        found = json_text.parsed(str(found))
    if not isinstance(found, dict):
        raise EventError("invalid_field", "the envelope does not hold an object")
    return found


# Kafka metadata.


def metadata_setter(names: Collection[str]) -> Callable[[Any, Record], None] | None:
    """Return the function that adds a record's Kafka metadata to a decoded row.

    Args:
        names: reserved names that a mapping reads, such as `_topic`.

    Returns:
        the function; None if no name is Kafka metadata.
    """
    wanted = [name for name in _KAFKA if name in names]
    if not wanted:
        return None

    def set_metadata(row: Any, record: Record) -> None:  # noqa: ANN401 - JSON
        for name in wanted:
            found = _READ[name](record)
            if isinstance(row, dict):
                row[name] = found
            else:
                setattr(row, name, found)

    return set_metadata


def _key(record: Record) -> object:
    if record.key is None:
        return None
    try:
        return msgspec.json.decode(record.key)
    except (ValueError, RecursionError):
        return record.key.decode(errors="replace")


def _headers(record: Record) -> Mapping[str, str]:
    return {name: value.decode(errors="replace") for name, value in record.headers if value}


_READ: Final[Mapping[str, Callable[[Record], Any]]] = {
    "_key": _key,
    "_headers": _headers,
    "_topic": lambda record: record.topic,
    "_timestamp": lambda record: record.timestamp,
}
