"""Read event files: JSON lines, CSV or Parquet, plain or gzip; `-` is standard input."""

import contextlib
import csv
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Final, Literal, NamedTuple, Protocol, cast

from models.contract.decoding import MAX_BYTES
from streams.backfill import mapped, rows
from streams.backfill.field_check import Notice, check_columns
from streams.backfill.line_sniffer import LineSniffer
from streams.backfill.null_words import NullCells
from streams.backfill.parquet import parquet_rows
from streams.backfill.records import FileRecord, map_records
from streams.backfill.rejection import REPEATED_HEADER, Rejection
from streams.backfill.rows import Row, UnreadableRow
from streams.backfill.text_encoding import as_utf8
from streams.errors import RetentionError
from streams.mapping.reader import Reader

_GZIP_MAGIC: Final = b"\x1f\x8b"
#: Lines between two progress reports: a report costs as much as reading a line.
_LINES_PER_REPORT: Final = 1000

STANDARD_INPUT: Final = "-"
Format = Literal["jsonl", "csv", "parquet"]
#: File name suffix, without `.gz` -> format; every other file is JSON lines.
_FORMATS: Final[dict[str, Format]] = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet"}


#: Receives a line or row.
Observer = Callable[[bytes | Row], None]


class Line(NamedTuple):
    """One event of a file, or a line that is not an event. Blank lines are skipped.

    Attributes:
        file: file name.
        number: number of the line or row, from 1; a mapping may make several events of one line.
        content: the event as JSON; the line as it was read if it was rejected.
        rejection: why a mapping rejected the line, or why the row is unreadable; None for an event.
    """

    file: str
    number: int
    content: bytes
    rejection: Rejection | None = None


class EventCounter:
    """A counter of events.

    Attributes:
        events: number of valid events so far.
    """

    def __init__(self) -> None:
        self.events = 0


class FileProgress(Protocol):
    """Progress over the bytes of files.

    Attributes:
        events: number of events so far; incremented by the caller of `read`.
    """

    events: int

    def update_position(self, raw: IO[bytes]) -> None:
        """Show the position in the file that is being read."""

    def finish_file(self, file: str) -> None:
        """Show that a file was read to its end."""


def read(
    files: Sequence[str],
    progress: FileProgress | None = None,
    file_format: Format | None = None,
    mapping: Reader | None = None,
    *,
    notice: Notice | None = None,
    nulls: NullCells | None = None,
    observe: Observer | None = None,
) -> Iterator[Line]:
    """Yield the events of files, file by file.

    Args:
        files: file names; `-` is standard input.
        progress: receives the position in the files.
        file_format: format of all files; None derives it from each file's name.
        mapping: converts the shop's own records to events; None reads the contract's events.
        notice: prints what is unusual about a file: it is empty, or a column looks misspelt.
        nulls: words that are nothing in tables; None has the default words and counts no cells.
        observe: receives every readable record that is mapped.

    Raises:
        RetentionError: a file cannot be read, its compression is broken, a table has no valid header, or a
            file lacks a field that its events need.
    """
    records = read_records(files, progress, file_format, mapping, notice=notice, nulls=nulls)
    if mapping is None:
        yield from map(_native_line, records)
        return
    for record, result in map_records(records, mapping, notice):
        if isinstance(record.content, UnreadableRow) or result is None:
            yield _native_line(record)
            continue
        if observe is not None:
            observe(record.content)
        for content, rejection in mapped.results_of(record.content, result):
            yield Line(record.file, record.number, content, rejection)


def _native_line(record: FileRecord) -> Line:
    content = record.content
    if isinstance(content, UnreadableRow):
        return Line(record.file, record.number, content.content, rejection_of(content))
    event = content if isinstance(content, bytes) else rows.native_event(content)
    return Line(record.file, record.number, event)


def read_records(
    files: Sequence[str],
    progress: FileProgress | None = None,
    file_format: Format | None = None,
    mapping: Reader | None = None,
    *,
    notice: Notice | None = None,
    nulls: NullCells | None = None,
) -> Iterator[FileRecord]:
    """Yield the records of files, file by file, without mapping them.

    Args:
        files: file names; `-` is standard input.
        progress: receives the position in the files.
        file_format: format of all files; None derives it from each file's name.
        mapping: checks the columns of tables; None checks them for the contract's events.
        notice: prints what is unusual about a file: it is empty, or a column looks misspelt.
        nulls: words that are nothing in tables; None has the default words and counts no cells.

    Raises:
        RetentionError: a file cannot be read, its compression is broken, a table has no valid header, or a
            column that is needed is missing.
    """
    nulls = NullCells() if nulls is None else nulls
    for file in files:
        kind = file_format or format_of(file)
        try:
            with _open(file) as raw:
                opened = _OpenFile(file, raw, progress, notice, nulls)
                yield from opened.lines() if kind == "jsonl" else opened.rows(kind, mapping)
        except (EOFError, OSError, zlib.error, csv.Error) as error:
            raise RetentionError(f"{file} cannot be read: {error}") from None
        if progress is not None:
            progress.finish_file(file)


def _open(file: str) -> contextlib.AbstractContextManager[io.BufferedReader]:
    if file == STANDARD_INPUT:
        return contextlib.nullcontext(cast("io.BufferedReader", sys.stdin.buffer))
    return open(file, "rb")  # noqa: PTH123 - the name as the user wrote it; the caller closes it


def format_of(file: str) -> Format:
    """Return the format of a file, derived from its name."""
    return _FORMATS.get(Path(file.lower().removesuffix(".gz")).suffix, "jsonl")


class _OpenFile:
    """A file that is being read."""

    def __init__(
        self,
        file: str,
        raw: io.BufferedReader,
        progress: FileProgress | None,
        notice: Notice | None,
        nulls: NullCells,
    ) -> None:
        self._file = file
        self._raw = raw
        self._progress = progress
        self._notice = notice
        self._nulls = nulls
        zipped = raw.peek(2)[:2] == _GZIP_MAGIC
        self._content = gzip.GzipFile(fileobj=raw) if zipped else raw

    def lines(self) -> Iterator[FileRecord]:
        sniffer = LineSniffer(self._file)
        for number, line in enumerate(self._bounded_lines(), 1):
            if stripped := line.strip():
                sniffer.add(stripped)
                yield FileRecord(self._file, number, stripped)
            if number % _LINES_PER_REPORT == 0:
                self._report_position()
        self._print(sniffer.finding())

    def _bounded_lines(self) -> Iterator[bytes]:
        """Yield lines, cut at twice the largest event: a file without line ends must not fill the memory."""
        content = as_utf8(self._content)
        while line := content.readline(2 * MAX_BYTES):
            start = line
            while not line.endswith(b"\n") and (line := content.readline(2 * MAX_BYTES)):
                pass
            yield start

    def rows(self, kind: Format, mapping: Reader | None) -> Iterator[FileRecord]:
        count = 0
        for count, (number, row) in enumerate(self._found_rows(kind, mapping), 1):
            yield FileRecord(self._file, number, row)
            if count % _LINES_PER_REPORT == 0:
                self._report_position()
        self._print("" if count else f"{self._file} has columns and no row")

    def _found_rows(self, kind: Format, mapping: Reader | None) -> Iterator[tuple[int, Row | UnreadableRow]]:
        on_columns = partial(check_columns, self._file, mapping=mapping, notice=self._notice)
        if kind == "csv":
            found = self._naming_the_file(rows.csv_rows(as_utf8(self._content), on_columns))
        else:
            # Parquet's index is at the end of the file.
            content = self._content if self._content.seekable() else io.BytesIO(self._content.read())
            found = parquet_rows(cast("IO[bytes]", content), on_columns)
        return self._nulls.without_nulls(found, self._file, is_csv=kind == "csv", mapping=mapping)

    def _naming_the_file(
        self, found: Iterator[tuple[int, Row | UnreadableRow]]
    ) -> Iterator[tuple[int, Row | UnreadableRow]]:
        """Yield the rows of a CSV file, whose errors name no file: of several, a user must know which."""
        try:
            yield from found
        except rows.UnreadableCsv as error:
            raise RetentionError(f"{self._file}: {error.message}", error.hint) from None

    def _print(self, finding: str) -> None:
        if finding and self._notice is not None:
            self._notice(finding)

    def _report_position(self) -> None:
        if self._progress is not None:
            self._progress.update_position(self._raw)


def rejection_of(row: UnreadableRow) -> Rejection:
    """Return why a row is not an event."""
    return Rejection("invalid_field", row.problem) if row.problem else Rejection(REPEATED_HEADER, "")
