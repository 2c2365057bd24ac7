"""Placeholders that stand for the value of a column that did not change.

PostgreSQL stores large values apart (TOAST), and leaves them out of the change events of a row that did not
change them. Debezium then writes a placeholder, `__debezium_unavailable_value` unless its setting
`unavailable.value.placeholder` names another. A column of bytes has the bytes of the placeholder, a list or a
map has the placeholder as its only element. In any of these forms it is no value.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

from streams.mapping.expressions import Path
from streams.mapping.record_access import RecordElement

#: Debezium's default.
DEFAULT_PLACEHOLDER: Final = "__debezium_unavailable_value"
#: Key of a cleaned row for the paths of its placeholders: no field of a record has such a name.
_UNAVAILABLE: Final = "\x7funavailable"


class UnavailablePlaces:
    """Places of a record at which placeholders were. A record may have thousands.

    Args:
        places: their paths.
    """

    def __init__(self, places: Iterable[Path]) -> None:
        self._places = frozenset(places)
        self._above: set[Path] = set()
        for place in self._places:
            self._add_above(place)

    def _add_above(self, place: Path) -> None:
        for end in range(len(place), -1, -1):
            above = place[:end]
            if above in self._above:  # and so are those above it
                return
            self._above.add(above)

    def touch(self, path: Path) -> bool:
        """Return whether a path contains one of the places, or leads into it."""
        return path in self._above or any(path[:end] in self._places for end in range(len(path)))


class Placeholders:
    """Debezium's default placeholder, and another one if there is any, in all their forms.

    Args:
        other: Debezium's `unavailable.value.placeholder`, if it is not the default.
        binary: whether encoded records may have columns of bytes as text. Each form to look for costs 1 us.
    """

    def __init__(self, other: str = DEFAULT_PLACEHOLDER, *, binary: bool = True) -> None:
        raws = {DEFAULT_PLACEHOLDER.encode(), other.encode()}
        base64s = {base64.b64encode(raw) for raw in raws} | {base64.urlsafe_b64encode(raw) for raw in raws}
        hexes = {raw.hex().encode() for raw in raws}
        texts = {one.decode() for one in raws | base64s | hexes}
        self._forms: frozenset[str | bytes] = frozenset(texts | raws)
        encoded = {*(one.rstrip(b"=") for one in base64s), *hexes} if binary else set()
        self._encoded = tuple(raws | encoded)

    def may_be_in(self, value: bytes) -> bool:
        """Return whether an encoded record may contain a placeholder."""
        for encoded in self._encoded:  # noqa: SIM110 - a generator takes longer than the search
            if encoded in value:
                return True
        return False

    def are_in(self, row: Mapping[str, Any]) -> bool:
        """Return whether a value of a row is a placeholder."""
        return any(self.include(value) for value in row.values() if value is not None)

    def include(self, value: object) -> bool:
        """Return whether a value is a placeholder, or a list or map of one."""
        if value.__class__ is str or value.__class__ is bytes:
            return value in self._forms
        return isinstance(value, list | dict) and any(one in self._forms for one in value if _is_text(one))

    def cleaned(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row without placeholders.

        A placeholder is replaced by the value in `_before`, which a table with a full replica identity has.
        Without it, the field becomes None, and `unavailable_in` returns its path.
        """
        before = row.get("_before")
        known = before if isinstance(before, dict) else {}
        kept = {name: known[name] for name, value in row.items() if name in known and self.include(value)}
        unavailable: list[Path] = []
        cleaned = {
            name: self._cleaned(kept.get(name, value), (name,), unavailable) for name, value in row.items()
        }
        return {**cleaned, _UNAVAILABLE: UnavailablePlaces(unavailable)} if unavailable else cleaned

    def _cleaned(self, value: Any, path: Path, unavailable: list[Path]) -> Any:  # noqa: ANN401 - JSON
        if self.include(value):
            unavailable.append(path)
            return None
        if isinstance(value, dict):
            return {name: self._cleaned(one, (*path, name), unavailable) for name, one in value.items()}
        if isinstance(value, list):
            return [self._cleaned(one, (*path, number), unavailable) for number, one in enumerate(value)]
        return value


def _is_text(value: object) -> bool:
    return value.__class__ is str or value.__class__ is bytes


def unavailable_in(held: Any) -> UnavailablePlaces | None:  # noqa: ANN401 - as a source holds records
    """Return the places at which a record had placeholders; None for nearly every record."""
    row = held.record if held.__class__ is RecordElement else held
    found: UnavailablePlaces | None = row.get(_UNAVAILABLE) if row.__class__ is dict else None
    return found
