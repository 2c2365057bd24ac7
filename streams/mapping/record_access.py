"""How a record is held while it is mapped: as plain dictionaries, or as only what the mapping reads.

JSON is decoded into types that are made of the mapping's own paths: what it does not read is skipped and
never becomes an object. A Shopify order has 300 values, of which a mapping reads 12.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from streams.mapping.expressions import SURROUNDINGS, Get, Path

#: A surrounding's name as a field that no JSON can fill by accident.
_HIDDEN: Final = "\x7fretention{}"


class Rows:
    """Records are dictionaries."""

    def attribute(self, path: Path) -> str | None:
        """Nothing is an attribute."""
        del path
        return None

    def getter(self, path: Path) -> Get:
        """Give the getter of a path."""
        if len(path) == 1 and isinstance(path[0], str):
            [name] = path
            return lambda record: record.get(name)
        return _walk(path)


def _walk(path: Path) -> Get:
    """Give the getter of a path into dictionaries and lists."""
    if any(isinstance(step, int) for step in path):
        return lambda record: _step_by_step(record, path)
    if len(path) == 2:  # noqa: PLR2004 - the most frequent one
        first, second = path

        def two(record: Any) -> Any:  # noqa: ANN401 - JSON
            try:
                return record[first][second]
            except (KeyError, TypeError):
                return None

        return two

    def walk(record: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            for step in path:
                record = record[step]
        except (KeyError, TypeError):
            return None
        return record

    return walk


def _step_by_step(record: Any, path: Path) -> Any:  # noqa: ANN401 - JSON
    found: Any = record
    for step in path:
        if not isinstance(found, list if isinstance(step, int) else dict):
            return None
        try:
            found = found[step]  # type: ignore[index]
        except (KeyError, IndexError):
            return None
    return found


class Node(Struct):
    """One place of a record, and what is read of it.

    Attributes:
        fields: name -> place below.
        whole: all of it is read.
    """

    fields: dict[str, "Node"] = field(default_factory=dict)
    whole: bool = False

    def at(self, path: Path) -> "Node":
        """Give the place of a path. What is below a position in a list is read as a whole."""
        node = self
        for step in path:
            if isinstance(step, int):
                node.whole = True
                return node
            node = node.fields.setdefault(step, Node())
        return node


class Shape:
    """Records are structs that have what a mapping reads.

    Args:
        reads: the paths that it reads; a list whose elements a rule goes through is one of them.

    Raises:
        ValueError: a field's name cannot be one of a struct: it has to be read by `Rows`.
    """

    def __init__(self, reads: Iterable[Path]) -> None:
        self._root = Node()
        for path in reads:
            self._add(path)
        self.row = self._struct(self._root, surrounded=True)

    def _add(self, path: Path) -> None:
        if path[0] == "_before":
            path = path[1:]
        elif path[0] in SURROUNDINGS:
            return
        if path:
            self._root.at(path).whole = True

    def getter(self, path: Path) -> Get:
        """Give the getter of a path."""
        if path[0] == "_before":
            return self._getter(["_before"], self._root, path[1:])
        if path[0] in SURROUNDINGS:
            return self._getter([str(path[0])], Node(whole=True), path[1:])
        return self._getter([], self._root, path)

    def _getter(self, names: list[str], node: Node, path: Path) -> Get:
        attributes, steps = _attributes(node, path)
        get = _attribute([*names, *attributes])
        if not steps:
            return get
        walk = _walk(steps)

        def both(record: Any) -> Any:  # noqa: ANN401 - JSON
            found = get(record)
            return None if found is None else walk(found)

        return both

    def attribute(self, path: Path) -> str | None:
        """Give the dotted name of what is read of the record itself, if no list or whole is on its way."""
        if path[0] in SURROUNDINGS:
            return None
        attributes, steps = _attributes(self._root, path)
        return None if steps else ".".join(attributes)

    def _struct(self, node: Node, *, surrounded: bool = False) -> type[Struct]:
        """Make the type of a place whose fields are read; names that JSON allows are no names in Python."""
        names = {_name(node, name): name for name in node.fields}
        types = [(_name(node, name), self._type(below), None) for name, below in node.fields.items()]
        if surrounded:
            names |= {name: _HIDDEN.format(name) for name in SURROUNDINGS}
            types += [(name, Any, None) for name in SURROUNDINGS]
        return msgspec.defstruct("Record", types, rename=names, gc=False)

    def _type(self, node: Node) -> Any:  # noqa: ANN401 - a type
        """Give the type of a place. What turns out to be of another kind there is taken as it is."""
        return Any if node.whole else self._struct(node) | list[Any] | str | int | float | bool | None


def _attributes(node: Node, path: Path) -> tuple[list[str], Path]:
    """Give the attributes that lead along a path, and what is left of it within a whole."""
    names: list[str] = []
    for number, step in enumerate(path):
        if node.whole or isinstance(step, int):
            return names, path[number:]
        names.append(_name(node, step))
        node = node.fields[step]
    return names, ()


def _name(node: Node, name: str) -> str:
    return f"f{list(node.fields).index(name)}"


def _attribute(names: list[str]) -> Callable[[Any], Any]:
    read = attrgetter(".".join(names))
    if len(names) == 1:  # always there: the root is a struct of ours
        return read

    def get(record: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            return read(record)
        except AttributeError:
            return None

    return get
