"""Event files: JSON lines, CSV or Parquet, plain or gzip, `-` for standard input; with progress."""

import csv
import gzip
import io
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final, Literal, NamedTuple, Self, cast

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from models.contract.decoding import MAX_BYTES
from streams.backfill import mapped, rows
from streams.backfill.parquet import parquet_rows
from streams.errors import RetentionError
from streams.mapping.reader import Reader

_GZIP_MAGIC = b"\x1f\x8b"
#: Lines between two looks at the clock: a look costs as much as reading a line.
_LOOK_EVERY = 1000

Format = Literal["jsonl", "csv", "parquet"]
#: Ending of a file's name, without `.gz` -> its format; all others are JSON lines.
_ENDINGS: Final[dict[str, Format]] = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet"}

FILES = click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True),
)
FORMAT = click.option(
    "--format",
    "file_format",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    help="Of all files [default: by their names: .csv, .tsv and .parquet, also with .gz; else JSON lines].",
)


MAPPING = click.option(
    "--mapping",
    help="What makes events of the records: a mapping of the configuration, or one that comes with this.",
)


class Line(NamedTuple):
    """A line that is not blank, or a table's row, as an event's JSON if all is well; and where it stands.

    Attributes:
        file: its name.
        number: of the line or row, from 1. With a mapping, several events may have one.
        content: what it says.
        refused: the reason and a message, by a mapping or because a row cannot be read; then the content is
            as it came.
    """

    file: str
    number: int
    content: bytes
    refused: tuple[str, str] | None = None


def read(
    files: Sequence[str],
    progress: "ReadProgress | None" = None,
    file_format: Format | None = None,
    mapping: Reader | None = None,
) -> Iterator[Line]:
    """Give the events of all files.

    Args:
        files: their names.
        progress: told how far it has come.
        file_format: of all files; if none is given, it follows from each one's name.
        mapping: of what is in them; none: the contract's own events.

    Raises:
        RetentionError: a file cannot be read, or its compression is broken.
    """
    for file in files:
        kind = file_format or _format(file)
        try:
            with click.open_file(file, "rb") as raw:
                opened = _Opened(file, cast("io.BufferedReader", raw), progress)
                yield from opened.lines(mapping) if kind == "jsonl" else opened.rows(kind, mapping)
        except (EOFError, OSError, zlib.error, csv.Error) as error:
            raise RetentionError(f"{file} cannot be read: {error}") from None
        if progress is not None:
            progress.finished(file)


def _format(file: str) -> Format:
    return _ENDINGS.get(Path(file.lower().removesuffix(".gz")).suffix, "jsonl")


class _Opened:
    """A file that is being read."""

    def __init__(self, file: str, raw: io.BufferedReader, progress: "ReadProgress | None") -> None:
        self._file = file
        self._raw = raw
        self._progress = progress
        zipped = raw.peek(2)[:2] == _GZIP_MAGIC
        self._content = cast("IO[bytes]", gzip.GzipFile(fileobj=raw) if zipped else raw)

    def lines(self, mapping: Reader | None) -> Iterator[Line]:
        file, content = self._file, self._content
        number = 0
        # A limit, so that a file without line ends cannot fill the memory: such a line's rest is dropped.
        while line := content.readline(2 * MAX_BYTES):
            number += 1
            complete = line
            while not line.endswith(b"\n") and (line := content.readline(2 * MAX_BYTES)):
                pass
            if stripped := complete.strip():
                if mapping is None:
                    yield Line(file, number, stripped)
                else:
                    yield from (Line(file, number, *each) for each in mapped.of_line(stripped, mapping))
            if number % _LOOK_EVERY == 0:
                self._moved()

    def rows(self, kind: Format, mapping: Reader | None) -> Iterator[Line]:
        if kind == "csv":
            found = rows.csv_rows(self._content)
        else:
            # Its table of contents is at its end.
            content = self._content if self._content.seekable() else io.BytesIO(self._content.read())
            found = parquet_rows(content)
        for count, (number, row) in enumerate(found):
            if isinstance(row, rows.UnreadableRow):
                yield Line(self._file, number, row.content, ("invalid_field", row.problem))
            elif mapping is None:
                yield Line(self._file, number, rows.native(row))
            else:
                yield from (Line(self._file, number, *each) for each in mapped.of_row(row, mapping))
            if count % _LOOK_EVERY == 0:
                self._moved()

    def _moved(self) -> None:
        if self._progress is not None:
            self._progress.moved(self._raw)


class _Rate(ProgressColumn):
    def __init__(self, things: str) -> None:
        super().__init__()
        self._things = things

    def render(self, task: Task) -> Text:
        events = task.fields["events"]
        return Text(f"{events:,} {self._things}  {events / max(task.elapsed or 0, 1e-9):,.0f}/s")


def _bar(doing: str, things: str = "events") -> Progress:
    """A bar on stderr; nothing is shown where that is no terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn(doing), BarColumn(), _Rate(things), TimeRemainingColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    )  # fmt: skip


class Counter:
    """Counts events."""

    def __init__(self) -> None:
        self.events = 0


class ReadProgress(Counter):
    """A bar on stderr over the bytes of all files, with the rate of events and the time left.

    Nothing is shown where stderr is no terminal. A context manager.
    """

    def __init__(self, files: Sequence[str], doing: str) -> None:
        super().__init__()
        sizes = {file: Path(file).stat().st_size for file in files if file != "-"}
        self._sizes = sizes
        self._before = 0
        self._started = time.monotonic()
        self._bar = _bar(doing)
        total = sum(sizes.values()) if "-" not in files else None
        self._task = self._bar.add_task(doing, total=total, events=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def moved(self, raw: IO[bytes]) -> None:
        """Take how far the present file has been read."""
        if raw.seekable():
            self._bar.update(self._task, completed=self._before + raw.tell(), events=self.events)

    def finished(self, file: str) -> None:
        """Take that a file has been read to its end."""
        self._before += self._sizes.get(file, 0)
        self._bar.update(self._task, completed=self._before, events=self.events)

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self._started


class CountProgress:
    """A bar on stderr over a known number of things, with their rate and the time left. A context manager."""

    def __init__(self, total: int, doing: str, things: str = "events", done: int = 0) -> None:
        self._bar = _bar(doing, things)
        self._task = self._bar.add_task(doing, total=total, completed=done, events=0)
        self._added = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def add(self, number: int) -> None:
        """Take that there have been so many more."""
        self._added += number
        self._bar.update(self._task, advance=number, events=self._added)
