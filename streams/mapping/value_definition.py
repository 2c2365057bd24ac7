"""The definition of a field's value, read from TOML and checked. Every error names the table and the key."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from models.definitions.zones import zone_of
from streams.mapping import event_types, expressions, minor_units, times
from streams.mapping.definition_checks import InvalidKey, a_boolean, a_table, a_text
from streams.mapping.expressions import Expression
from streams.patterns import InvalidPattern, Pattern, compile_pattern

_ORIGINS: Final = ("path", "const", "template", "first", "sum", "join")
_VALUE_KEYS: Final = frozenset(
    {
        *_ORIGINS,
        *("values", "other", "default", "lower", "upper", "prefix"),
        *("match", "decimal", "time", "zone", "money", "currency", "scale", "minus", "plus", "exchange"),
        "round",
    }
)
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class Value(Struct, frozen=True, kw_only=True):
    """The origin of a field's value, and its conversions (docs/mapping.md, "Values").

    Exactly one of `const`, `path`, `template`, `first`, `sum` and `join` is set. The conversions apply in the
    order of docs/mapping.md.

    Attributes:
        setting: name of the key, for messages.
        const: constant.
        path: expression.
        template: texts and expressions, joined; nothing if an expression is nothing.
        first: values of which the first counts that is not nothing.
        sum: expression of a list of numbers, which are added; nothing for an empty list.
        join: values that are joined with `-`; nothing if one of them is nothing.
        scale: decimal places of Connect's base64 decimals.
        plus: value whose number is added.
        exchange: expressions of one amount in the wanted currency and in the value's currency. The number is
            converted at their ratio, and rounded to the currency's minor unit.
        minus: expression whose number is subtracted, such as the sum that was refunded before.
        match: pattern whose first group, or whole match, is the value.
        decimal: separator of the decimals, `,` or `.`, of numbers with separated thousands.
        round: decimal places to which a number is rounded, half to even; True rounds an amount (`money`) to
            its smallest unit.
        upper: whether to convert to upper case.
        lower: whether to convert to lower case.
        values: table in which the value is looked up.
        other: value for those that are not in the table.
        prefix: text before the value.
        default: value in place of nothing.
        time: unit of a number (`s`, `ms`, `us`, `ns`, `days`), or a `strptime` format.
        zone: time zone of times without an offset.
        money: unit of an amount that is converted to minor units of `currency`: `major` for a decimal in
            major units, `minor` for an integer in the source's minor units. None leaves the amount unchanged.
        own_places: currency -> decimal places of the source's minor unit, if they differ from ISO 4217's.
        currency: value of the currency; None takes the event's currency.
    """

    setting: str
    const: Any = None
    path: Expression | None = None
    template: tuple[str | Expression, ...] = ()
    first: tuple["Value", ...] = ()
    sum: Expression | None = None
    join: tuple["Value", ...] = ()
    scale: int | None = None
    minus: Expression | None = None
    plus: "Value | None" = None
    exchange: tuple[Expression, ...] = ()
    match: Pattern | None = None
    decimal: str | None = None
    round: int | None = None
    upper: bool = False
    lower: bool = False
    values: Mapping[str, Any] | None = None
    other: Any = None
    prefix: str = ""
    default: Any = None
    time: str | None = None
    zone: str | None = None
    money: Literal["major", "minor"] | None = None
    own_places: Mapping[str, int] = {}
    currency: "Value | None" = None

    def expressions(self) -> Iterator[Expression]:
        """Yield every expression of the value."""
        if self.path is not None:
            yield self.path
        yield from (one for one in (self.sum, self.minus, *self.exchange) if one is not None)
        yield from (part for part in self.template if isinstance(part, Expression))
        for below in (*self.first, *self.join, self.plus, self.currency):
            if below is not None:
                yield from below.expressions()

    @property
    def is_rounded(self) -> bool:
        """Whether the amount is rounded to its smallest unit: as named, or as part of it was exchanged."""
        parts = (*self.first, *([self.plus] if self.plus else []))
        return self.round is True or bool(self.exchange) or any(part.is_rounded for part in parts)

    @property
    def described(self) -> str:
        """Return the source of the value, for messages."""
        return ", ".join(f"`{expression.text}`" for expression in self.expressions()) or "a constant"


def value_of(at: str, content: object) -> Value:
    """Read a value: a path as text, a constant as a number or boolean, or a table.

    Raises:
        InvalidKey: the value has another form, or its keys contradict each other.
    """
    if isinstance(content, str):
        return Value(setting=at, path=expression_of(at, content))
    if isinstance(content, int | float):
        return Value(setting=at, const=content)
    table = a_table(at, content, "a path, a number, a boolean or a table")
    for key in table:
        if key not in _VALUE_KEYS:
            raise InvalidKey(f"{at}.{key}", "unknown key", event_types.suggestion(key, _VALUE_KEYS))
    if sum(key in table for key in _ORIGINS) != 1:
        raise InvalidKey(at, f"expected exactly one of {', '.join(_ORIGINS)}")
    return Value(
        setting=at,
        const=table.get("const"),
        path=expression_of(f"{at}.path", table["path"]) if "path" in table else None,
        template=_template(f"{at}.template", table["template"]) if "template" in table else (),
        first=_list(f"{at}.first", table["first"]) if "first" in table else (),
        sum=expression_of(f"{at}.sum", table["sum"]) if "sum" in table else None,
        join=_list(f"{at}.join", table["join"]) if "join" in table else (),
        scale=_number(f"{at}.scale", table["scale"]) if "scale" in table else None,
        minus=expression_of(f"{at}.minus", table["minus"]) if "minus" in table else None,
        plus=value_of(f"{at}.plus", table["plus"]) if "plus" in table else None,
        exchange=_exchange(f"{at}.exchange", table["exchange"]) if "exchange" in table else (),
        match=_pattern(f"{at}.match", table["match"]) if "match" in table else None,
        decimal=_decimal(f"{at}.decimal", table["decimal"]) if "decimal" in table else None,
        round=_round(f"{at}.round", table) if "round" in table else None,
        upper=a_boolean(f"{at}.upper", table.get("upper", False)),
        lower=a_boolean(f"{at}.lower", table.get("lower", False)),
        values=_values(f"{at}.values", table["values"]) if "values" in table else None,
        other=table.get("other"),
        prefix=a_text(f"{at}.prefix", table.get("prefix", "")),
        default=table.get("default"),
        time=_time(f"{at}.time", table["time"]) if "time" in table else None,
        zone=_zone(f"{at}.zone", table["zone"]) if "zone" in table else None,
        money=_money(f"{at}.money", table["money"]) if "money" in table else None,
        currency=_currency(f"{at}.currency", table["currency"]) if "currency" in table else None,
    )


def expression_of(at: str, content: object) -> Expression:
    """Read an expression.

    Raises:
        InvalidKey: the value is invalid.
    """
    if not isinstance(content, str):
        raise InvalidKey(at, "expected a path (JMESPath) as text")
    try:
        return expressions.parse(content)
    except ValueError as error:
        raise InvalidKey(at, str(error)) from None


def _template(at: str, content: object) -> tuple[str | Expression, ...]:
    texts = _PLACEHOLDER.split(a_text(at, content))
    parts = [expression_of(at, text) if number % 2 else text for number, text in enumerate(texts)]
    if not any(isinstance(part, Expression) for part in parts):
        raise InvalidKey(at, "has no {path} in it", "a constant is { const = … }")
    return tuple(part for part in parts if part)


def _list(at: str, content: object) -> tuple[Value, ...]:
    if not isinstance(content, list) or not content:
        raise InvalidKey(at, "expected a list of values")
    return tuple(value_of(f"{at}[{number}]", one) for number, one in enumerate(content, start=1))


def _values(at: str, content: object) -> Mapping[str, Any]:
    table = a_table(at, content)
    if not table:
        raise InvalidKey(at, "is empty")
    return table


def _time(at: str, content: object) -> str:
    text = a_text(at, content)
    if text not in times.TIME_UNITS and "%" not in text:
        units = ", ".join(times.TIME_UNITS)
        raise InvalidKey(
            at, f"{text!r} is no unit", f'expected {units}, or a format such as "%d.%m.%Y %H:%M"'
        )
    return text


def _zone(at: str, content: object) -> str:
    text = a_text(at, content)
    try:
        zone_of(text)
    except ValueError as error:
        raise InvalidKey(at, str(error)) from None
    return text


def _decimal(at: str, content: object) -> str:
    if content not in {",", "."}:
        raise InvalidKey(at, 'expected "," or "."')
    return str(content)


def _round(at: str, table: Mapping[str, Any]) -> int:
    if table["round"] is not True:
        return _number(at, table["round"], "expected true, with `money`, or decimal places from 0 to 18")
    if "money" not in table:
        raise InvalidKey(at, "true needs `money`", "a number of decimal places needs none")
    return True


def _money(at: str, content: object) -> Literal["major", "minor"]:
    if content == "major":
        return "major"
    if content == "minor":
        return "minor"
    raise InvalidKey(
        at, 'expected "major" or "minor"', "an amount in ISO 4217's minor units (cents) needs neither"
    )


def _currency(at: str, content: object) -> Value:
    if isinstance(content, str) and minor_units.is_currency(content):
        return Value(setting=at, const=content)
    return value_of(at, content)


def _exchange(at: str, content: object) -> tuple[Expression, ...]:
    if not isinstance(content, list) or len(content) != 2:  # noqa: PLR2004 - a ratio
        raise InvalidKey(
            at, "expected two paths: an amount in the wanted currency, and the same in the value's"
        )
    return tuple(expression_of(f"{at}[{number}]", one) for number, one in enumerate(content, start=1))


def _pattern(at: str, content: object) -> Pattern:
    try:
        return compile_pattern(a_text(at, content))
    except InvalidPattern as error:
        raise InvalidKey(at, error.problem, error.hint) from None


def _number(at: str, content: object, expected: str = "expected a whole number from 0 to 18") -> int:
    if isinstance(content, bool) or not isinstance(content, int) or not 0 <= content <= 18:  # noqa: PLR2004
        raise InvalidKey(at, expected)
    return content
