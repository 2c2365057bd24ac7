"""JMESPath, compiled: expressions that locate values in records, and conditions on records.

The library (`jmespath`) parses every expression. The parts that most mappings consist of (paths, comparisons,
`&&`, `||`, `!`, literals, a few functions) become closures over a `Source`, the representation of records:
these cost a tenth of the library's interpreter. A mapping that needs more runs on plain dictionaries, with
the interpreter.

Beside the record's own fields, expressions can read metadata under reserved names (`SURROUNDINGS`).
"""

import operator
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import jmespath
from jmespath.exceptions import JMESPathError
from msgspec import Struct

from streams.mapping import json_text, syntax

#: Returns a value of a record, as a `Source` holds it; None if it is absent.
Get = Callable[[Any], Any]
#: Field names, and positions in lists.
Path = tuple[str | int, ...]

#: Reserved name -> its meaning. The underscore keeps them apart from the fields of most records.
SURROUNDINGS: Final = {
    "_item": "the element, in a rule with `each`",
    "_before": "Debezium: the row before the change",
    "_op": "Debezium: create, update, delete or read",
    "_source": "Debezium: where the change comes from",
    "_ts_ms": "Debezium: when it was captured, milliseconds",
    "_key": "the Kafka record's key: decoded if it is JSON, else as text",
    "_headers": "the Kafka record's headers, as text",
    "_topic": "the Kafka record's topic",
    "_timestamp": "the Kafka record's timestamp, milliseconds",
}

_COMPARATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
#: Node types whose later children are relative to the first.
_RELATIVE: Final = frozenset(
    {"projection", "filter_projection", "value_projection", "pipe", "flatten", "subexpression"}
)
_FUNCTIONS: Final = frozenset({"contains", "starts_with", "ends_with", "not_null"})


class Expression(Struct, frozen=True):
    """A parsed expression.

    Attributes:
        text: source text.
        tree: JMESPath's syntax tree.
    """

    text: str
    tree: dict[str, Any]

    @property
    def path(self) -> Path | None:
        """The path, if the expression is only a path; else None."""
        return _path(self.tree)


class Source(Protocol):
    """A representation of records: provides access to their values by path."""

    def getter(self, path: Path) -> Get:
        """Return the getter of a path; the getter never raises."""

    def attribute(self, path: Path) -> str | None:
        """Return the dotted attribute that holds the path's value; None if a getter is needed."""

    def document(self, held: Any) -> dict[str, Any]:  # noqa: ANN401 - as the source holds records
        """Return the record as a dictionary, for the interpreter."""


def parse(text: str) -> Expression:
    """Return the parsed expression.

    Example:
        >>> parse("customer.id").path
        ('customer', 'id')

    Raises:
        ValueError: the text is not JMESPath.
    """
    return Expression(text, syntax.tree(text))


def paths(expression: Expression) -> list[Path]:
    """Return every path of the record that an expression reads, as far as its text shows."""
    return list(_paths(expression.tree))


def compilable(expression: Expression) -> bool:
    """Whether the expression becomes closures; otherwise it needs records held as dictionaries."""
    return _compilable(expression.tree)


def compiled(expression: Expression, source: Source) -> Get:
    """Return the getter of an expression's value."""
    if compilable(expression):
        return _compile(expression.tree, source)
    search, document = jmespath.compile(expression.text).search, source.document
    texts = _may_be_text(expression)

    def interpret(record: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            return search(json_text.opened(document(record), texts))
        except (JMESPathError, TypeError):  # a function got a wrong argument, such as a missing field
            return None

    return interpret


def condition(expression: Expression, source: Source) -> Callable[[Any], bool]:
    """Return the test of an expression by JMESPath's truth: 0 is true, empty values are false."""
    get = compiled(expression, source)
    return lambda record: truthy(get(record))


def truthy(value: object) -> bool:
    """Whether a value is true for JMESPath: null, false and empty values are false; every number is true."""
    return bool(value) or (value.__class__ is not bool and isinstance(value, int | float))


def _may_be_text(expression: Expression) -> list[Path]:
    """Return the places inside which an expression reads: if text is there, it is opened as JSON."""
    places = {path[:end]: None for path in _paths(expression.tree) for end in range(1, len(path))}
    return list(places | dict.fromkeys(_lists(expression.tree)))


def _lists(tree: dict[str, Any]) -> Iterator[Path]:
    """Yield the paths of the lists and objects whose elements an expression reads."""
    if tree["type"] in _RELATIVE and (path := _path(tree["children"][0])) is not None:
        yield path
    for child in tree["children"]:
        if isinstance(child, dict):
            yield from _lists(child)


def _path(tree: dict[str, Any]) -> Path | None:
    kind = tree["type"]
    if kind == "field":
        return (tree["value"],)
    if kind in {"subexpression", "index_expression"}:
        steps: Path = ()
        for number, child in enumerate(tree["children"]):
            if child["type"] == "index" and number:
                steps += (child["value"],)
            elif (found := _path(child)) is not None:
                steps += found
            elif child["type"] not in {"current", "identity"}:
                return None
        return steps or None
    return None


def _paths(tree: dict[str, Any]) -> Iterator[Path]:
    found = _path(tree)
    if found is not None:
        yield found
        return
    if tree["type"] in _RELATIVE:
        yield from _paths(tree["children"][0])
        return
    for child in tree["children"]:
        if isinstance(child, dict):
            yield from _paths(child)


def _compilable(tree: dict[str, Any]) -> bool:
    if _path(tree) is not None or tree["type"] == "literal":
        return True
    known = tree["type"] in {"comparator", "and_expression", "or_expression", "not_expression"}
    called = tree["type"] == "function_expression" and tree["value"] in _FUNCTIONS
    return (known or called) and all(map(_compilable, tree["children"]))


def _compile(tree: dict[str, Any], source: Source) -> Get:
    path = _path(tree)
    if path is not None:
        return source.getter(path)
    if tree["type"] == "literal":
        value = tree["value"]
        return lambda _: value
    parts = [_compile(child, source) for child in tree["children"]]
    return _COMPILERS[tree["type"]](tree, parts)


def _not(_: dict[str, Any], parts: list[Get]) -> Get:
    [get] = parts
    return lambda record: not truthy(get(record))


def _and(_: dict[str, Any], parts: list[Get]) -> Get:
    left, right = parts

    def both(record: Any) -> Any:  # noqa: ANN401 - JSON
        value = left(record)
        return right(record) if truthy(value) else value

    return both


def _or(_: dict[str, Any], parts: list[Get]) -> Get:
    left, right = parts

    def either(record: Any) -> Any:  # noqa: ANN401 - JSON
        value = left(record)
        return value if truthy(value) else right(record)

    return either


def _comparator(tree: dict[str, Any], parts: list[Get]) -> Get:
    left, right = parts
    name = tree["value"]
    if name in {"eq", "ne"}:
        wanted = name == "eq"
        return lambda record: equal(left(record), right(record)) is wanted
    compare = _COMPARATORS[name]

    def ordered(record: Any) -> bool | None:  # noqa: ANN401 - JSON
        one, other = left(record), right(record)
        comparable = (_number(one) and _number(other)) or (isinstance(one, str) and isinstance(other, str))
        return compare(one, other) if comparable else None

    return ordered


def equal(one: object, other: object) -> bool:
    """Whether two JSON values are equal: `true` is not 1."""
    return one == other and (one.__class__ is bool) is (other.__class__ is bool)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and value.__class__ is not bool


def _function(tree: dict[str, Any], parts: list[Get]) -> Get:
    name = tree["value"]
    if name == "not_null":
        return lambda record: next((found for get in parts if (found := get(record)) is not None), None)
    subject, argument = parts
    if name == "contains":

        def contains(record: Any) -> bool | None:  # noqa: ANN401 - JSON
            where, what = subject(record), argument(record)
            if isinstance(where, str):
                return what in where if isinstance(what, str) else None
            return what in where if isinstance(where, list) else None

        return contains
    test = str.startswith if name == "starts_with" else str.endswith

    def tested(record: Any) -> bool | None:  # noqa: ANN401 - JSON
        text, part = subject(record), argument(record)
        return test(text, part) if isinstance(text, str) and isinstance(part, str) else None

    return tested


_COMPILERS: Final[dict[str, Callable[[dict[str, Any], list[Get]], Get]]] = {
    "not_expression": _not,
    "and_expression": _and,
    "or_expression": _or,
    "comparator": _comparator,
    "function_expression": _function,
}
