"""Check that files have the fields that their events need, and name those that are missing.

A table's columns are known from its header, so a missing one is an error before the first row is read. The
fields of JSON lines, and columns whose cells are all empty, are known at the end of the file. They are
an error only if the file yields no event.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from streams.errors import RetentionError
from streams.mapping import event_types
from streams.mapping.expressions import SURROUNDINGS, Path
from streams.mapping.places import Place, covered, listed, place_of, places_in, similar
from streams.mapping.reader import Reader
from streams.mapping.requirements import MissingField, described, hint, missing_fields

#: Prints one line for the user.
Notice = Callable[[str], None]

#: The fields that every event of the contract has.
_COMMON: Final = tuple(
    name
    for name in ("type", *event_types.REQUIRED["customer.erased"])
    if name == "type" or all(name in required for required in event_types.REQUIRED.values())
)
_KAFKA_ONLY: Final = frozenset({"_key", "_headers", "_topic", "_timestamp"})
#: Cells that column names do not look like: numbers, times, addresses, empty ones.
_DATA: Final = re.compile(r"[+-]?[\d.,]+|\d{4}-\d\d-\d\d.*|.*@.*|", re.DOTALL)
#: Places that are collected: keys of JSON objects may be ids.
_MOST_PLACES: Final = 10_000


def check_columns(file: str, columns: Sequence[str], mapping: Reader | None, notice: Notice | None) -> None:
    """Check that a table has the columns that its events need.

    Args:
        file: file name.
        columns: the table's columns.
        mapping: the mapping; None for the contract's events.
        notice: prints optional columns that look misspelt, and of the contract's events those that are
            unknown; None prints nothing.

    Raises:
        RetentionError: a column that is needed is missing. The message names it and the columns.
    """
    missing, misspelt = _of_event(columns) if mapping is None else _of_mapping(columns, mapping)
    if missing:
        raise _missing_columns(file, columns, missing, mapping)
    if notice is None:
        return
    for name, meant in misspelt.items():
        if meant is not None:
            notice(_misspelt(file, name, meant, mapping))
    unknown = [name for name, meant in misspelt.items() if meant is None]
    if mapping is None and unknown:
        notice(f"{file}: no event has a field of these columns: {listed(unknown)}")


def _of_event(columns: Sequence[str]) -> tuple[list[MissingField], dict[str, str | None]]:
    """Return the missing fields of an event, and unknown column -> field that was probably meant."""
    missing = [MissingField((name,), f"`{name}` of every event") for name in _COMMON if name not in columns]
    unknown = [name for name in columns if name not in event_types.ALL_FIELDS | {"type"}]
    return missing, {name: similar(name, event_types.ALL_FIELDS - set(columns)) for name in unknown}


def _of_mapping(columns: Sequence[str], mapping: Reader) -> tuple[list[MissingField], dict[str, str | None]]:
    """Return the missing fields of a mapping, and missing column -> column that was probably meant."""
    read = {str(path[0]) for path in mapping.paths()}
    missing = missing_fields(mapping.definition, lambda path: path[0] in columns, of_each=True)
    unused = sorted(set(columns) - read)
    return missing, {name: similar(name, unused) for name in sorted(read - set(columns))}


def _misspelt(file: str, name: str, meant: str, mapping: Reader | None) -> str:
    if mapping is None:
        return f"{file}: the column `{name}` is no field of an event; did you mean `{meant}`?"
    return f"{file} has no column `{name}`, which mapping {mapping.name} reads; did you mean `{meant}`?"


def _missing_columns(
    file: str, columns: Sequence[str], missing: Sequence[MissingField], mapping: Reader | None
) -> RetentionError:
    reader = "an event" if mapping is None else f"mapping {mapping.name}"
    needed = f"{file} has no column {described(missing)}, which {reader} needs"
    if any(_DATA.fullmatch(name) for name in columns):
        return RetentionError(
            f"{needed}; its first line looks like a record instead of column names",
            "write the column names into the first line",
        )
    return RetentionError(
        f"{needed}; its columns are {listed(columns)}",
        hint(missing, columns) or _hint_of_table(columns, mapping),
    )


def _hint_of_table(columns: Sequence[str], mapping: Reader | None) -> str:
    if len(columns) == 1 and columns[0].startswith("{"):
        return "the file looks like JSON lines: --format jsonl"
    if len(columns) == 1 and (separator := re.search(r"[^\w.'\"-]", columns[0])):
        return (
            f"the header is one column; if {separator[0]!r} separates the columns,"
            f" write sep={separator[0]} into a line before it"
        )
    return "" if mapping else "--mapping NAME converts a table with other columns (docs/mapping.md)"


class FieldCheck:
    """The fields of a file's records, collected until the file yields an event.

    Args:
        file: file name.
        mapping: the mapping of the file.
        notice: prints the fields that are null in every line; None prints nothing.

    Attributes:
        file: file name.
    """

    def __init__(self, file: str, mapping: Reader, notice: Notice | None = None) -> None:
        self.file = file
        self._mapping = mapping
        self._notice = notice
        self._places: set[Place] = set()
        self._null: set[Place] = set()
        self._records = 0
        self._has_event = False

    @property
    def done(self) -> bool:
        """Whether the file yielded an event, so that nothing more is collected."""
        return self._has_event

    def add(self, record: Mapping[str, Any] | None, *, yields_event: bool) -> None:
        """Add the fields of a record.

        Args:
            record: the record without its envelope; None if it cannot be read.
            yields_event: whether the mapping makes an event of it.
        """
        self._has_event |= yields_event
        self._records += record is not None
        if record is not None and len(self._places) < _MOST_PLACES:
            self._places |= {place for place, _ in places_in(record)}
            self._null |= {name for name, value in record.items() if value is None}

    def finish(self) -> None:
        """Check the whole file.

        Raises:
            RetentionError: no line yields an event, and none has a field that the mapping needs.
        """
        if self._has_event or not self._records:
            return
        missing = self._missing(self._places | self._null)
        if missing:
            raise RetentionError(
                f"no line of {self.file} has {described(missing)}, which mapping {self._mapping.name} needs;"
                f" the fields are {listed(sorted(self._places | self._null))}",
                hint(missing, self._places),
            )
        if self._notice is not None and (null := self._missing(self._places)):
            self._notice(
                f"every line of {self.file} has null or nothing for {described(null)},"
                f" which mapping {self._mapping.name} needs"
            )

    def _missing(self, places: Collection[Place]) -> list[MissingField]:
        """Return the fields that the mapping needs and that are at none of the places."""

        def has(path: Path) -> bool:
            if path[0] in SURROUNDINGS:
                return path[0] not in _KAFKA_ONLY
            return covered(place_of(path), places)

        return missing_fields(self._mapping.definition, has, of_each=False)
