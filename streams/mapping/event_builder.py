"""One type of event, made of a record.

Most fields are text that stands in a record as it is wanted. A maker hopes for that: all of them are read by
one call of C, and validation is asked at once. What is otherwise (an id that is a number, a part that is
not there) is read field by field; where that is the rule, it is no longer hoped.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.contract.decoding import EventError
from models.contract.events import Event
from streams.mapping import conversions, event_types
from streams.mapping.conversions import ConversionError
from streams.mapping.expressions import Get, Source
from streams.mapping.value_definition import Value
from streams.mapping.values import compile_value, raw_value

_LONGEST_ID: Final = 128
#: So many more records may be otherwise than as hoped before hoping ends.
_PATIENCE: Final = 1000
_AT: Final = re.compile(r"(.*) - at `\$\.([a-z_]+)(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `([a-z_]+)`")
#: What these are given as text they give back.
_OF_TEXT: Final = (conversions.text, conversions.instant)


class MappingResult(Struct):
    """What became of one record.

    Attributes:
        events: that count.
        errors: why others do not.
        anonymous: an event was left out because nothing says whose it is.
        skipped: the name of the condition under which it counts for nothing.
    """

    events: list[Event]
    errors: list[EventError]
    anonymous: bool = False
    skipped: str | None = None


#: Adds events for a record; raises `EventError`.
Make = Callable[[Any, MappingResult], None]
_Compose = Callable[[Mapping[str, Any]], str]


def maker(mapping: str, name: str, fields: Mapping[str, Value], source: Source) -> Make:
    """Make what builds one type of event.

    Args:
        mapping: its name, for messages.
        name: the type.
        fields: how each is mapped; those that the type does not have are left out.
        source: how records are held.
    """
    values = {field: value for field, value in fields.items() if field in event_types.FIELDS[name]}
    getters = {field: _getter(name, field, value, source) for field, value in values.items()}
    attributes = {
        field: attribute
        for field, value in values.items()
        if (attribute := _attribute(name, field, value, source)) is not None
    }
    compose = None if "id" in values else _compose(name)
    make = _careful(_ErrorLocator(mapping, name, values, getters, source), getters, name, compose)
    if len(attributes) > 1:
        others = [(field, get) for field, get in getters.items() if field not in attributes]
        make = _hopeful(attributes, others, name, compose, make)
    return make


def _getter(name: str, field: str, value: Value, source: Source) -> Get:
    finish = event_types.conversion(name, field)
    return compile_value(value, source, finish, is_time=event_types.is_time(name, field))


def _attribute(name: str, field: str, value: Value, source: Source) -> str | None:
    """Give where a field's text stands, if it is wanted as it stands there."""
    bare = Value(setting=value.setting, path=value.path)
    if value != bare or value.path is None or value.path.path is None:
        return None
    if event_types.conversion(name, field) not in _OF_TEXT or event_types.has_default(name, field):
        return None
    return source.attribute(value.path.path)


def _compose(name: str) -> _Compose:
    parts = event_types.ONCE[name]
    return lambda fields: composed(name, [str(fields[part]) for part in parts])


def composed(name: str, parts: Sequence[str]) -> str:
    """Make an id of a type and of what it is about; a digest where that would be too long."""
    text = ":".join([name, *parts])
    return text if len(text) <= _LONGEST_ID else hashlib.sha256(text.encode()).hexdigest()


def _hopeful(
    attributes: Mapping[str, str],
    others: Sequence[tuple[str, Get]],
    name: str,
    compose: _Compose | None,
    careful: Make,
) -> Make:
    names, read = tuple(attributes), attrgetter(*attributes.values())
    event_class, convert = event_types.class_of(name), msgspec.convert
    hoped = otherwise = 0

    def hopeful(record: Any, outcome: MappingResult) -> None:  # noqa: ANN401 - a struct
        nonlocal hoped, otherwise
        if otherwise <= hoped + _PATIENCE:
            try:
                values = read(record)
                if "" not in values:  # which is nothing
                    fields = dict(zip(names, values, strict=True))
                    for field, get in others:
                        if (value := get(record)) is not None:
                            fields[field] = value
                    if compose is not None:
                        fields["id"] = compose(fields)
                    outcome.events.append(convert(fields, event_class))
                    hoped += 1
                    return
            except (AttributeError, KeyError, ConversionError, msgspec.ValidationError):
                pass
            otherwise += 1
        careful(record, outcome)

    return hopeful


def _careful(
    explain: "_ErrorLocator", getters: Mapping[str, Get], name: str, compose: _Compose | None
) -> Make:
    pairs, event_class, convert = list(getters.items()), event_types.class_of(name), msgspec.convert

    def careful(record: Any, outcome: MappingResult) -> None:  # noqa: ANN401 - JSON
        try:
            fields = {field: value for field, get in pairs if (value := get(record)) is not None}
            if "customer_id" not in fields:
                outcome.anonymous = True
                return
            if compose is not None:
                fields["id"] = compose(fields)
            outcome.events.append(convert(fields, event_class))
        except (KeyError, ConversionError, msgspec.ValidationError) as error:
            raise explain(record, error) from None

    return careful


class _ErrorLocator:
    """Says which field was wrong, where it comes from and the kind of what stood there."""

    def __init__(
        self,
        mapping: str,
        name: str,
        values: Mapping[str, Value],
        getters: Mapping[str, Get],
        source: Source,
    ) -> None:
        self._where = f"mapping {mapping}, {name}"
        self._values = values
        self._getters = getters
        self._raw = {field: raw_value(value, source) for field, value in values.items()}

    def __call__(self, record: Any, error: Exception) -> EventError:  # noqa: ANN401 - JSON
        field, problem = self._located(record, error)
        where = f"{self._where}, `{field}`"
        if field in self._values:
            found = conversions.kind(self._raw[field](record))
            where += f" from {self._values[field].described} ({found})"
        return EventError("invalid_field", f"{where}: {problem}")

    def _located(self, record: Any, error: Exception) -> tuple[str, str]:  # noqa: ANN401 - JSON
        """Give the field that is wrong, and what is wrong with it."""
        if isinstance(error, ConversionError):
            for field, get in self._getters.items():
                try:
                    get(record)
                except ConversionError as found:
                    return field, str(found)
        if isinstance(error, KeyError):  # what the id is composed of
            return str(error.args[0]), "nothing is there"
        message = str(error)
        if missing := _MISSING.match(message):
            return missing[1], "nothing is there"
        if at := _AT.fullmatch(message):
            return at[2] + at[3], at[1]
        return "", message
