"""Records become events, or what is wrong with them is said (docs/metrics.md, "Events").

One tagged union a topic, so that a record costs one call of a compiled decoder. A CloudEvent in JSON
(structured mode) is known by its `specversion`; the event is its data.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, Union

import msgspec
from msgspec import Raw

from models.contract import cloudevents
from models.contract.events import EVENTS, KINDS, Event, Kind
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_MINUTE, horizon_start

#: What Kafka's brokers accept in a batch unless told otherwise, so every larger record is somebody's
#: decision. No event of a shop comes near it.
MAX_BYTES: Final = 1024 * 1024

#: Producers' clocks may be ahead of ours by this much.
FUTURE_TOLERANCE_US: Final = 5 * US_PER_MINUTE

Reason = Literal[
    "not_json", "unknown_type", "invalid_field", "unknown_currency", "too_large", "future_time", "too_old"
]


class EventError(ValueError):
    """A record that cannot be counted; it belongs in the dead letters.

    Attributes:
        reason: one of the seven of docs/metrics.md.
        message: what is wrong, for the producer's developer.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason: Reason = reason
        self.message = message


_DECODERS: Final[dict[Kind, msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(Union[event_types])  # noqa: UP007 - made of a tuple
    for kind, event_types in EVENTS.items()
}
_NULL: Final = Raw(b"null")


def decode(kind: Kind, value: bytes | None) -> Event:
    """Read a record's value.

    Args:
        kind: the topic kind the record was on.
        value: its value, as it was.

    Raises:
        EventError: `too_large`, `not_json`, `unknown_type` or `invalid_field`. Nothing else, whatever the
            bytes.
    """
    if not value:
        raise EventError("not_json", "the value is empty")
    if len(value) > MAX_BYTES:
        raise EventError("too_large", f"{len(value)} bytes are more than {MAX_BYTES}")
    try:
        event: Event = _DECODERS[kind].decode(value)
    except msgspec.ValidationError as error:
        return _decode_again(kind, value, str(error))
    except (ValueError, RecursionError) as error:
        raise EventError("not_json", str(error)) from None
    return event


def _decode_again(kind: Kind, value: bytes, message: str, *, opened: bool = False) -> Event:
    """Name the reason for which a value was refused, or find that only its nulls or an envelope did it."""
    try:
        fields = cloudevents.members(value)
    except msgspec.ValidationError:  # no object
        raise EventError("not_json", message) from None
    except (ValueError, RecursionError) as error:
        raise EventError("not_json", str(error)) from None
    if not opened and cloudevents.is_envelope(fields):
        return _decode_data(kind, fields)
    _check_type(kind, fields.get("type", _NULL))
    given = {name: content for name, content in fields.items() if content != _NULL}
    if len(given) == len(fields):
        raise EventError("invalid_field", message)
    try:
        event: Event = _DECODERS[kind].decode(msgspec.json.encode(given))
    except msgspec.ValidationError:
        raise EventError("invalid_field", message) from None
    except (ValueError, RecursionError) as error:
        raise EventError("not_json", str(error)) from None
    return event


def _decode_data(kind: Kind, envelope: Mapping[str, Raw]) -> Event:
    try:
        value = cloudevents.opened(envelope)
        event: Event = _DECODERS[kind].decode(value)
    except cloudevents.EnvelopeError as error:
        raise not_opened(error) from None
    except msgspec.ValidationError as error:
        return _decode_again(kind, value, str(error), opened=True)
    except (ValueError, RecursionError) as error:
        raise EventError("not_json", str(error)) from None
    return event


def not_opened(error: cloudevents.EnvelopeError) -> EventError:
    """Give the reason for which an envelope is refused."""
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
        raise EventError("unknown_type", f"{name[:100]!r} is no type of event")
    if KINDS[name] != kind:
        raise EventError("unknown_type", f"{name} belongs on {KINDS[name]}, not on {kind}")


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(time: datetime) -> int:
    """Give an aware datetime as microseconds since the epoch, exactly."""
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def check_time(
    time_us: int, *, wall_us: int, now_us: int, definitions: Definitions, expires: bool = True
) -> None:
    """Refuse an event that claims an impossible time, or one long forgotten.

    Args:
        time_us: when it happened.
        wall_us: the wall clock, whatever the clock mode.
        now_us: the clock, from which the horizon counts.
        definitions: for the horizon.
        expires: the `expires` of the event class; an event that never expires is never too old.

    Raises:
        EventError: `future_time` or `too_old`.
    """
    if time_us > wall_us + FUTURE_TOLERANCE_US:
        raise EventError("future_time", "`time` is more than 5 minutes ahead of the wall clock")
    if expires and time_us < horizon_start(now_us, definitions.horizon_days):
        raise EventError("too_old", f"`time` is beyond the horizon of {definitions.horizon_days} days")
