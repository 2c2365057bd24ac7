"""The events of files in the order of their times, with progress while they are put in order."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from streams.backfill.events import Clock, timed
from streams.backfill.order import Ordered, Source, Timed, in_time_order
from streams.cli.files import Format, Line, ReadProgress, read
from streams.mapping.reader import Reader


@contextmanager
def ordered(
    files: Sequence[str], file_format: Format | None, mapping: Reader | None, clock: Clock
) -> Iterator[Ordered]:
    """Put the events of files in order.

    Args:
        files: their names; - for standard input.
        file_format: of all of them; if none is given, it follows from each one's name.
        mapping: of what is in them; none: the contract's own events.
        clock: gives the time that an event is ordered by.
    """
    progress: ReadProgress | None

    def source(index: int, file: str) -> Source:
        def events() -> Iterator[Timed]:
            found = timed(read([file], progress, file_format, mapping), index, clock)
            return found if progress is None else _counted(found, progress)

        return Source(events, again=file != "-")

    with ExitStack() as stack:
        with ReadProgress(files, "Putting in order") as progress:
            sources = (source(index, file) for index, file in enumerate(files))
            found = stack.enter_context(in_time_order(sources))
        progress = None
        yield found


def _counted(events: Iterator[Timed], progress: ReadProgress) -> Iterator[Timed]:
    for event in events:
        progress.events += 1
        yield event


def line(event: Timed, files: Sequence[str]) -> Line:
    """Give where an event stands, and what it says."""
    return Line(files[event.file], event.number, event.content, event.refused)
