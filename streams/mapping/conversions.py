"""Conversions from record values to contract values: ids, numbers, minor units.

Each conversion accepts a value as JSON, Avro, Protobuf or a row of a file has it. It returns a value that
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

#: Digits of the largest number that 64 bits represent in every digit.
_MOST_DIGITS: Final = 18
#: Longest binary number that is read as a decimal, bytes: 154 digits. A megabyte takes minutes to convert.
MOST_DECIMAL_BYTES: Final = 64
#: Most decimal places of such a number.
_MOST_SCALE: Final = 1000
#: Digits of the largest whole number that is an id: no id has more characters.
_MOST_ID_DIGITS: Final = 128
#: Largest integer up to which floats represent every integer.
_LARGEST_EXACT: Final = 1 << 53
#: Endings of an integer that was written as a float.
ZERO_FRACTIONS: Final = (".0", ".00", ".000")
_FLOAT_ID: Final = re.compile(r"(-?(?:0|[1-9][0-9]{0,15}))\.0+", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,9})?", re.ASCII)
#: Separators of thousands beside a point or a comma: apostrophes, and spaces of all widths.
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
    """A value cannot be converted to the type of its field. The message names its kind, not the value."""


def identity(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an id as text. A whole number that was a float is the id of the integer: `1234.0` is `1234`.

    Many tools convert a column of integers with gaps to floats, and write it as such.

    Raises:
        ConversionError: the value is a float too large to tell neighbouring integers apart.
    """
    return whole_number(value) if value.__class__ is str else identifier(value)


def whole_number(text: str) -> str:
    """Return a whole number written as a float without its fraction; other text unchanged.

    Example:
        >>> whole_number("1234.0"), whole_number("v1.0")
        ('1234', 'v1.0')
    """
    found = _FLOAT_ID.fullmatch(text) if text.endswith(ZERO_FRACTIONS) else None
    return text if found is None else found[1]


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
    if isinstance(value, Decimal):
        whole = _whole(value)
        return str(value if whole is None else whole)
    return value if isinstance(value, str) else _plain(value)


def integer(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a whole number, also of text and of a float without a fraction.

    Text with a fraction is no whole number: `10.00` is an amount in major units.
    """
    if value.__class__ is str and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    whole = _whole(value) if isinstance(value, Decimal) else None
    return value if whole is None else whole


def _whole(value: Decimal) -> int | None:
    """Return a decimal without a fraction as an integer; None if it has one, is not finite, or is huge."""
    if not value.is_finite() or value.adjusted() >= _MOST_ID_DIGITS:
        return None
    return int(value) if value == value.to_integral_value() else None


def rating(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a rating or a score as a whole number, also of text: `5.0` is 5."""
    return integer(whole_number(value) if value.__class__ is str else value)


def number(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a number, also of text."""
    if value.__class__ is str and _DECIMAL.fullmatch(value):
        return float(value)
    return float(value) if isinstance(value, Decimal) else value


def boolean(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a boolean, also of the words that databases and spreadsheets write for one."""
    if value.__class__ is bool:
        return value
    text = str(value).lower() if isinstance(value, str | int) else ""
    return True if text in _TRUE else False if text in _FALSE else value


def text(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return text, also of a number."""
    return value if value.__class__ is str else identifier(value)


def variants(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return experiments: an object whose values are text."""
    if not isinstance(value, dict):
        return value
    for name, variant in value.items():
        if variant.__class__ is not str or name.__class__ is not str:
            break
    else:
        return value  # nearly always
    return {str(name): boolean_or_text(variant) for name, variant in value.items() if variant is not None}


def attributes(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return attributes: an object whose values are text, or None for an absent value."""
    if not isinstance(value, dict):
        return value
    return {
        str(name): None if content is None or content == "" else boolean_or_text(content)
        for name, content in value.items()
    }


def boolean_or_text(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value as text; booleans become `true` and `false`."""
    return str(value).lower() if value.__class__ is bool else identifier(value)


def _plain(value: object) -> object:
    if value.__class__ is bytes:  # some writers store text without a type
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return value
    return value if value.__class__ in {int, float, bool, dict, list} else str(value)  # UUIDs of Avro


# Amounts.


def minor_units(value: Any, places: int) -> Any:  # noqa: ANN401 - JSON
    """Return a decimal of major units as an integer of minor units, without binary error.

    Decimal places that the currency does not have are an error unless they are zeros: a rounded amount would
    be a guess.

    Args:
        value: text, a number or a decimal; a float counts as the decimal that it is written as.
        places: decimal places of the currency's minor unit.

    Raises:
        ConversionError: the amount is a fraction of the minor unit.
    """
    if value.__class__ is str:
        whole, _, fraction = value.partition(".")  # takes a third of the time of a decimal
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
    raise ConversionError(f"has more than the currency's {places} decimal places; `round = true` rounds it")


def _singles(value: object) -> Iterator[Decimal]:
    """Yield the decimal of a float of 32 bits: 19.989999771118164 was written as 19.99."""
    if value.__class__ is float:
        import numpy as np  # noqa: PLC0415 - few sources have such floats

        single = np.float32(value)
        if float(single) == value:
            yield Decimal(str(single))


def separated(value: Any, point: str) -> Any:  # noqa: ANN401 - JSON
    """Return a number without separators between thousands, with a decimal point.

    Example:
        >>> separated("1.234,50", ",")
        '1234.50'

    Args:
        value: text; anything else is returned unchanged.
        point: separator of the decimals, `,` or `.`; the other one, spaces and apostrophes separate
            thousands.

    Raises:
        ConversionError: the text is no number of this form.
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
    if not isinstance(value, (str, Decimal)):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() and found.adjusted() < _MOST_DIGITS else None


def connect_decimal(value: Any, scale: int) -> Any:  # noqa: ANN401 - JSON
    """Return Kafka Connect's decimal, base64 of a two's-complement integer, as a decimal.

    Args:
        value: text or bytes, or an object with `value` and a `scale` of its own.
        scale: decimal places, the parameter `scale` of the Connect schema.

    Raises:
        ConversionError: the text is not base64, or the number is too long or too large.
    """
    if isinstance(value, dict) and isinstance(value.get("scale"), int):
        return connect_decimal(value.get("value"), value["scale"])
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else value
    except ValueError:
        raise ConversionError("is text that is not base64, as Connect's decimals are") from None
    if not isinstance(raw, bytes):
        return value
    if len(raw) > MOST_DECIMAL_BYTES or abs(scale) > _MOST_SCALE:
        raise ConversionError(f"is a decimal of more than {MOST_DECIMAL_BYTES} bytes or {_MOST_SCALE} places")
    return Decimal(int.from_bytes(raw, signed=True)).scaleb(-scale)


def kind(value: object) -> str:
    """Return the kind of a value as JSON names it, such as `a number`, for messages without its content."""
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
