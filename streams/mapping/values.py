"""Compiles the value of a field into a getter: a function that returns the field's value of a record.

The getter returns None for an absent value. Empty text counts as absent, because files and forms have no
other way to leave a value out.
"""

from collections.abc import Callable, Iterable
from typing import Any

from models.definitions.money import exponent
from models.definitions.zones import zone_of
from streams.mapping import arithmetic, conversions, minor_units, times
from streams.mapping.conversions import ConversionError, Convert
from streams.mapping.expressions import Expression, Get, Source, compiled
from streams.mapping.value_definition import Value
from streams.mapping.wrapped_values import unwrapped
from streams.patterns import Pattern


def compile_value(value: Value, source: Source, finish: Convert, *, is_time: bool = False) -> Get:
    """Return the getter of a field.

    Args:
        value: origin of the value, and its conversions.
        source: representation of records.
        finish: conversion to the type of the field.
        is_time: whether the field is a time.

    Returns:
        a getter that returns None for an absent value, and raises `ConversionError`.
    """
    if value.const is not None:
        constant = value.const
        return lambda _: constant
    get = _number(value, source, finish)
    if value.money:
        return _money(value, source, get)
    steps = _steps(value, is_id=finish is conversions.identity)
    last = _time(value) if is_time else finish
    if not steps and last is conversions.text:
        return _text_field(get, last, value.default)
    return _field(get, chained([*steps, last]), value.default)


def _text_field(get: Get, convert: Convert, default: object) -> Get:
    def field(record: Any) -> Any:  # noqa: ANN401 - JSON
        found = get(record)
        if found.__class__ is str:
            return found or default
        if found.__class__ is dict:
            found = unwrapped(found)
        return default if found is None else convert(found)

    return field


def _field(get: Get, convert: Convert, default: object) -> Get:
    def field(record: Any) -> Any:  # noqa: ANN401 - JSON
        found = get(record)
        if found.__class__ is dict:
            found = unwrapped(found)
        if found is None or found == "" or found != found:  # noqa: PLR0124 - NaN, some writers' null
            return default
        return convert(found)

    return field


def raw_value(value: Value, source: Source) -> Get:
    """Return the getter of a value before its conversions, for messages. The getter never raises."""
    if value.first:
        return _first([raw_value(one, source) for one in value.first])
    if value.join:
        return _first([raw_value(one, source) for one in value.join])
    if value.sum is not None:
        return compiled(value.sum, source)
    if value.template:
        return _first([compiled(part, source) for part in value.template if isinstance(part, Expression)])
    return _origin(value, source, conversions.text)


def _number(value: Value, source: Source, finish: Convert) -> Get:
    """Return the getter of a value after arithmetic, before its other conversions."""
    get = _origin(value, source, finish)
    if value.minus is not None:
        get = _combined(get, compiled(value.minus, source), arithmetic.subtracted)
    if value.plus is not None:
        plus = _number(value.plus, source, finish)
        get = _combined(get, plus, lambda found, more: arithmetic.added([found, more]))
    if value.exchange:
        get = _exchanged(get, *(compiled(one, source) for one in value.exchange))
    return get


def _origin(value: Value, source: Source, finish: Convert) -> Get:
    if value.path is not None:
        return compiled(value.path, source)
    if value.sum is not None:
        return _sum(compiled(value.sum, source))
    if value.template:
        return _template(value, source, is_id=finish is conversions.identity)
    # The values of a list are text, and those of an id are ids.
    inner = finish if finish is conversions.identity else conversions.text
    if value.first:
        return _first([_one_of_several(one, source, inner) for one in value.first])
    if value.join:
        return _joined([compile_value(one, source, inner) for one in value.join])
    return lambda _: value.const


def _one_of_several(value: Value, source: Source, finish: Convert) -> Get:
    """Return the getter of one of `first`: a time if it has `time` or `zone`, else text."""
    is_time = value.time is not None or value.zone is not None
    return compile_value(value, source, finish, is_time=is_time)


def _template(value: Value, source: Source, *, is_id: bool) -> Get:
    convert = conversions.identity if is_id else conversions.text
    parts = [_text(part) if isinstance(part, str) else compiled(part, source) for part in value.template]

    def template(record: Any) -> str | None:  # noqa: ANN401 - JSON
        texts = []
        for get in parts:
            found = get(record)
            if found.__class__ is dict:
                found = unwrapped(found)
            if found is None or found == "" or isinstance(found, (dict, list)):
                return None
            texts.append(
                convert(found) if found.__class__ is str else str(conversions.boolean_or_text(found))
            )
        return "".join(texts)

    return template


def _sum(get: Get) -> Get:
    def total(record: Any) -> Any:  # noqa: ANN401 - JSON
        found = get(record)
        if not isinstance(found, list):
            return found
        return arithmetic.added(unwrapped(one) if one.__class__ is dict else one for one in found)

    return total


def _joined(getters: Iterable[Get]) -> Get:
    getters = tuple(getters)

    def joined(record: Any) -> str | None:  # noqa: ANN401 - JSON
        texts = [get(record) for get in getters]
        return "-".join(texts) if all(isinstance(text, str) and text for text in texts) else None

    return joined


def _unwrapping(get: Get) -> Get:
    def inner(record: Any) -> Any:  # noqa: ANN401 - JSON
        found = get(record)
        return unwrapped(found) if found.__class__ is dict else found

    return inner


def _combined(get: Get, other: Get, combine: Callable[[Any, Any], Any]) -> Get:
    get, other = _unwrapping(get), _unwrapping(other)

    def combined(record: Any) -> Any:  # noqa: ANN401 - JSON
        found, second = get(record), other(record)
        return found if found is None or second is None else combine(found, second)

    return combined


def _exchanged(get: Get, wanted: Get, given: Get) -> Get:
    get, wanted, given = _unwrapping(get), _unwrapping(wanted), _unwrapping(given)

    def exchanged(record: Any) -> Any:  # noqa: ANN401 - JSON
        return arithmetic.exchanged(get(record), wanted(record), given(record))

    return exchanged


def _text(text: str) -> Get:
    return lambda _: text


def _first(getters: Iterable[Get]) -> Get:
    getters = tuple(getters)

    def first(record: Any) -> Any:  # noqa: ANN401 - JSON
        for get in getters:
            found = get(record)
            if found is not None and found is not False:  # `a && b` is false if `a` is
                return found
        return None

    return first


def _steps(value: Value, *, is_id: bool = False) -> list[Convert]:
    """Return the conversions that the mapping names, in the order in which they apply."""
    steps: list[Convert] = []
    if value.scale is not None:
        scale = value.scale
        steps.append(lambda found: conversions.connect_decimal(found, scale))
    if value.match is not None:
        steps.append(_match(value.match))
    if value.decimal is not None:
        point = value.decimal
        steps.append(lambda found: conversions.separated(found, point))
    if value.round is not None and value.round is not True:
        steps.append(_round(value.round))
    if value.upper:
        steps.append(lambda found: found.upper() if isinstance(found, str) else found)
    if value.lower:
        steps.append(lambda found: found.strip().lower() if isinstance(found, str) else found)
    if is_id and (value.values is not None or value.prefix):
        steps.append(conversions.identity)
    if value.values is not None:
        steps.append(_table(value))
    if value.prefix:
        steps.append(_prefix(value.prefix))
    return steps


def _round(places: int) -> Convert:
    return lambda found: arithmetic.rounded(found, places)


def _match(pattern: Pattern) -> Convert:
    search, group = pattern.search, 1 if pattern.groups else 0

    def match(found: Any) -> Any:  # noqa: ANN401 - JSON
        text = conversions.text(found)
        matched = search(text) if isinstance(text, str) else None
        return None if matched is None else matched[group]

    return match


def _table(value: Value) -> Convert:
    table, other = dict(value.values or {}), value.other

    def look_up(found: Any) -> Any:  # noqa: ANN401 - JSON
        key = found if found.__class__ is str else conversions.boolean_or_text(found)
        return table.get(key, other) if isinstance(key, str) else other

    return look_up


def _prefix(prefix: str) -> Convert:
    def prefixed(found: Any) -> Any:  # noqa: ANN401 - JSON
        text = conversions.text(found)
        return prefix + text if isinstance(text, str) else text

    return prefixed


def _time(value: Value) -> Convert:
    zone = None if value.zone is None else zone_of(value.zone)
    if value.time is None:
        return times.instant if zone is None else times.local(zone)
    if value.time in times.TIME_UNITS:
        return times.epoch(value.time)
    return times.formatted(value.time, zone)


def _money_of_one_currency(value: Value) -> Convert | None:
    """Return the conversion to minor units of a constant currency; None if records name the currency."""
    code = None if value.currency is None else value.currency.const
    if not isinstance(code, str):
        return None
    return chained([*_steps(value), lambda found: _in_minor_units(value, found, code)])


def _money(value: Value, source: Source, get: Get) -> Get:
    """Return minor units of the currency that the same record names."""
    if (convert_all := _money_of_one_currency(value)) is not None:
        return _field(get, convert_all, value.default)
    steps, default = _steps(value), value.default
    convert = chained(steps)
    if value.currency is None:
        raise AssertionError(f"{value.setting}: no currency")  # definition.read has made sure
    currency = compile_value(value.currency, source, conversions.text)

    def money(record: Any) -> Any:  # noqa: ANN401 - JSON
        found = get(record)
        if found.__class__ is dict:
            found = unwrapped(found)
        if found is None or found == "" or found != found:  # noqa: PLR0124 - NaN, some writers' null
            return default
        code = currency(record)
        if code is None:
            raise ConversionError("cannot be minor units: its currency is missing")
        if not isinstance(code, str):
            raise ConversionError(f"cannot be minor units: its currency is {conversions.kind(code)}")
        return _in_minor_units(value, convert(found) if steps else found, code)

    return money


def _in_minor_units(value: Value, amount: Any, currency: str) -> Any:  # noqa: ANN401 - JSON
    """Return the minor units of an amount that a record states in the value's unit."""
    if value.money == "minor":
        if value.round is True:
            amount = arithmetic.rounded(amount, minor_units.shift(currency, value.own_places))
        return minor_units.converted(amount, currency, value.own_places)
    places = exponent(currency)
    return conversions.minor_units(arithmetic.rounded(amount, places) if value.is_rounded else amount, places)


def chained(steps: Iterable[Convert]) -> Callable[[Any], Any]:
    """Return one conversion that applies several, until the value is nothing."""
    steps = tuple(steps)
    if len(steps) == 1:
        return steps[0]

    def chain(found: Any) -> Any:  # noqa: ANN401 - JSON
        for step in steps:
            found = step(found)
            if found is None or found == "":
                return None
        return found

    return chain
