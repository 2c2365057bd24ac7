"""JMESPath, compiled: the expressions that say where in a record something stands, and which records count.

Parsing and everything unusual is the library's (`jmespath`). What mappings are mostly made of (paths,
comparisons, `&&`, `||`, `!`, literals) becomes closures over a `Source`, the way that a record is held: these
cost a tenth of the library's interpreter. A mapping that needs more runs on plain dictionaries, where the
interpreter takes over.

Beside the record's own fields there are names for what surrounds it (`SURROUNDINGS`).
"""

import operator
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import jmespath
from jmespath.exceptions import JMESPathError
from msgspec import Struct

from streams.mapping import syntax

#: Takes a record as a `Source` holds it, and gives what was asked for; None: there is nothing.
Get = Callable[[Any], Any]
#: Names of fields, and positions in lists.
Path = tuple[str | int, ...]

#: Name -> what it stands for. They begin with an underscore, so that few records have fields of these names.
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
#: What follows the first part of these is relative to it.
_RELATIVE: Final = frozenset(
    {"projection", "filter_projection", "value_projection", "pipe", "flatten", "subexpression"}
)
_FUNCTIONS: Final = frozenset({"contains", "starts_with", "ends_with", "not_null"})


class Expression(Struct, frozen=True):
    """A parsed expression.

    Attributes:
        text: as it was written.
        tree: JMESPath's syntax tree.
    """

    text: str
    tree: dict[str, Any]

    @property
    def path(self) -> Path | None:
        """The path, if it is nothing but one."""
        return _path(self.tree)


class Source(Protocol):
    """How a record is held: what gives a getter for a path."""

    def getter(self, path: Path) -> Get:
        """Give the getter; it never raises."""

    def attribute(self, path: Path) -> str | None:
        """Give the attribute's dotted name, if it is one."""


def parse(text: str) -> Expression:
    """Parse an expression.

    Raises:
        ValueError: it is no JMESPath.
    """
    return Expression(text, syntax.tree(text))


def paths(expression: Expression) -> list[Path]:
    """Give every path that an expression reads from the record, as far as can be told without one."""
    return list(_paths(expression.tree))


def compilable(expression: Expression) -> bool:
    """Whether it becomes closures; else it needs records that are plain dictionaries."""
    return _compilable(expression.tree)


def compiled(expression: Expression, source: Source) -> Get:
    """Make the getter of an expression's value."""
    if compilable(expression):
        return _compile(expression.tree, source)
    search = jmespath.compile(expression.text).search

    def interpret(record: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            return search(record)
        except (
            JMESPathError,
            TypeError,
        ):  # something was given what it does not take, such as a missing field
            return None

    return interpret


def condition(expression: Expression, source: Source) -> Callable[[Any], bool]:
    """Make the test whether an expression holds, in JMESPath's sense: 0 does, what is empty does not."""
    get = compiled(expression, source)
    return lambda record: truthy(get(record))


def truthy(value: object) -> bool:
    """JMESPath's truth: null, false and what is empty are false; every number is true."""
    return bool(value) or (value.__class__ is not bool and isinstance(value, int | float))


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
    """JSON's equality: `true` is not 1."""
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
