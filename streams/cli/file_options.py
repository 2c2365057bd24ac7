"""Arguments and options of the commands that read event files."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from models.contract.decoding import to_us
from models.contract.event import Time
from streams.backfill.files import STANDARD_INPUT
from streams.backfill.null_words import CSV_WORDS, NullCells
from streams.backfill.rejected_lines import RejectedLines, exit_code, summary
from streams.cli.messages import warn
from streams.errors import RetentionError

#: The longest ending that a file has while it is written.
_PARTIAL: Final = ".partial"


class OutputFile(click.Path):
    """A file to write, checked before hours of work instead of after them."""

    def __init__(self, path_type: type[Path] | None = None) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=path_type)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Return the path.

        Raises:
            RetentionError: no file can be written there.
        """
        path = super().convert(value, param, ctx)
        if os.fspath(path) != STANDARD_INPUT and (problem := _problem(Path(os.fsdecode(path)))):
            raise RetentionError(f"{os.fsdecode(path)} cannot be written: {problem}")
        return path


def _problem(path: Path) -> str | None:
    """Return why no file can be written at a path; None if one can."""
    try:
        if not path.parent.is_dir():
            return "its directory does not exist"
        if not path.exists() and not os.access(path.parent, os.W_OK):
            return "its directory is read-only for this user"
        os.lstat(f"{path}{_PARTIAL}")
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror
    return None


#: A file to read, or `-` for standard input.
EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True)
FILES: Final = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=EXISTING_FILE)
FORMAT: Final = click.option(
    "--format",
    "file_format",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    help="Format of all files [default: by name: .csv, .tsv, .parquet, also with .gz; otherwise JSON lines].",
)
MAPPING: Final = click.option(
    "--mapping",
    help="Convert the records to events with this mapping: one of the configuration, or a bundled one.",
)
NULL: Final = click.option(
    "--null",
    "null_words",
    metavar="WORD",
    multiple=True,
    help="Read cells of this text as nothing; repeat it for several words "
    f"[default: the mapping's `null`, or in CSV {' '.join(CSV_WORDS)}].",
)
REJECTED_FILE: Final = click.option(
    "--refused",
    type=OutputFile(Path),
    metavar="FILE",
    help="Append every rejected line to this file, with its reason.",
)


class Instant(click.ParamType):
    """An RFC 3339 time, converted to microseconds since the epoch."""

    name = "time"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the time in microseconds since the epoch; fail with an example if it is invalid."""
        if isinstance(value, int):
            return value
        try:
            return to_us(msgspec.convert(value, Time))
        except msgspec.ValidationError:
            self.fail(f"{value!r} is not a time such as 2026-01-31T12:00:00Z", param, ctx)


def null_cells(words: Sequence[str]) -> NullCells:
    """Return the words of `--null`, or the default ones without the option."""
    return NullCells(words or None)


def print_summary(rejected: RejectedLines, nulls: NullCells | None = None) -> int:
    """Print how many cells were nothing, how many lines were rejected and left out; return the exit code."""
    if nulls is not None:
        print_nulls(nulls)
    for row in summary(rejected.counts, rejected.path):
        warn(row)
    return exit_code(rejected.counts)


def print_nulls(nulls: NullCells) -> None:
    """Print how many cells were read as nothing, if any."""
    if found := nulls.summary():
        warn(found)
