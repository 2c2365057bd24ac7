"""CloudEvents in Kafka records: read in both modes, written in binary mode (docs/topics.md, "CloudEvents").

In binary mode, the attributes are headers (`ce_id`) and the value is the data. In structured mode, the value is
the complete event, as JSON. `models.contract.events` detects structured events by their `specversion` too,
without a header.
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
    """A record as it was read, or a dead letter."""

    @property
    def value(self) -> bytes | None:
        """As it was."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """As they were, of any name, twice perhaps."""


def unwrap(record: Record) -> bytes | None:
    """Give the event that a record's value is or holds, for `models.contract.decoding.decode`.

    A record without headers, the common case, is as it was: callers may spare themselves the call.

    Raises:
        EventError: `invalid_field` or `not_json`: the record is a CloudEvent that cannot be read.
    """
    value = record.value
    # What is empty or too large is for the decoder to refuse.
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
    """Give what follows `application/cloudevents`, such as `+json`; None: it is another media type."""
    media_type = content_type.decode(errors="replace").partition(";")[0].strip().lower()
    return media_type.removeprefix(_STRUCTURED) if media_type.startswith(_STRUCTURED) else None


def _structured(value: bytes, form: str) -> bytes:
    if form not in {"", "+json"}:
        raise EventError("not_json", f"{_STRUCTURED}{form[:40]} is not read, only +json")
    try:
        fields = cloudevents.decode_members(value)
    except (ValueError, RecursionError):
        return value  # the decoder says why it is refused
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
    """Give the headers of an output, whose value is its data.

    Args:
        id: deterministic: the same output, made again, has the same.
        type: what it is; names its schema too.
        source: who says it.
        time: when it happened, microseconds since the epoch.
        subject: whom or what it is about.
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


@lru_cache(maxsize=4096)  # a transaction's outputs have few times between them
def _time(time: int) -> bytes:
    return rfc3339(time).encode()


def schema_id(event_type: str, version: int = 1) -> str:
    """Give the URI of a type's schema: `$id` in `schemas/`, `dataschema` in an output."""
    return f"urn:retention:v{version}:{event_type}"


def rfc3339(time: int) -> str:
    """Write microseconds since the epoch as RFC 3339 in UTC, with no more digits than there is need."""
    return (_EPOCH + timedelta(microseconds=time)).isoformat().replace("+00:00", "Z")
