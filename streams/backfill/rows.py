"""Read the rows of CSV files, and convert rows to events.

A native table has the events' field names as its columns. A cell is converted only as far as the type of its
field demands. A cell that does not fit stays as it is, so that validation rejects it with its content. An
empty cell and a null are absent fields.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import IO, Any, Final, NamedTuple, cast

import msgspec
from msgspec import inspect

from models.contract.decoding import MAX_BYTES
from models.contract.events import EVENT_TYPES
from streams.errors import RetentionError
from streams.mapping import conversions, event_types

Row = dict[str, Any]


class UnreadableCsv(RetentionError):
    """A CSV file is not UTF-8, or its header is unusable. The message does not name the file."""


class UnreadableRow(NamedTuple):
    """A row that cannot be read.

    Attributes:
        content: the readable part of the row, as JSON.
        problem: the problem in one line; empty for a repeated header, with which nothing is wrong.
    """

    content: bytes
    problem: str


#: Receives the names of a table's columns before its first row.
OnColumns = Callable[[Sequence[str]], None]


def ignore_columns(columns: Sequence[str]) -> None:
    """Accept any columns."""
    del columns


_SEPARATORS: Final = (",", ";", "\t", "|")
_SEPARATOR_LINE: Final = re.compile(r"sep=(.)\s*")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
#: Booleans as Postgres, MySQL and spreadsheets write them.
_BOOLEANS: Final = {**dict.fromkeys(("true", "t", "1"), True), **dict.fromkeys(("false", "f", "0"), False)}
# A table's decimals are numbers; validation rejects one that is not a whole number of minor units.
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class _Lines(Iterator[str]):
    """The lines of a CSV file.

    Attributes:
        ended: whether the end of the file was reached.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._number = 0
        self.ended = False

    def __next__(self) -> str:
        # A TextIOWrapper would close the file when it is garbage-collected.
        line = self._raw.readline(2 * MAX_BYTES)
        if not line:
            self.ended = True
            raise StopIteration
        self._number += 1
        return _decode(line, self._number)


def csv_rows(
    raw: IO[bytes], on_columns: OnColumns = ignore_columns
) -> Iterator[tuple[int, Row | UnreadableRow]]:
    """Yield the rows of a CSV file with the number of the line on which each ends.

    A row is a dict of column -> text. The separator is the most frequent one of comma, semicolon, tab and bar
    in the header, unless a line before the header names it, like Excel's `sep=;`.

    Args:
        raw: the file, in binary mode.
        on_columns: receives the columns; may raise a `RetentionError`.

    Raises:
        UnreadableCsv: the header is missing, a column name is not unique, a line is not UTF-8, or another
            header follows.
    """
    lines = _Lines(raw)
    header, before = next(lines, "").removeprefix("\ufeff"), 1
    separator = max(_SEPARATORS, key=header.count)
    if named := _SEPARATOR_LINE.fullmatch(header):
        header, before, separator = next(lines, ""), 2, named[1]
    cells = next(csv.reader([header], delimiter=separator), [])
    columns = [name.strip() for name in cells]
    _check_header(columns)
    on_columns(columns)
    csv.field_size_limit(2 * MAX_BYTES)
    spaced = all(name.startswith(" ") for name in cells[1:])
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=spaced)
    for cells in reader:
        if _is_header(cells, columns):
            yield reader.line_num + before, UnreadableRow(b"", "")
        elif problem := _problem(cells, columns, lines):
            yield reader.line_num + before, UnreadableRow(msgspec.json.encode(cells), problem)
        elif cells:
            row: Row = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
            yield reader.line_num + before, row


def _check_header(columns: Sequence[str]) -> None:
    if not columns:
        raise UnreadableCsv("the first line of a CSV file must name its columns", "the line is empty")
    repeated = [name for name, count in Counter(columns).items() if count > 1]
    if repeated:
        named = f", `{repeated[0]}`," if repeated[0][:1].isalpha() and "@" not in repeated[0] else ""
        raise UnreadableCsv(
            "the first line of a CSV file must name its columns, each once",
            f"the name of column {columns.index(repeated[0]) + 1}{named} is there again",
        )


def _is_header(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a row repeats the header, as in a file joined of several.

    Raises:
        UnreadableCsv: the row is a header with the columns in another order.
    """
    if not cells or cells[0].removeprefix("\ufeff") not in columns:
        return False
    names = [cells[0].removeprefix("\ufeff"), *cells[1:]]
    if names != columns and len(names) > 1 and sorted(names) == sorted(columns):
        raise UnreadableCsv(
            "a CSV file has a second header with its columns in another order", "split the file before it"
        )
    return names == columns


def _problem(cells: Sequence[str], columns: Sequence[str], lines: _Lines) -> str:
    """Return why the cells of a row cannot be assigned to columns; empty if they can."""
    if lines.ended:  # only an open quote reads to the end of the file: every other row ends with its line
        return "a quote is not closed before the end of the file, so all lines after it are one row"
    if any(cells[len(columns) :]):
        return f"the row has {len(cells)} cells and the header {len(columns)}; quotes may be missing"
    return ""


def _decode(line: bytes, number: int) -> str:
    """Decode a line strictly: a replacement character would make different ids equal."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise UnreadableCsv(
            f"a CSV file must be UTF-8, and line {number:,} is not",
            "convert the file, for example with `iconv -f WINDOWS-1252 -t UTF-8`",
        ) from None


def native_event(row: Row) -> bytes:
    """Return the event of a native table's row, as JSON.

    Args:
        row: field name -> cell.
    """
    converters = _converters()
    return _ENCODER.encode(
        {
            name: converters[name](cell) if type(cell) is str and name in converters else cell
            for name, cell in row.items()
            if cell is not None
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


#: Type of an event's field -> function that converts a cell's text; fields of other types stay text.
_CONVERT: Final[Mapping[type[inspect.Type], Callable[[str], object]]] = {
    inspect.IntType: _integer,
    inspect.FloatType: _number,
    inspect.BoolType: _boolean,
    inspect.ListType: _json,
    inspect.DictType: _json,
}


@cache
def _converters() -> Mapping[str, Callable[[str], object]]:
    """Return field name -> conversion of a cell; a field has the same type in all events."""
    converters = {}
    for event_type in EVENT_TYPES.values():
        for field in cast("inspect.StructType", inspect.type_info(event_type)).fields:
            kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
            for kind in kinds:
                if type(kind) in _CONVERT:
                    converters[field.name] = _CONVERT[type(kind)]
            if event_types.is_identity(field.name):
                converters[field.name] = conversions.identity
    return converters
