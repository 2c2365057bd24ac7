"""What an Avro value would hold, decided before it is decoded.

Some types take no bytes (null, a record without fields) and some contain themselves. A few bytes of such a
type can hold millions of values, or nest so deep that the decoder overflows its stack and ends the process.

Of most schemas it can be decided once that no value holds more than `_VALUES_PER_BYTE` times its bytes: their
values are decoded at once if they are short. The values of other schemas, and long ones, are counted first.
That takes about as long as decoding them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.mapping.limits import MOST_LEVELS, MOST_VALUES, too_deep, too_many_values

#: A record of one field is two values of one byte. Records of records of one field, in an array, have more.
_VALUES_PER_BYTE: Final = 2
_LONG_BYTES: Final = 10
_FIXED_SIZES: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_TYPES: Final = frozenset(
    {*_FIXED_SIZES, *("int", "long", "bytes", "string", "record", "error", "enum", "fixed", "array", "map")}
)
#: A schema as fastavro parses it: the name of a type, a union, or a type with its attributes.
Schema = str | Sequence[Any] | Mapping[str, Any]


class Bound(NamedTuple):
    """The most that values of a type hold.

    Attributes:
        surplus: values beyond `_VALUES_PER_BYTE` for each byte; infinite if there is no bound.
        levels: objects and lists in each other.
    """

    surplus: float
    levels: float


class AvroLimits:
    """Checks the values of a schema against the limits.

    Args:
        schema: the parsed schema.
        named: full name -> parsed schema of each type that has one.
    """

    def __init__(self, schema: Schema, named: Mapping[str, Schema]) -> None:
        bound = _TypeBounds(named).of(schema)
        self._shortest = (
            (MOST_VALUES - bound.surplus) / _VALUES_PER_BYTE if bound.levels <= MOST_LEVELS else -math.inf
        )
        self._count = _Counters(named).of(schema)

    def check(self, value: bytes) -> None:
        """Check that a value is within the limits.

        Raises:
            EventError: `too_large`: it holds too many values, or is nested too deep.
            ValueError: it is not of the schema.
        """
        if len(value) > self._shortest:
            self._count(_Cursor(value), 1)


class _TypeBounds:
    """The bounds of types. Those of named types are found once."""

    def __init__(self, named: Mapping[str, Schema]) -> None:
        self._named = named
        self._known: dict[str, Bound] = {}
        self._open: set[str] = set()

    def of(self, schema: Schema) -> Bound:
        kind, inner = _resolved(schema, self._named)
        if not isinstance(inner, Mapping) or "name" not in inner:
            return self._of(kind, inner)
        name = inner["name"]
        if name in self._open or len(self._open) > MOST_LEVELS:  # contains itself, or is one of a long chain
            return Bound(math.inf, math.inf)
        if name not in self._known:
            self._open.add(name)
            self._known[name] = self._of(kind, inner)
            self._open.remove(name)
        return self._known[name]

    def _of(self, kind: str, schema: Any) -> Bound:  # noqa: ANN401 - JSON
        if kind == "union":
            branches = [self.of(branch) for branch in schema]
            return Bound(max(one.surplus for one in branches) - _VALUES_PER_BYTE, _levels(branches))
        if kind in {"record", "error"}:
            fields = [self.of(field["type"]) for field in schema["fields"]]
            return Bound(1 + sum(one.surplus for one in fields), 1 + _levels(fields))
        if kind in {"array", "map"}:
            key = 1 - _VALUES_PER_BYTE if kind == "map" else 0
            item = self.of(schema["items" if kind == "array" else "values"])
            unbounded = item.surplus + key > 0
            return Bound(math.inf if unbounded else 1 - _VALUES_PER_BYTE, 1 + item.levels)
        size = schema["size"] if kind == "fixed" else _FIXED_SIZES.get(kind, 1)
        return Bound(1 - _VALUES_PER_BYTE * size, 0)


def _levels(bounds: Sequence[Bound]) -> float:
    return max((one.levels for one in bounds), default=0)


def _resolved(schema: Schema, named: Mapping[str, Schema]) -> tuple[str, Any]:
    """Return the kind of a type, and the type itself."""
    while True:
        if isinstance(schema, str):
            if schema in _TYPES:
                return schema, schema
            schema = named[schema]
        elif isinstance(schema, Mapping):
            if isinstance(schema["type"], str) and schema["type"] in _TYPES:
                return schema["type"], schema
            schema = schema["type"]
        else:
            return "union", schema


class _Cursor:
    """A place in a value, and the number of values before it."""

    __slots__ = ("at", "data", "values")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.values = 0

    def long(self) -> int:
        """Return the zigzag varint at the cursor, and move the cursor past it."""
        result, at = 0, self.at
        for number, byte in enumerate(self.data[at : at + _LONG_BYTES]):
            result |= (byte & 0x7F) << 7 * number
            if not byte & 0x80:
                self.at = at + number + 1
                result &= (1 << 64) - 1
                return (result >> 1) ^ -(result & 1)
        raise ValueError("a number does not end")

    def skip(self, size: int) -> None:
        """Move the cursor past bytes."""
        self.at += size
        if size < 0 or self.at > len(self.data):
            raise ValueError("the value ends early")

    def counted(self, number: int = 1) -> None:
        """Add to the number of values, and raise beyond the limit."""
        self.values += number
        if self.values > MOST_VALUES:
            raise too_many_values()


#: Goes over a value at a level of nesting, and counts what it holds.
_Count = Callable[[_Cursor, int], None]


class _Counters:
    """Functions that count the values in a value of a type. Each is made on its first use."""

    def __init__(self, named: Mapping[str, Schema]) -> None:
        self._named = named
        self._known: dict[str, _Count] = {}

    def of(self, schema: Schema) -> _Count:
        """Return the function of a type."""
        kind, inner = _resolved(schema, self._named)
        if not isinstance(inner, Mapping) or "name" not in inner:
            return self._of(kind, inner)
        name = inner["name"]

        def count(cursor: _Cursor, level: int) -> None:
            if name not in self._known:
                self._known[name] = self._of(kind, inner)
            self._known[name](cursor, level)

        return count

    def _of(self, kind: str, schema: Any) -> _Count:  # noqa: ANN401 - JSON
        if kind == "union":
            return _union([self.of(branch) for branch in schema])
        if kind in {"record", "error"}:
            return _record([self.of(field["type"]) for field in schema["fields"]])
        if kind in {"array", "map"}:
            return _blocks(self.of(schema["items" if kind == "array" else "values"]), keyed=kind == "map")
        if kind in {"bytes", "string"}:
            return _text
        if kind in {"int", "long", "enum"}:
            return _number
        return _fixed(schema["size"] if kind == "fixed" else _FIXED_SIZES[kind])


def _union(branches: Sequence[_Count]) -> _Count:
    def count(cursor: _Cursor, level: int) -> None:
        number = cursor.long()
        if not 0 <= number < len(branches):
            raise ValueError("the union has no such branch")
        branches[number](cursor, level)

    return count


def _record(fields: Sequence[_Count]) -> _Count:
    def count(cursor: _Cursor, level: int) -> None:
        _check_level(level)
        cursor.counted()
        for field in fields:
            field(cursor, level + 1)

    return count


def _blocks(item: _Count, *, keyed: bool) -> _Count:
    def count(cursor: _Cursor, level: int) -> None:
        _check_level(level)
        cursor.counted()
        while items := cursor.long():
            if items < 0:
                cursor.long()  # the bytes of the block, for readers that skip it
            for _ in range(abs(items)):
                if keyed:
                    _text(cursor, level)
                item(cursor, level + 1)

    return count


def _text(cursor: _Cursor, level: int) -> None:
    del level
    cursor.counted()
    cursor.skip(cursor.long())


def _number(cursor: _Cursor, level: int) -> None:
    del level
    cursor.counted()
    cursor.long()


def _fixed(size: int) -> _Count:
    def count(cursor: _Cursor, level: int) -> None:
        del level
        cursor.counted()
        cursor.skip(size)

    return count


def _check_level(level: int) -> None:
    if level > MOST_LEVELS:
        raise too_deep()
