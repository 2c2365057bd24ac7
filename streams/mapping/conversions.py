"""Conversions from record values to contract values: ids, numbers, minor units.

Each conversion accepts a value as JSON, Avro, Protobuf or a file's row holds it. It returns a value that
`models.contract.events` accepts, or the value unchanged if it cannot be converted: the event's own validation
then names the expected type. A `ConversionError` reports problems that validation cannot detect.
"""

import base64
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

Convert = Callable[[Any], Any]

#: What 64 bits hold.
_MOST_DIGITS: Final = 18
#: Largest integer up to which floats represent every integer.
_LARGEST_EXACT: Final = 1 << 53
#: Endings of an integer that was written as a float.
ZERO_FRACTIONS: Final = (".0", ".00", ".000")
_FLOAT_ID: Final = re.compile(r"(-?(?:0|[1-9][0-9]{0,15}))\.0+", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,9})?", re.ASCII)
#: Between thousands, beside a point or a comma: an apostrophe, and spaces of all widths.
_BETWEEN: Final = "'\u2019 \u00a0\u2009\u202f"
_OTHER: Final = {",": ".", ".": ","}
_SEPARATORS: Final = {",": "comma", ".": "point"}
_WRITTEN: Final = {
    point: re.compile(rf"[+-]?([0-9]+|[0-9]{{1,3}}([{other}{_BETWEEN}][0-9]{{3}})+)([{point}][0-9]+)?")
    for point, other in _OTHER.items()
}
_TRUE: Final = frozenset({"true", "t", "yes", "y", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0"})


class ConversionError(ValueError):
    """A value that cannot be what the contract wants; the message names its kind, not the value."""


def identity(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an id as text. A whole number that was a float has the id of the integer: `1234.0` is `1234`.

    A column of integers with gaps becomes one of floats in many tools, and is written as such.

    Raises:
        ConversionError: the value is a float too large to tell neighbouring integers apart.
    """
    if value.__class__ is str:
        found = _FLOAT_ID.fullmatch(value) if value.endswith(ZERO_FRACTIONS) else None
        return value if found is None else found[1]
    return identifier(value)


def identifier(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a whole number as text, and text unchanged.

    Raises:
        ConversionError: the value is a float too large to tell neighbouring integers apart.
    """
    if value.__class__ is int:
        return str(value)
    if value.__class__ is float and value.is_integer():
        if abs(value) > _LARGEST_EXACT:  # digits are lost: several ids may have become this one
            raise ConversionError("is a float beyond 2^53, whose last digits are lost")
        return str(int(value))
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    return value if isinstance(value, str) else _plain(value)


def integer(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a whole number, also of text and of a float without a fraction."""
    if value.__class__ is str and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def number(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a number, also of text."""
    if value.__class__ is str and _DECIMAL.fullmatch(value):
        return float(value)
    return float(value) if isinstance(value, Decimal) else value


def boolean(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a truth value, also of what databases and spreadsheets write for one."""
    if value.__class__ is bool:
        return value
    text = str(value).lower() if isinstance(value, str | int) else ""
    return True if text in _TRUE else False if text in _FALSE else value


def text(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return text; of a number, too."""
    return value if value.__class__ is str else identifier(value)


def variants(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return experiments: an object whose values are text."""
    if not isinstance(value, dict):
        return value
    for name, variant in value.items():
        if variant.__class__ is not str or name.__class__ is not str:
            break
    else:
        return value  # as nearly always
    return {str(name): boolean_or_text(variant) for name, variant in value.items() if variant is not None}


def boolean_or_text(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value as text; booleans become `true` and `false`."""
    return str(value).lower() if value.__class__ is bool else identifier(value)


def _plain(value: object) -> object:
    if value.__class__ is bytes:  # text of a writer that does not say so
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return value
    return value if value.__class__ in {int, float, bool, dict, list} else str(value)  # UUIDs of Avro


# Money.


def minor_units(value: Any, places: int) -> Any:  # noqa: ANN401 - JSON
    """Return a decimal of major units as an integer of minor units, without binary error.

    Digits beyond the currency's are an error unless they are zeros: rounding would be a guess.

    Args:
        value: text, a number or a decimal; a float counts as the decimal it is written as.
        places: decimal places of the currency's minor unit.
    """
    if value.__class__ is str:
        whole, _, fraction = value.partition(".")  # most amounts: a third of what a decimal costs
        if len(fraction) == places and whole.isdecimal() and (fraction.isdecimal() or not places):
            return int(whole + fraction)
    if value.__class__ is int:
        return value * 10**places
    found = _decimal(value)
    if found is None:
        return value
    for one in (found, *_singles(value)):
        scaled = one.scaleb(places)
        if (minor := int(scaled)) == scaled:
            return minor
    raise ConversionError(f"has more than the currency's {places} decimal places")


def _singles(value: object) -> Iterator[Decimal]:
    """Return what was written, of a number that had but 32 bits: 19.99 came to be 19.989999771118164."""
    if value.__class__ is float:
        import numpy as np  # noqa: PLC0415 - of those the fewest have any

        single = np.float32(value)
        if float(single) == value:
            yield Decimal(str(single))


def separated(value: Any, point: str) -> Any:  # noqa: ANN401 - JSON
    """Return text of a number as Python writes it: as people write it, thousands are apart.

    Args:
        value: text; anything else is given back.
        point: what stands before the decimals, `,` or `.`; the other one, a space or an apostrophe is between
            thousands.

    Raises:
        ConversionError: it is no number that is written so.
    """
    if not isinstance(value, str):
        return value
    if _WRITTEN[point].fullmatch(value.strip()) is None:
        raise ConversionError(f"is no number with a decimal {_SEPARATORS[point]}")
    return re.sub(r"[^0-9+,.-]", "", value).replace(_OTHER[point], "").replace(point, ".")


def exact(value: Any) -> int | Decimal | None:  # noqa: ANN401 - JSON
    """Return a number without binary error, also of text; None if the value is no number."""
    if value.__class__ is int:
        return int(value)
    return _decimal(value)


def _decimal(value: object) -> Decimal | None:
    if value.__class__ is float:
        value = repr(value)
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() and found.adjusted() < _MOST_DIGITS else None


def connect_decimal(value: Any, scale: int) -> Any:  # noqa: ANN401 - JSON
    """Return Kafka Connect's decimal, base64 of a two's-complement integer, as a decimal.

    Args:
        value: text; an object with `value` and `scale`, where every value has a scale of its own.
        scale: decimal places, as the Connect schema's parameter `scale` says.
    """
    if isinstance(value, dict) and isinstance(value.get("scale"), int):
        return connect_decimal(value.get("value"), value["scale"])
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else value
    except ValueError:
        raise ConversionError("is text that is not base64, as Connect's decimals are") from None
    if not isinstance(raw, bytes):
        return value
    return Decimal(int.from_bytes(raw, signed=True)).scaleb(-scale)


def kind(value: object) -> str:
    """Name what a value is, as JSON does: nothing of its content."""
    if value is None:
        return "nothing"
    if value.__class__ is bool:
        return "a boolean"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return f"a {type(value).__name__}"


_KINDS: Final = (
    (str, "text"),
    ((int, float, Decimal), "a number"),
    (list, "a list"),
    (dict, "an object"),
    (bytes, "bytes"),
    (datetime, "a time"),
)
