"""Yield the events of files in the order of their times."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from streams.backfill.events import TimeOf, timed
from streams.backfill.field_check import Notice
from streams.backfill.files import STANDARD_INPUT, FileProgress, Format, Line, read
from streams.backfill.null_words import NullCells
from streams.backfill.order import FileEvents, Ordered, Timed, in_time_order
from streams.mapping.reader import Reader


@contextmanager
def sorted_events(
    files: Sequence[str],
    file_format: Format | None,
    mapping: Reader | None,
    time_of: TimeOf,
    progress: AbstractContextManager[FileProgress],
    *,
    notice: Notice,
    nulls: NullCells | None = None,
) -> Iterator[Ordered]:
    """Sort the events of files by time.

    Args:
        files: file names; `-` is standard input.
        file_format: format of all files; None derives it from each file's name.
        mapping: converts the shop's own records to events; None reads the contract's events.
        time_of: returns the time by which an event is sorted.
        progress: entered while the files are sorted.
        notice: prints what is unusual about a file, once.
        nulls: words that are nothing in tables; None has the default words and counts no cells.

    Raises:
        RetentionError: a file cannot be read.
    """
    shown: FileProgress | None

    def source(index: int, file: str) -> FileEvents:
        def events() -> Iterator[Timed]:
            printed = None if shown is None else notice
            found = timed(
                read([file], shown, file_format, mapping, notice=printed, nulls=nulls), index, time_of
            )
            return found if shown is None else _counted(found, shown)

        return FileEvents(events, rereadable=file != STANDARD_INPUT)

    with ExitStack() as stack:
        with progress as shown:
            sources = (source(index, file) for index, file in enumerate(files))
            found = stack.enter_context(in_time_order(sources))
        shown = None
        yield found


def _counted(events: Iterator[Timed], progress: FileProgress) -> Iterator[Timed]:
    for event in events:
        progress.events += 1
        yield event


def line_of(event: Timed, files: Sequence[str]) -> Line:
    """Return the line from which a sorted event was read.

    Args:
        event: the event.
        files: the file names given to `sorted_events`.
    """
    return Line(files[event.file], event.number, event.content, event.rejection)
