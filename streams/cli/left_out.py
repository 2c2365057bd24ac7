"""What of files does not become an event: said, counted, and kept where somebody wants to mend it.

Two things are told apart. A line is *refused* if something is wrong with it: that is said, and the exit code
is `REFUSED`, so that a job at night can tell. Others are *left out* as they should be: a mapping's `skip` is
about them, or none of its events, nobody is named in them, or they are older than anything that counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from streams.backfill.mapped import ANONYMOUS, NOTHING, SKIPPED
from streams.cli.files import Line
from streams.cli.messages import counted
from streams.errors import RetentionError
from streams.operations.dead_letters import readable

#: The exit code of a command that did what it was to do, but for lines that were refused.
REFUSED: Final = 9
#: Where refused lines of standard input are kept unless something else is said: they are nowhere else.
_OF_STANDARD_INPUT: Final = Path("refused.jsonl")

_TOO_OLD: Final = "too_old"
_REPORTED_AT_MOST: Final = 10

KEPT = click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Add all refused lines to this file, each with its reason.",
)


class RejectedLines:
    """Lines that do not become events: the first few are said, all are counted, refused ones are kept.

    Args:
        counts: reason -> number, to go on from; changed in place.
        path: of a file to which refused lines are added; none: they are not kept.

    Raises:
        RetentionError: there is no directory for the file.
    """

    def __init__(self, counts: dict[str, int] | None = None, path: Path | None = None) -> None:
        if path is not None and not path.parent.is_dir():  # before hours of work, not after
            raise RetentionError(f"{path} cannot be written: there is no such directory")
        self.counts: dict[str, int] = {} if counts is None else counts
        self._path = path

    def add(self, line: Line, reason: str, message: str) -> None:
        """Take one, and say it if not too many have been; without a message it is only counted."""
        if message and sum(self.counts.values()) < _REPORTED_AT_MOST:
            click.echo(f"{line.file}:{line.number}: {reason}: {message}", err=True)
        self.counts[reason] = self.counts.get(reason, 0) + 1
        if self._path is not None and _is_refusal(reason):
            _keep(self._path, line, reason, message)

    def report(self) -> int:
        """Say how many there were, by reason, and give the exit code that follows."""
        for row in told(self.counts, self._path):
            click.echo(row, err=True)
        return exit_code(self.counts)


def kept_at(path: Path | None, files: Sequence[str]) -> Path | None:
    """Give where refused lines of these files are kept: somewhere, if they would be nowhere else."""
    return _OF_STANDARD_INPUT if path is None and "-" in files else path


def exit_code(counts: Mapping[str, int]) -> int:
    """Give the exit code of a command that has left out so many, by reason."""
    return REFUSED if any(map(_is_refusal, counts)) else 0


def told(counts: Mapping[str, int], path: Path | None = None) -> Iterator[str]:
    """Say in lines how many were refused, and how many were left out as they should be."""
    refused = {reason: count for reason, count in counts.items() if _is_refusal(reason)}
    others = {reason: count for reason, count in counts.items() if not _is_refusal(reason)}
    if refused:
        where = "" if path is None else f"; kept in {path}"
        yield f"{_lines(refused)} refused: {_by_reason(refused)}{where}"
    if others:
        yield f"{_lines(others)} left out: {_by_reason(others)}"


def _is_refusal(reason: str) -> bool:
    return reason not in {ANONYMOUS, NOTHING, _TOO_OLD} and not reason.startswith(SKIPPED)


def _lines(counts: Mapping[str, int]) -> str:
    return counted(sum(counts.values()), "line")


def _by_reason(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))


def _keep(path: Path, line: Line, reason: str, message: str) -> None:
    """Add a line to the file, at once: what has been counted is there, whatever happens next."""
    said = {
        "file": line.file,
        "line": line.number,
        "reason": reason,
        "message": message,
        "value": readable(line.content),
    }
    try:
        with path.open("ab") as file:
            file.write(msgspec.json.encode(said) + b"\n")
    except OSError as error:
        raise RetentionError(f"{path} cannot be written: {error.strerror}") from None
