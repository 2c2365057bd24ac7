"""Event files: JSON lines, plain or gzip, `-` for standard input; read once, in order, with progress."""

import gzip
import io
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple, Self, cast

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from models.events import MAX_BYTES
from streams.errors import RetentionError

_GZIP_MAGIC = b"\x1f\x8b"
#: Lines between two looks at the clock: a look costs as much as reading a line.
_LOOK_EVERY = 1000
_REPORTED_AT_MOST = 10

FILES = click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True),
)


class Line(NamedTuple):
    """A line that is not blank, and where it stands."""

    file: str
    number: int
    content: bytes


def read(files: Sequence[str], progress: "ReadProgress") -> Iterator[Line]:
    """Give the lines of all files.

    Raises:
        RetentionError: a file cannot be read, or its compression is broken.
    """
    for file in files:
        try:
            with click.open_file(file, "rb") as raw:
                yield from _lines(file, cast("io.BufferedReader", raw), progress)
        except (EOFError, OSError, zlib.error) as error:
            raise RetentionError(f"{file} cannot be read: {error}") from None


def _lines(file: str, raw: io.BufferedReader, progress: "ReadProgress") -> Iterator[Line]:
    zipped = raw.peek(2)[:2] == _GZIP_MAGIC
    content = gzip.open(raw) if zipped else raw  # noqa: SIM115 - nothing to close but `raw`
    number = 0
    # A limit, so that a file without line ends cannot fill the memory: the rest of such a line is dropped.
    while line := content.readline(2 * MAX_BYTES):
        number += 1
        complete = line
        while not line.endswith(b"\n") and (line := content.readline(2 * MAX_BYTES)):
            pass
        if stripped := complete.strip():
            yield Line(file, number, stripped)
        if number % _LOOK_EVERY == 0:
            progress.moved(raw)
    progress.finished(file)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        events = task.fields["events"]
        return Text(f"{events:,} events  {events / max(task.elapsed or 0, 1e-9):,.0f}/s")


class ReadProgress:
    """A bar on stderr over the bytes of all files, with the rate of events and the time left.

    Nothing is shown where stderr is no terminal. A context manager.
    """

    def __init__(self, files: Sequence[str], doing: str) -> None:
        sizes = {file: Path(file).stat().st_size for file in files if file != "-"}
        self._sizes = sizes
        self._before = 0
        self._started = time.monotonic()
        self.events = 0
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn(doing), BarColumn(), _Rate(), TimeRemainingColumn(), console=console, transient=True,
            disable=not console.is_terminal,
        )  # fmt: skip
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


class BadLines:
    """Lines that do not count: the first few are said, all are counted."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, line: Line, reason: str, message: str) -> None:
        """Take one, and say it if not too many have been."""
        if sum(self.counts.values()) < _REPORTED_AT_MOST:
            click.echo(f"{line.file}:{line.number}: {reason}: {message}", err=True)
        self.counts[reason] = self.counts.get(reason, 0) + 1

    def report(self, what: str) -> None:
        """Say how many there were, by reason."""
        total = sum(self.counts.values())
        if total:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(self.counts.items()))
            click.echo(f"{total:,} line{'s' if total > 1 else ''} {what}: {reasons}", err=True)
