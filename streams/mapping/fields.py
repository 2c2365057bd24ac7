"""An event's fields, read of a record together.

Most fields are text that stands in the record as it is wanted: all of these are read by one call of C.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from streams.mapping import conversions, event_types
from streams.mapping.conversions import Convert
from streams.mapping.expressions import Get, Source
from streams.mapping.value_definition import Value
from streams.mapping.values import compile_value

#: What these are given as text they give back.
_OF_TEXT = (conversions.text, conversions.instant)


class Fields:
    """The fields of one type of event.

    Args:
        name: the type.
        values: field -> how it is mapped.
        source: how records are held.

    Attributes:
        getters: each field's own, which raises `ConversionError`.
        read: gives all that there are, and raises `ConversionError`.
    """

    def __init__(self, name: str, values: Mapping[str, Value], source: Source) -> None:
        self.getters = {field: _getter(name, field, value, source) for field, value in values.items()}
        attributes = {
            field: attribute
            for field, value in values.items()
            if (attribute := _attribute(name, field, value, source)) is not None
        }
        one_by_one = _one_by_one(self.getters)
        self.read: Callable[[Any], dict[str, Any]] = one_by_one
        if len(attributes) > 1:
            others = {field: get for field, get in self.getters.items() if field not in attributes}
            converts = {field: event_types.conversion(name, field) for field in attributes}
            self.read = _together(attributes, converts, _one_by_one(others), one_by_one)


def _one_by_one(getters: Mapping[str, Get]) -> Callable[[Any], dict[str, Any]]:
    pairs = list(getters.items())

    def read(record: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        return {field: value for field, get in pairs if (value := get(record)) is not None}

    return read


def _together(
    attributes: Mapping[str, str],
    converts: Mapping[str, Convert],
    others: Callable[[Any], dict[str, Any]],
    one_by_one: Callable[[Any], dict[str, Any]],
) -> Callable[[Any], dict[str, Any]]:
    names, all_of_them = tuple(attributes), attrgetter(*attributes.values())

    def read(record: Any) -> dict[str, Any]:  # noqa: ANN401 - a struct
        try:
            values = all_of_them(record)
        except AttributeError:  # a part of the record that most have is not there
            return one_by_one(record)
        fields = others(record)
        for field, value in zip(names, values, strict=True):
            if value.__class__ is str:
                if value:
                    fields[field] = value
            elif value is not None:
                fields[field] = converts[field](value)
        return fields

    return read


def _getter(name: str, field: str, value: Value, source: Source) -> Get:
    finish = event_types.conversion(name, field)
    return compile_value(value, source, finish, is_time=event_types.is_time(name, field))


def _attribute(name: str, field: str, value: Value, source: Source) -> str | None:
    """Give where a field's text stands, if it is wanted as it stands there."""
    if (
        value.path is None
        or value.path.path is None
        or value != Value(setting=value.setting, path=value.path)
    ):
        return None
    if event_types.conversion(name, field) not in _OF_TEXT:
        return None
    return source.attribute(value.path.path)
