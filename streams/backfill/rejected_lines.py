"""Count the lines of files that do not become events, and keep the rejected ones.

A line is *rejected* if something is wrong with it. The command then exits with `REJECTED`, so that a
scheduled job can react. A line is *left out* if nothing is wrong: a mapping's `skip` matches it, no rule of
the mapping applies to it, it names no customer, it does not change what the event needs, or it is older than
the horizon.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from streams.backfill.files import STANDARD_INPUT, Line
from streams.backfill.rejection import is_rejection
from streams.errors import RetentionError
from streams.operations.dead_letter_json import readable

#: Exit code of a command that finished, but rejected lines.
REJECTED: Final = 9
#: Default file for rejected lines of standard input, which are stored nowhere else.
_STANDARD_INPUT_FILE: Final = Path("refused.jsonl")
_MAX_PRINTED: Final = 10


class RejectedLines:
    """Collect the lines that do not become events.

    The first ten are printed, all are counted, and rejected ones are written to a file if there is one.

    Args:
        print_line: prints one line for the user.
        counts: reason -> number of lines, updated in place; None starts at zero.
        path: file to which rejected lines are appended; None keeps them only in their own files.

    Attributes:
        counts: reason -> number of lines.
        path: file to which rejected lines are appended; None if unset.

    Raises:
        RetentionError: the directory of the file does not exist.
    """

    def __init__(
        self,
        print_line: Callable[[str], None],
        counts: dict[str, int] | None = None,
        path: Path | None = None,
    ) -> None:
        if path is not None and not path.parent.is_dir():  # before hours of work, not after
            raise RetentionError(f"{path} cannot be written: its directory does not exist")
        self.counts: dict[str, int] = {} if counts is None else counts
        self.path = path
        self._print_line = print_line

    def add(self, line: Line, reason: str, message: str) -> None:
        """Count a line; print it if it has a message and fewer than ten lines were added before."""
        if message and sum(self.counts.values()) < _MAX_PRINTED:
            self._print_line(f"{line.file}:{line.number}: {reason}: {message}")
        self.counts[reason] = self.counts.get(reason, 0) + 1
        if self.path is not None and is_rejection(reason):
            _append(self.path, line, reason, message)


def rejected_file(path: Path | None, files: Sequence[str]) -> Path | None:
    """Return the file for the rejected lines of `files`: `path`, or a default one for standard input."""
    return _STANDARD_INPUT_FILE if path is None and STANDARD_INPUT in files else path


def exit_code(reasons: Iterable[str]) -> int:
    """Return the exit code of a command that did not use lines for these reasons: 0 or `REJECTED`."""
    return REJECTED if any(map(is_rejection, reasons)) else 0


def summary(counts: Mapping[str, int], path: Path | None = None) -> list[str]:
    """Return up to two lines of text: how many lines were rejected, and how many were left out.

    Args:
        counts: reason -> number of lines.
        path: file to which the rejected lines were appended; None if unset.
    """
    rejected = {reason: count for reason, count in counts.items() if is_rejection(reason)}
    left_out = {reason: count for reason, count in counts.items() if not is_rejection(reason)}
    where = "" if path is None else f"; kept in {path}"
    return [
        *([f"{_lines(rejected)} rejected: {_by_reason(rejected)}{where}"] if rejected else []),
        *([f"{_lines(left_out)} left out: {_by_reason(left_out)}"] if left_out else []),
    ]


def _lines(counts: Mapping[str, int]) -> str:
    number = sum(counts.values())
    return f"{number:,} line" if number == 1 else f"{number:,} lines"


def _by_reason(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))


def _append(path: Path, line: Line, reason: str, message: str) -> None:
    """Append a line to the file and close it: a counted line is on disk, whatever fails afterwards."""
    entry = {
        "file": line.file,
        "line": line.number,
        "reason": reason,
        "message": message,
        "value": readable(line.content),
    }
    try:
        with path.open("ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")
    except OSError as error:
        raise RetentionError(f"{path} cannot be written: {error.strerror}") from None
