"""Builds one type of event from a record.

Most fields are text that a record holds as the event needs it. The fast path relies on that: it reads all
fields by one call of C, then validates. A record that differs (an id that is a number, a missing part) is
read field by field on the slow path. Where most records differ, the fast path is disabled.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.contract.decoding import EventError
from models.contract.events import Event
from streams.mapping import conversions, event_types, expressions, times
from streams.mapping.conversions import ZERO_FRACTIONS, ConversionError
from streams.mapping.expressions import Get, Source
from streams.mapping.placeholders import UnavailablePlaces, unavailable_in
from streams.mapping.value_definition import Value
from streams.mapping.value_hints import hint_for
from streams.mapping.values import compile_value, raw_value

_LONGEST_ID: Final = 128
#: The fast path is disabled once its misses exceed its hits by this many records.
_MAX_EXCESS_MISSES: Final = 1000
#: Errors of one record that name field and origin. That takes 300 us, and a list can have thousands.
_MOST_LOCATED: Final = 10
_AT: Final = re.compile(r"(.*) - at `\$\.([a-z_]+)(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `([a-z_]+)`")
#: Conversions that return text unchanged.
_IDENTITIES_OF_TEXT: Final = (conversions.text, conversions.identity, times.instant)


class MappingResult(Struct):
    """What one record becomes.

    Attributes:
        events: valid events, in the order of the rules.
        errors: reasons why further events are invalid.
        anonymous: whether an event was left out because the record names no customer.
        skipped: name of the condition of `skip` or `otherwise` that leaves the record out, or None.
        unchanged: whether an event was left out because a field that it needs did not change
            (`streams.mapping.placeholders`).
    """

    events: list[Event]
    errors: list[EventError]
    anonymous: bool = False
    skipped: str | None = None
    unchanged: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing comes of the record, and no reason is known."""
        return not (self.events or self.errors or self.anonymous or self.unchanged or self.skipped)


#: Adds a record's events to a result; raises `EventError` for an invalid one.
Build = Callable[[Any, MappingResult], None]
_ComposeId = Callable[[Mapping[str, Any]], str]
#: Completes the fields of an event whose other fields are unavailable; False if there is no event.
_Complete = Callable[[dict[str, Any], UnavailablePlaces], bool]


def event_builder(mapping: str, event_type: str, fields: Mapping[str, Value], source: Source) -> Build:
    """Return the builder of one type of event.

    Args:
        mapping: name of the mapping, for messages.
        event_type: type of the event, such as `order.placed`.
        fields: event field -> mapped value; fields that the type does not have are ignored.
        source: how records are held.
    """
    values = {field: value for field, value in fields.items() if field in event_types.FIELDS[event_type]}
    getters = {field: _getter(event_type, field, value, source) for field, value in values.items()}
    attributes = {
        field: attribute
        for field, value in values.items()
        if (attribute := _attribute(event_type, field, value, source)) is not None
    }
    compose_id = None if "id" in values else _id_composer(event_type)
    locator = _ErrorLocator(mapping, event_type, values, getters, source)
    build = _slow_path(locator, getters, event_type, compose_id, _completion(event_type, values))
    if len(attributes) > 1:
        others = [(field, get) for field, get in getters.items() if field not in attributes]
        build = _fast_path(attributes, others, event_type, compose_id, build)
    return build


def _getter(event_type: str, field: str, value: Value, source: Source) -> Get:
    finish = event_types.conversion(event_type, field)
    return compile_value(value, source, finish, is_time=event_types.is_time(event_type, field))


def _attribute(event_type: str, field: str, value: Value, source: Source) -> str | None:
    """Return the attribute that holds a field's text unchanged; None if the value needs a getter."""
    bare = Value(setting=value.setting, path=value.path)
    if value != bare or value.path is None or value.path.path is None:
        return None
    if event_types.conversion(event_type, field) not in _IDENTITIES_OF_TEXT:
        return None
    if event_types.has_default(event_type, field):
        return None
    return source.attribute(value.path.path)


def _id_composer(event_type: str) -> _ComposeId:
    parts = event_types.ONCE[event_type]
    return lambda fields: composed_id(event_type, [str(fields[part]) for part in parts])


def composed_id(event_type: str, parts: Sequence[str]) -> str:
    """Return an event id composed of its type and of the ids of its subject; a digest if it is too long."""
    text = ":".join([event_type, *parts])
    return text if len(text) <= _LONGEST_ID else hashlib.sha256(text.encode()).hexdigest()


def _fast_path(
    attributes: Mapping[str, str],
    others: Sequence[tuple[str, Get]],
    event_type: str,
    compose_id: _ComposeId | None,
    slow_path: Build,
) -> Build:
    names, read = tuple(attributes), attrgetter(*attributes.values())
    event_class, convert = event_types.class_of(event_type), msgspec.convert
    has_float_id = _float_id_test(
        [place for place, name in enumerate(names) if event_types.is_identity(name)]
    )
    hits = misses = 0

    def fast_path(record: Any, result: MappingResult) -> None:  # noqa: ANN401 - a struct
        nonlocal hits, misses
        if misses <= hits + _MAX_EXCESS_MISSES:
            try:
                values = read(record)
                # Empty text counts as absent, and an id that was a float is converted.
                if "" not in values and not has_float_id(values):
                    fields = dict(zip(names, values, strict=True))
                    for field, get in others:
                        if (value := get(record)) is not None:
                            fields[field] = value
                    if compose_id is not None:
                        fields["id"] = compose_id(fields)
                    result.events.append(convert(fields, event_class))
                    hits += 1
                    return
            except (AttributeError, KeyError, TypeError, ConversionError, msgspec.ValidationError):
                pass
            misses += 1
        slow_path(record, result)

    return fast_path


def _float_id_test(places: Iterable[int]) -> Callable[[Sequence[str]], bool]:
    """Return the test whether one of the values at these places is a whole number written as a float."""
    places = tuple(places)

    def has_float_id(values: Sequence[str]) -> bool:
        for place in places:  # noqa: SIM110 - a generator takes twice as long
            if values[place][-1:] == "0" and values[place].endswith(ZERO_FRACTIONS):
                return True
        return False

    return has_float_id


def _completion(event_type: str, values: Mapping[str, Value]) -> _Complete:
    """Return the function that completes the fields of a record with placeholders.

    An event without a field that it needs is none: the event that brought the value came before. A review
    without its text keeps the text that it had.
    """
    required = event_types.REQUIRED[event_type]
    paths = {
        field: [path for one in value.expressions() for path in expressions.paths(one)]
        for field, value in values.items()
    }

    def complete(fields: dict[str, Any], unavailable: UnavailablePlaces) -> bool:
        lost = [
            field
            for field, read in paths.items()
            if field not in fields and any(map(unavailable.touch, read))
        ]
        if event_type == "review.submitted" and ("text" in lost or "sentiment" in lost):
            fields["text_unchanged"] = True
        return not any(field in required for field in lost)

    return complete


def _slow_path(
    locate_error: "_ErrorLocator",
    getters: Mapping[str, Get],
    event_type: str,
    compose_id: _ComposeId | None,
    complete: _Complete,
) -> Build:
    pairs, event_class, convert = list(getters.items()), event_types.class_of(event_type), msgspec.convert

    def slow_path(record: Any, result: MappingResult) -> None:  # noqa: ANN401 - JSON
        try:
            fields = {field: value for field, get in pairs if (value := get(record)) is not None}
            if "customer_id" not in fields:
                result.anonymous = True
                return
            if (unavailable := unavailable_in(record)) and not complete(fields, unavailable):
                result.unchanged = True
                return
            if compose_id is not None:
                fields["id"] = compose_id(fields)
            result.events.append(convert(fields, event_class))
        except (KeyError, ConversionError, msgspec.ValidationError) as error:
            if len(result.errors) >= _MOST_LOCATED:
                raise EventError("invalid_field", "is invalid like others of its record") from None
            raise locate_error(record, error) from None

    return slow_path


class _ErrorLocator:
    """Names the invalid field of an event, its origin in the record, and the kind of value found there."""

    def __init__(
        self,
        mapping: str,
        event_type: str,
        values: Mapping[str, Value],
        getters: Mapping[str, Get],
        source: Source,
    ) -> None:
        self._where = f"mapping {mapping}, {event_type}"
        self._event_type = event_type
        self._values = values
        self._getters = getters
        self._raw = {field: raw_value(value, source) for field, value in values.items()}

    def __call__(self, record: Any, error: Exception) -> EventError:  # noqa: ANN401 - JSON
        field, problem = self._located(record, error)
        where = f"{self._where}, `{field}`"
        if field in self._values:
            raw = self._raw[field](record)
            where += f" from {self._values[field].described} ({conversions.kind(raw)})"
            is_time = event_types.is_time(self._event_type, field)
            if hint := hint_for(field, self._values[field], raw, is_time=is_time):
                problem = f"{problem}; {hint}"
        return EventError("invalid_field", f"{where}: {problem}")

    def _located(self, record: Any, error: Exception) -> tuple[str, str]:  # noqa: ANN401 - JSON
        """Return the invalid field, and the problem."""
        if isinstance(error, ConversionError):
            for field, get in self._getters.items():
                try:
                    get(record)
                except ConversionError as found:
                    return field, str(found)
        if isinstance(error, KeyError):  # a part of a composed id
            return str(error.args[0]), "nothing is there"
        message = str(error)
        if missing := _MISSING.match(message):
            return missing[1], "nothing is there"
        if at := _AT.fullmatch(message):
            return at[2] + at[3], at[1]
        return "", message
