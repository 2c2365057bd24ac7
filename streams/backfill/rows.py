"""Rows of tables, and CSV's; Parquet's: `streams.backfill.parquet`.

A native table has the events' field names as its columns.

What a cell says is taken as it stands; only what the field's type demands is converted, and what does not
fit is left for the validation to refuse. An empty cell, and a null, is an absent field.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import IO, Any, Final, NamedTuple, cast

import msgspec
from msgspec import inspect

from models.contract.decoding import MAX_BYTES
from models.contract.events import EVENT_TYPES
from streams.errors import RetentionError

Row = dict[str, Any]


class UnreadableRow(NamedTuple):
    """A row that cannot be read.

    Attributes:
        content: what can be shown of it, as JSON.
        problem: what is wrong.
    """

    content: bytes
    problem: str


_SEPARATORS: Final = (",", ";", "\t", "|")
_NAMED: Final = re.compile(r"sep=(.)\s*")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
#: As Postgres, MySQL and spreadsheets write them.
_BOOLEANS: Final = {**dict.fromkeys(("true", "t", "1"), True), **dict.fromkeys(("false", "f", "0"), False)}
# A table's decimals are numbers; what is no whole number of minor units is refused as such.
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class _Lines(Iterator[str]):
    """The lines of a CSV file, which know whether they have come to their end."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self.ended = False

    def __next__(self) -> str:
        # No TextIOWrapper: it would close the file when it is dropped.
        line = self._raw.readline(2 * MAX_BYTES)
        if not line:
            self.ended = True
            raise StopIteration
        return _text(line)


def csv_rows(raw: IO[bytes]) -> Iterator[tuple[int, Row | UnreadableRow]]:
    """Give the number of the line on which each row ends, and the row: column -> text.

    The separator is the one of comma, semicolon, tab and bar that the header has most of, or what a line
    before it names, as Excel's `sep=;` does.

    Raises:
        RetentionError: there is no header, or it names a column twice; or it is not UTF-8.
    """
    lines = _Lines(raw)
    header, before = next(lines, "").removeprefix("\ufeff"), 1
    separator = max(_SEPARATORS, key=header.count)
    if named := _NAMED.fullmatch(header):
        header, before, separator = next(lines, ""), 2, named[1]
    cells = next(csv.reader([header], delimiter=separator), [])
    columns = [name.strip() for name in cells]
    if not columns or len(set(columns)) < len(columns):
        raise RetentionError(
            "the first line of a CSV file has to name its columns, each once",
            f"it is {header[:200].strip()!r}",
        )
    csv.field_size_limit(2 * MAX_BYTES)
    spaced = all(name.startswith(" ") for name in cells[1:])
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=spaced)
    for cells in reader:
        if problem := _problem(cells, columns, lines):
            yield reader.line_num + before, UnreadableRow(msgspec.json.encode(cells), problem)
        elif cells:
            row: Row = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
            yield reader.line_num + before, row


def _problem(cells: Sequence[str], columns: Sequence[str], lines: _Lines) -> str:
    """Say what is wrong with a row of which nobody can say which cell is which; nothing, if all is well."""
    if lines.ended:  # looking for the end of a text, since any other row ends with its line
        return "a quote is opened, and the file ends before it is closed: all up to there is one row"
    if any(cells[len(columns) :]):
        return f"the row has {len(cells)} cells, and the header {len(columns)}: are quotes missing?"
    return ""


def _text(line: bytes) -> str:
    """Decode a line. Put in for what is not UTF-8, one character would make one id of many."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise RetentionError(
            f"a CSV file has to be UTF-8, and a line of this is not: {line[:100]!r}",
            "convert it, such as with `iconv -f WINDOWS-1252 -t UTF-8`",
        ) from None


def native(row: Row) -> bytes:
    """Give the event that a row of a native table is, as JSON."""
    converters = _converters()
    return _ENCODER.encode(
        {
            name: converters[name](cell) if type(cell) is str and name in converters else cell
            for name, cell in row.items()
        }
    )


def _integer(cell: str) -> object:
    return int(cell) if _INTEGER.fullmatch(cell) else cell


def _number(cell: str) -> object:
    try:
        return float(cell)
    except ValueError:
        return cell


def _boolean(cell: str) -> object:
    return _BOOLEANS.get(cell.lower(), cell)


def _json(cell: str) -> object:
    try:
        return msgspec.json.decode(cell)
    except ValueError:
        return cell


#: What a field is in the events -> what makes it of a cell's text; all others are text.
_CONVERT: Final[Mapping[type[inspect.Type], Callable[[str], object]]] = {
    inspect.IntType: _integer,
    inspect.FloatType: _number,
    inspect.BoolType: _boolean,
    inspect.ListType: _json,
    inspect.DictType: _json,
}


@cache
def _converters() -> Mapping[str, Callable[[str], object]]:
    """Field -> what makes it of a cell; a name means the same in all events."""
    converters = {}
    for event_type in EVENT_TYPES.values():
        for field in cast("inspect.StructType", inspect.type_info(event_type)).fields:
            kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
            for kind in kinds:
                if type(kind) in _CONVERT:
                    converters[field.name] = _CONVERT[type(kind)]
    return converters
