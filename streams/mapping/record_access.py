"""How records are held while they are mapped: as plain dictionaries, or as structs of the mapped fields only.

JSON is decoded into struct types made from the mapping's own paths: all other fields are skipped and never
become objects. A Shopify order has 300 values, of which a mapping reads 12.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct, field

from streams.mapping import json_text
from streams.mapping.expressions import SURROUNDINGS, Get, Path, Source

#: JSON name of the fields for metadata (`_topic`, `_before`, …): no JSON can fill them by accident.
_HIDDEN: Final = "\x7fretention{}"


class RecordElement(NamedTuple):
    """A record, and one element of the list that a rule with `each` iterates."""

    record: Any
    item: Any


class ElementSource:
    """`RecordElement`s over records of another source: `_item` is the element.

    Args:
        records: how the records themselves are held.
    """

    def __init__(self, records: Source) -> None:
        self._records = records
        self._record: Any = None
        self._document: dict[str, Any] = {}

    def attribute(self, path: Path) -> str | None:
        """Return the dotted attribute that holds a path's value; None if a getter is needed."""
        attribute = None if path[0] == "_item" else self._records.attribute(path)
        return None if attribute is None else f"record.{attribute}"

    def getter(self, path: Path) -> Get:
        """Return the getter of a path."""
        if path[0] != "_item":
            get = self._records.getter(path)
            return lambda element: get(element.record)
        if len(path) == 1:
            return attrgetter("item")
        walk = _walk(path[1:])
        return lambda element: walk(element.item)

    def document(self, held: RecordElement) -> dict[str, Any]:
        """Return the record as a dictionary, with the element as `_item`.

        The elements of a record share one dictionary: a copy for each would take time by their square.
        """
        if held.record is not self._record:
            self._record, self._document = held.record, dict(self._records.document(held.record))
        self._document["_item"] = held.item
        return self._document


class Rows:
    """Records held as dictionaries."""

    def attribute(self, path: Path) -> str | None:
        """Return None: dictionaries have no attributes."""
        del path
        return None

    def getter(self, path: Path) -> Get:
        """Return the getter of a path."""
        if len(path) == 1 and isinstance(path[0], str):
            [name] = path
            return lambda record: record.get(name)
        return _walk(path)

    def document(self, held: dict[str, Any]) -> dict[str, Any]:
        """Return the record: it is a dictionary already."""
        return held


def _walk(path: Path) -> Get:
    """Return the getter of a path into dictionaries and lists."""
    if any(isinstance(step, int) for step in path):
        return lambda record: _step_by_step(record, path)
    if len(path) == 2:  # noqa: PLR2004 - the most frequent length
        first, second = path

        def two(record: Any) -> Any:  # noqa: ANN401 - JSON
            try:
                return record[first][second]
            except KeyError:
                return None
            except TypeError:
                return _step_by_step(record, path)

        return two

    def walk(record: Any) -> Any:  # noqa: ANN401 - JSON
        found = record
        try:
            for step in path:
                found = found[step]
        except KeyError:
            return None
        except TypeError:
            return _step_by_step(record, path)
        return found

    return walk


def _step_by_step(record: Any, path: Path) -> Any:  # noqa: ANN401 - JSON
    """Return the value at a path, which may lead into text that is JSON; None if it is absent."""
    found: Any = record
    for step in path:
        if found.__class__ is str:
            found = json_text.parsed(found)
        if not isinstance(found, list if isinstance(step, int) else dict):
            return None
        try:
            found = found[step]  # type: ignore[index]
        except (KeyError, IndexError):
            return None
    return found


class Node(Struct):
    """One place of a record.

    Attributes:
        fields: field name -> place below.
        whole: whether the complete value is read.
    """

    fields: dict[str, "Node"] = field(default_factory=dict)
    whole: bool = False

    def at(self, path: Path) -> "Node":
        """Return the place of a path, added if missing. A list with an indexed element is read completely."""
        node = self
        for step in path:
            if isinstance(step, int):
                node.whole = True
                return node
            node = node.fields.setdefault(step, Node())
        return node


class Shape:
    """Records held as structs with the mapped fields only.

    Args:
        paths: paths that the mapping reads, with the list of every rule that has `each`.

    Attributes:
        row: struct type of a record.

    Raises:
        ValueError: a field's name cannot be a struct's: the mapping needs `Rows`.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._root = Node()
        for path in paths:
            self._add(path)
        self.row = self._struct(self._root, with_metadata=True)

    def _add(self, path: Path) -> None:
        if path[0] == "_before":
            path = path[1:]
        elif path[0] in SURROUNDINGS:
            return
        if path:
            self._root.at(path).whole = True

    def getter(self, path: Path) -> Get:
        """Return the getter of a path."""
        if path[0] == "_before":
            return self._getter(["_before"], self._root, path[1:])
        if path[0] in SURROUNDINGS:
            return self._getter([str(path[0])], Node(whole=True), path[1:])
        return self._getter([], self._root, path)

    def _getter(self, names: list[str], node: Node, path: Path) -> Get:
        attributes, steps = _attributes(node, path)
        get = _attribute([*names, *attributes], path[: len(attributes)])
        if not steps:
            return get
        walk = _walk(steps)

        def both(record: Any) -> Any:  # noqa: ANN401 - JSON
            found = get(record)
            return None if found is None else walk(found)

        return both

    def attribute(self, path: Path) -> str | None:
        """Return the dotted attribute that holds a path's value; None if a getter is needed."""
        if path[0] in SURROUNDINGS:
            return None
        attributes, steps = _attributes(self._root, path)
        return None if steps else ".".join(attributes)

    def document(self, held: Any) -> dict[str, Any]:  # noqa: ANN401 - a struct
        """Raise: mappings whose expressions need dictionaries are compiled for `Rows`."""
        raise AssertionError(f"an expression that needs a dictionary is compiled for {type(held)}")

    def _struct(self, node: Node, *, with_metadata: bool = False) -> type[Struct]:
        """Return the struct type of a place. Its fields are numbered: JSON names need not be Python names."""
        names = {_name(node, name): name for name in node.fields}
        types = [(_name(node, name), self._type(below), None) for name, below in node.fields.items()]
        if with_metadata:
            names |= {name: _HIDDEN.format(name) for name in SURROUNDINGS}
            types += [(name, Any, None) for name in SURROUNDINGS]
        return msgspec.defstruct("Record", types, rename=names, gc=False)

    def _type(self, node: Node) -> Any:  # noqa: ANN401 - a type
        """Return the type of a place. A value of another kind than an object is kept unchanged."""
        return Any if node.whole else self._struct(node) | list[Any] | str | int | float | bool | None


def _attributes(node: Node, path: Path) -> tuple[list[str], Path]:
    """Return the attributes along a path, and the remaining path inside a whole value."""
    names: list[str] = []
    for number, step in enumerate(path):
        if node.whole or isinstance(step, int):
            return names, path[number:]
        names.append(_name(node, step))
        node = node.fields[step]
    return names, ()


def _name(node: Node, name: str) -> str:
    return f"f{list(node.fields).index(name)}"


def _attribute(names: list[str], path: Path) -> Callable[[Any], Any]:
    """Return the getter of an attribute.

    Args:
        names: attributes from the root struct on.
        path: their names in the record; the first attribute may be metadata, which has none.
    """
    read = attrgetter(".".join(names))
    if len(names) == 1:  # cannot fail: the root struct has every field
        return read

    def get(record: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            return read(record)
        except AttributeError:
            return _in_text(record, names, path)

    return get


def _in_text(record: Any, names: list[str], path: Path) -> Any:  # noqa: ANN401 - JSON
    """Return the value of an attribute that lies in text that is JSON; None if it is absent."""
    found = record
    for number, name in enumerate(names):
        if found.__class__ is str:
            return _step_by_step(found, path[number - len(names) :])
        found = getattr(found, name, None)
    return found
