"""Decodes the value of a record to an event, or reports why it is invalid (docs/metrics.md, "Events").

There is one tagged union per kind of topic, so that a record costs one call of a compiled decoder. A
CloudEvent in JSON (structured mode) is recognised by its `specversion`. The event is its data.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, Union

import msgspec
from msgspec import Raw

from models.contract import cloudevents
from models.contract.events import EVENTS, KINDS, CustomerUpdated, Event, Kind, OrderLinePlaced, OrderPlaced
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_MINUTE, horizon_start

#: Largest size of a value, bytes: the default limit of Kafka's brokers for a batch. No event of a shop comes
#: near it.
MAX_BYTES: Final = 1024 * 1024

#: How far the clock of a producer may be ahead of the worker's, microseconds.
FUTURE_TOLERANCE_US: Final = 5 * US_PER_MINUTE

#: The first instant of 1990, microseconds. Earlier times are placeholders, such as 0001-01-01, 1900-01-01 or
#: 1970-01-01: no shop has records of its orders from then.
FIRST_TIME_US: Final = 631_152_000_000_000

Reason = Literal[
    "not_json", "unknown_type", "invalid_field", "unknown_currency", "too_large", "future_time", "too_old"
]


#: msgspec's messages contain no values but those of enumerations, which may be any text of a producer.
_LONG_VALUE: Final = re.compile(r"(Invalid enum value (?:'|\").{24}).+('|\")", re.DOTALL)


class EventError(ValueError):
    """A record is invalid. It becomes a dead letter.

    Attributes:
        reason: one of the seven reasons in docs/metrics.md.
        message: description of the error, for the developer of the producer; a value in it is shortened.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        message = _LONG_VALUE.sub(r"\1…\2", message)
        super().__init__(f"{reason}: {message}")
        self.reason: Reason = reason
        self.message = message


_DECODERS: Final[dict[Kind, msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(Union[event_types])  # noqa: UP007 - the types are in a tuple
    for kind, event_types in EVENTS.items()
}
_NULL: Final = Raw(b"null")
_TIME_HINT: Final = (
    "a time has an offset, such as 2026-01-31T12:00:00Z; a mapping reads other forms (`time`, `zone`)"
)
_AMOUNT_HINT: Final = (
    "an amount is a whole number of minor units (cents); a mapping reads other forms (`money`, `decimal`)"
)


def decode(kind: Kind, value: bytes | None) -> Event:
    """Return the event in the value of a record.

    Args:
        kind: kind of the record's topic.
        value: value of the record.

    Raises:
        EventError: `too_large`, `not_json`, `unknown_type` or `invalid_field`. No bytes raise anything else.

    Example:
        >>> value = b'{"type": "stock.missed", "id": "1", "time": "2026-01-01T00:00:00Z",'
        >>> decode("orders", value + b' "customer_id": "ada", "sku": "boots"}').customer_id
        'ada'
    """
    if not value:
        raise EventError("not_json", "the value is empty")
    if len(value) > MAX_BYTES:
        raise EventError("too_large", f"{len(value)} bytes are more than {MAX_BYTES}")
    try:
        event: Event = _DECODERS[kind].decode(value)
    except msgspec.ValidationError as error:
        return _decode_leniently(kind, value, str(error))
    except (ValueError, RecursionError) as error:
        raise EventError("not_json", str(error)) from None
    return event


def _decode_leniently(kind: Kind, value: bytes, message: str, *, unwrapped: bool = False) -> Event:
    """Decode a value without its nulls and its envelope, or raise the reason why it is invalid."""
    try:
        fields = cloudevents.decode_members(value)
    except msgspec.ValidationError:  # not an object
        raise EventError("not_json", message) from None
    except (ValueError, RecursionError) as error:
        raise EventError("not_json", str(error)) from None
    if not unwrapped and cloudevents.is_envelope(fields):
        return _decode_data(kind, fields)
    _check_type(kind, fields.get("type", _NULL))
    given = {name: content for name, content in fields.items() if content != _NULL}
    if len(given) == len(fields):
        raise EventError("invalid_field", _with_hint(message))
    try:
        event: Event = _DECODERS[kind].decode(msgspec.json.encode(given))
    except msgspec.ValidationError:
        raise EventError("invalid_field", _with_hint(message)) from None
    except (ValueError, RecursionError) as error:
        raise EventError("not_json", str(error)) from None
    return event


def _with_hint(message: str) -> str:
    """Add to the message of an invalid time or amount how the contract writes one, and what reads others."""
    if "RFC3339" in message or "Expected `datetime`" in message:
        return f"{message}; {_TIME_HINT}"
    is_amount = message.startswith("Expected `int`, got") and message.endswith("amount`")
    return f"{message}; {_AMOUNT_HINT}" if is_amount else message


def _decode_data(kind: Kind, envelope: Mapping[str, Raw]) -> Event:
    try:
        value = cloudevents.unwrap(envelope)
        event: Event = _DECODERS[kind].decode(value)
    except cloudevents.EnvelopeError as error:
        raise envelope_error(error) from None
    except msgspec.ValidationError as error:
        return _decode_leniently(kind, value, str(error), unwrapped=True)
    except (ValueError, RecursionError) as error:
        raise EventError("not_json", str(error)) from None
    return event


def envelope_error(error: cloudevents.EnvelopeError) -> EventError:
    """Return the error of a record whose envelope is invalid."""
    no_object = isinstance(error, cloudevents.NoObjectError)
    return EventError("not_json" if no_object else "invalid_field", str(error))


def _check_type(kind: Kind, content: Raw) -> None:
    if content == _NULL:
        raise EventError("unknown_type", "the field `type` is missing")
    try:
        name = msgspec.json.decode(content, type=str)
    except ValueError:
        raise EventError("unknown_type", "the field `type` is not a string") from None
    if name not in KINDS:
        raise EventError("unknown_type", f"{name[:100]!r} is not a type of event")
    if KINDS[name] != kind:
        raise EventError("unknown_type", f"{name} belongs on {KINDS[name]}, not on {kind}")


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(time: datetime) -> int:
    """Return an aware datetime as microseconds since the epoch, exactly."""
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def promise_us(promised_at: datetime) -> int:
    """Return a promised time in microseconds.

    Raises:
        EventError: `invalid_field`: the time is before 1990, and everything would be late.
    """
    promised = to_us(promised_at)
    if promised < FIRST_TIME_US:
        raise EventError("invalid_field", "`promised_at` is before 1990: without a promise, leave it out")
    return promised


def is_too_old(event_type: type[Event], time_us: int, since: int, *, keep_first_order: bool) -> bool:
    """Return whether an event is too old, and nothing of it is kept.

    Args:
        event_type: class of the event.
        time_us: event time, microseconds.
        since: begin of the horizon, microseconds.
        keep_first_order: whether the first order of a customer is kept beyond the horizon.
    """
    if not event_type.expires or event_type is CustomerUpdated or time_us >= max(since, FIRST_TIME_US):
        return False
    is_kept = keep_first_order and event_type in (OrderPlaced, OrderLinePlaced)
    return time_us < FIRST_TIME_US or not is_kept


def check_time(
    event_type: type[Event], time_us: int, *, wall_us: int, now_us: int, definitions: Definitions
) -> None:
    """Check that an event is neither in the future nor older than the horizon.

    Merges, erasures and updates of customers are never too old. Neither are placed orders and their lines if
    customers' first orders are kept (`Definitions.keep_first_order`), unless their time is before 1990.

    Args:
        event_type: class of the event.
        time_us: event time, microseconds.
        wall_us: wall clock, in any clock mode, microseconds.
        now_us: clock of the metrics, from which the horizon counts, microseconds.
        definitions: definitions with the horizon.

    Raises:
        EventError: `future_time` or `too_old`.
    """
    if time_us > wall_us + FUTURE_TOLERANCE_US:
        raise EventError("future_time", "`time` is more than 5 minutes ahead of the wall clock")
    since = horizon_start(now_us, definitions.horizon_days)
    if not is_too_old(event_type, time_us, since, keep_first_order=definitions.keep_first_order):
        return
    if time_us < FIRST_TIME_US:
        raise EventError("too_old", "`time` is before 1990: a placeholder such as 0001-01-01 is no time")
    raise EventError("too_old", f"`time` is beyond the horizon of {definitions.horizon_days} days")
