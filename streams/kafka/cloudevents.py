"""CloudEvents in Kafka records: read in both modes, written in binary mode (docs/topics.md, "CloudEvents").

In binary mode, the attributes are headers (`ce_id`) and the value is the data. In structured mode, the value
is the complete event, as JSON. `models.contract.events` detects structured events by their `specversion` too.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

import msgspec
from msgspec import Raw

from models.contract import cloudevents
from models.contract.decoding import MAX_BYTES, EventError, envelope_error
from streams.kafka.outbox import Headers

_STRUCTURED: Final = "application/cloudevents"
_PREFIX: Final = "ce_"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_encode: Final = msgspec.json.Encoder().encode


class Record(Protocol):
    """A consumed record, or a dead letter."""

    @property
    def value(self) -> bytes | None:
        """Value of the record, unchanged."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Headers of the record, unchanged; names may repeat."""


def unwrap(record: Record) -> bytes | None:
    """Return the event in a record, for `models.contract.decoding.decode`.

    The value of a record without headers, the common case, is the event: callers may skip the call.

    Raises:
        EventError: `invalid_field` or `not_json`: the record is an invalid CloudEvent.
    """
    value = record.value
    # The decoder rejects values that are empty or too large.
    if not record.headers or not value or len(value) > MAX_BYTES:
        return value
    given = dict(record.headers)
    try:
        content_type = given.get("content-type")
        if content_type is not None and (form := _form(content_type)) is not None:
            return _structured(value, form)
        if given.get("ce_specversion") is None:
            return value
        cloudevents.check_version(_text(given, "ce_specversion"))
        return cloudevents.fill_from_envelope(value, lambda name: _attribute(given, name))
    except cloudevents.EnvelopeError as error:
        raise envelope_error(error) from None


@lru_cache(maxsize=256)
def _form(content_type: bytes) -> str | None:
    """Return the suffix of `application/cloudevents`, such as `+json`; None for another media type."""
    media_type = content_type.decode(errors="replace").partition(";")[0].strip().lower()
    return media_type.removeprefix(_STRUCTURED) if media_type.startswith(_STRUCTURED) else None


def _structured(value: bytes, form: str) -> bytes:
    if form not in {"", "+json"}:
        raise EventError("not_json", f"{_STRUCTURED}{form[:40]} is not read, only +json")
    try:
        fields = cloudevents.decode_members(value)
    except (ValueError, RecursionError):
        return value  # the decoder reports the error
    return cloudevents.unwrap(fields) if cloudevents.is_envelope(fields) else value


def _attribute(given: Mapping[str, bytes | None], name: str) -> Raw | None:
    text = _text(given, _PREFIX + name)
    return Raw(_encode(text)) if text else None


def _text(given: Mapping[str, bytes | None], name: str) -> str:
    try:
        return (given.get(name) or b"").decode()
    except UnicodeDecodeError:
        raise cloudevents.EnvelopeError(f"the header {name} is not UTF-8") from None


def headers(id: str, type: str, source: str, time: int, subject: str) -> Headers:  # noqa: A002 - its names
    """Return the headers of an output in binary mode.

    Args:
        id: deterministic id: an output that is emitted again has the same.
        type: type of the event; names its schema too.
        source: URI of the emitting group.
        time: event time, microseconds since the epoch.
        subject: id of the customer or ticket.
    """
    return [
        *_constant(type, source),
        ("ce_id", id.encode()),
        ("ce_time", _time(time)),
        ("ce_subject", subject.encode()),
    ]


@lru_cache(maxsize=256)
def _constant(event_type: str, source: str) -> Headers:
    return [
        ("ce_specversion", cloudevents.VERSION.encode()),
        ("ce_type", event_type.encode()),
        ("ce_source", source.encode()),
        ("ce_dataschema", schema_id(event_type).encode()),
        ("content-type", b"application/json"),
    ]


@lru_cache(maxsize=4096)  # the outputs of a transaction have few distinct times
def _time(time: int) -> bytes:
    return rfc3339(time).encode()


def schema_id(event_type: str, version: int = 1) -> str:
    """Return the URI of a type's schema: `$id` in `schemas/`, `dataschema` in an output."""
    return f"urn:retention:v{version}:{event_type}"


def rfc3339(time: int) -> str:
    """Return microseconds since the epoch as RFC 3339 text in UTC, without trailing zeros."""
    return (_EPOCH + timedelta(microseconds=time)).isoformat().replace("+00:00", "Z")
