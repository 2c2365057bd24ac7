"""The definition of a mapping, read from TOML and checked. Every error names the table and the key."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from msgspec import Struct, field, structs

from models.contract.events import EVENT_TYPES
from streams.mapping import event_types, minor_units
from streams.mapping.definition_checks import InvalidKey, a_boolean, a_choice, a_table, a_text
from streams.mapping.expressions import Expression
from streams.mapping.placeholders import DEFAULT_PLACEHOLDER
from streams.mapping.value_definition import Value, expression_of, value_of

Format = Literal["json", "avro", "protobuf", "json-schema"]
Envelope = Literal["none", "debezium", "connect"]
Operation = Literal["create", "update", "delete", "read"]

_RULE_KEYS: Final = frozenset({"type", "when", "each", "on"})
_MAPPING_KEYS: Final = frozenset(
    {
        "description",
        "extends",
        "format",
        "envelope",
        "merge",
        "minor_units",
        "null",
        "placeholder",
        "skip",
        "otherwise",
        "events",
    }
)
#: Operations that a rule applies to by default. Deletion is an event only if a rule names it.
_EXISTS: Final[frozenset[Operation]] = frozenset({"create", "update", "read"})


class Rule(Struct, frozen=True, kw_only=True):
    """One event that a record may become.

    Attributes:
        setting: name of the table, for messages.
        types: event types that the rule may produce.
        type: value that selects one of them.
        fields: event field -> mapped value.
        when: condition on the record, or None.
        on: Debezium operations that the rule applies to.
        each: list with one event for each element, or None.
    """

    setting: str
    types: tuple[str, ...]
    type: Value
    fields: Mapping[str, Value]
    when: Expression | None = None
    on: frozenset[Operation] = _EXISTS
    each: Expression | None = None

    def expressions(self) -> Iterator[Expression]:
        """Yield every expression of the rule."""
        yield from (one for one in (self.when, self.each) if one is not None)
        for value in (self.type, *self.fields.values()):
            yield from value.expressions()


class Definition(Struct, frozen=True, kw_only=True):
    """One mapping.

    Attributes:
        name: name of the mapping.
        description: purpose of the mapping, for people.
        format: encoding of values.
        envelope: envelope around a row.
        merge: whether a record with two identities says that they are one customer.
        null: words that are nothing, in any format; None if the mapping names none.
        placeholder: text that stands for a value that did not change, beside Debezium's default.
        skip: name -> condition; a record for which it holds is left out.
        otherwise: name -> condition; a record for which it holds is left out if no rule makes an event of it.
        rules: events that a record may become, in the order of the file.
    """

    name: str
    description: str = ""
    format: Format = "json"
    envelope: Envelope = "none"
    merge: bool = False
    null: tuple[str, ...] | None = None
    placeholder: str = DEFAULT_PLACEHOLDER
    skip: Mapping[str, Expression] = field(default_factory=dict)
    otherwise: Mapping[str, Expression] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    def expressions(self) -> Iterator[tuple[Expression | None, Expression]]:
        """Yield every expression with the list that its rule iterates, None without `each`."""
        for expression in (*self.skip.values(), *self.otherwise.values()):
            yield None, expression
        for rule in self.rules:
            yield from ((rule.each, expression) for expression in rule.expressions())


def read(name: str, content: object, setting: str | None = None) -> Definition:
    """Read one mapping's table.

    Raises:
        InvalidKey: a key is unknown or missing, a value has the wrong type, or the mapping yields no event.
    """
    at = setting or f"mappings.{name}"
    table = a_table(at, content)
    defaults, rules = {}, table.get("events", [])
    for key, given in table.items():
        if key in event_types.ALL_FIELDS:
            defaults[key] = value_of(f"{at}.{key}", given)
        elif key not in _MAPPING_KEYS:
            raise InvalidKey(f"{at}.{key}", "unknown key", event_types.suggestion(key, _MAPPING_KEYS))
    own_places = minor_units.read(f"{at}.minor_units", table.get("minor_units", {}))
    if not isinstance(rules, list) or not rules:
        hint = "each names an event that a record becomes"
        raise InvalidKey(f"{at}.events", "expected at least one [[events]] table", hint)
    return Definition(
        name=name,
        description=a_text(f"{at}.description", table.get("description", "")),
        format=a_choice(f"{at}.format", table.get("format", "json"), Format),
        envelope=a_choice(f"{at}.envelope", table.get("envelope", "none"), Envelope),
        merge=a_boolean(f"{at}.merge", table.get("merge", False)),
        null=_null(f"{at}.null", table["null"]) if "null" in table else None,
        placeholder=_placeholder(f"{at}.placeholder", table.get("placeholder", DEFAULT_PLACEHOLDER)),
        skip=_conditions(f"{at}.skip", table.get("skip", {})),
        otherwise=_conditions(f"{at}.otherwise", table.get("otherwise", {})),
        rules=tuple(
            _rule(f"{at}.events[{number}]", rule, defaults, own_places)
            for number, rule in enumerate(rules, start=1)
        ),
    )


def _null(at: str, content: object) -> tuple[str, ...]:
    if not isinstance(content, list):
        raise InvalidKey(at, 'expected a list of words, such as ["NULL", "n/a"]')
    return tuple(a_text(f"{at}[{number}]", word) for number, word in enumerate(content, start=1))


def _placeholder(at: str, content: object) -> str:
    text = a_text(at, content)
    if not text:
        raise InvalidKey(at, "is empty", "empty text is nothing without being a placeholder")
    return text


def _conditions(at: str, content: object) -> dict[str, Expression]:
    return {name: expression_of(f"{at}.{name}", text) for name, text in a_table(at, content).items()}


def _rule(at: str, content: object, defaults: Mapping[str, Value], own_places: Mapping[str, int]) -> Rule:
    table = a_table(at, content)
    if "type" not in table:
        raise InvalidKey(f"{at}.type", "is missing", f"expected one of {', '.join(EVENT_TYPES)}")
    chosen = table["type"]
    type_value = value_of(f"{at}.type", {"const": chosen} if isinstance(chosen, str) else chosen)
    types = _types(f"{at}.type", type_value)
    known = set().union(*(event_types.FIELDS[name] for name in types))
    given = {name: value_of(f"{at}.{name}", spec) for name, spec in table.items() if name not in _RULE_KEYS}
    for name in given:
        if name not in known:
            raise InvalidKey(
                f"{at}.{name}",
                f"{' and '.join(types)} has no such field",
                event_types.suggestion(name, known),
            )
    fields = {name: spec for name, spec in defaults.items() if name in known} | given
    currency = fields.get("currency") or defaults.get("currency")
    fields = {name: _with_currency(spec, currency, own_places) for name, spec in fields.items()}
    for name in types:
        _check_complete(at, name, fields)
    return Rule(
        setting=at,
        types=types,
        type=type_value,
        fields=fields,
        when=expression_of(f"{at}.when", table["when"]) if "when" in table else None,
        on=_operations(f"{at}.on", table["on"]) if "on" in table else _EXISTS,
        each=expression_of(f"{at}.each", table["each"]) if "each" in table else None,
    )


def _with_currency(value: Value, currency: Value | None, own_places: Mapping[str, int]) -> Value:
    """Return an amount with the currency of its event, unless it names one, and with the mapping's units."""
    if value.first:
        firsts = tuple(_with_currency(one, currency, own_places) for one in value.first)
        value = structs.replace(value, first=firsts)
    if not value.money:
        return value
    currency = value.currency or currency
    if currency is None:
        raise InvalidKey(f"{value.setting}.currency", "is missing", "how many decimals are its minor unit?")
    return structs.replace(value, currency=currency, own_places=own_places)


def _types(at: str, value: Value) -> tuple[str, ...]:
    if value.values is not None:
        names = [*value.values.values(), *([value.other] if value.other is not None else [])]
    elif value.const is not None:
        names = [value.const]
    else:
        raise InvalidKey(at, "expected a type, or a table with `path` and `values`")
    for name in names:
        if name not in EVENT_TYPES:
            raise InvalidKey(
                at, f"{name!r} is no type of event", event_types.suggestion(str(name), EVENT_TYPES)
            )
    return tuple(dict.fromkeys(names))


def _check_complete(at: str, name: str, fields: Mapping[str, Value]) -> None:
    for needed in event_types.REQUIRED[name]:
        if needed in fields or (needed == "id" and name in event_types.ONCE):
            continue
        hint = f"say where {name} has it"
        if needed == "id":
            hint = f'there may be several {name} of one thing: compose one, such as "{{id}}-{{updated_at}}"'
        raise InvalidKey(f"{at}.{needed}", "is missing", hint)


def _operations(at: str, content: object) -> frozenset[Operation]:
    names = content if isinstance(content, list) else [content]
    return frozenset(a_choice(at, name, Operation) for name in names)
