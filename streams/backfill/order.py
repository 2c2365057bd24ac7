"""Merge the events of several files in the order of their times, in bounded memory.

A file that is in order is read as it is. Every other file is cut into runs, which are sorted in memory and
stored, compressed, in a temporary file. All of them are then merged. A file is opened when the merge reaches
its first event, so a thousand daily files cost no more than one.

The order is a function of the files: by time, then by file, then by position in the file. An event without a
valid time stays behind the event before it.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import heapify, heappop, heappush, heapreplace
from itertools import islice
from typing import IO, Final, NamedTuple, cast

import cramjam
import msgspec

from streams.backfill.rejection import Rejection

#: Bytes of event content that are sorted in memory; with Python's objects about three times as much memory.
RUN_BYTES: Final = 64 << 20
#: Events read from a run at a time: about 100 KB for each open run.
FRAME_EVENTS: Final = 500

#: Time before all times: of the events at the beginning of a file that have no valid time.
FIRST: Final = -(1 << 62)


class Timed(NamedTuple):
    """An event, or a rejected line, with its sort key.

    Attributes:
        time: event time, microseconds since the epoch.
        file: index of the file.
        number: number of the line or row in the file, from 1.
        part: index among the events of this line.
        content: the event as JSON; the line as it was read if it was rejected.
        rejection: why the line is not an event; None for an event.
    """

    time: int
    file: int
    number: int
    part: int
    content: bytes
    rejection: Rejection | None = None


#: Yields the events of a file from its beginning, each time it is called.
Open = Callable[[], Iterator[Timed]]


class FileEvents(NamedTuple):
    """The events of one file.

    Attributes:
        open: reads the events.
        rereadable: whether the events can be read twice; False for standard input.
    """

    open: Open
    rereadable: bool = True


class _Stream(NamedTuple):
    """A sorted sequence of events.

    Attributes:
        first: time of the first event, microseconds since the epoch.
        open: reads the events.
    """

    first: int
    open: Open


class Ordered:
    """The events of all sources in order. It can be iterated more than once.

    Attributes:
        count: number of events.
        earliest: earliest event time, microseconds since the epoch; None if no event has a valid time.
        latest: latest event time, microseconds since the epoch; None if no event has a valid time.
        held: bytes of content of the runs that stay in memory.
    """

    def __init__(self) -> None:
        self.count = 0
        self.held = 0
        self.earliest: int | None = None
        self.latest: int | None = None
        self._streams: list[_Stream] = []

    def __iter__(self) -> Iterator[Timed]:
        return _merge(self._streams)

    def add(self, source: FileEvents, run_file: IO[bytes], run_bytes: int) -> None:
        """Add a source: as it is if it is in order, otherwise in sorted runs.

        Args:
            source: the events.
            run_file: temporary file for the runs.
            run_bytes: bytes of event content that are sorted in memory.
        """
        if source.rereadable and (time_range := _prescan(source.open())) is not None:
            self._add(time_range, source.open)
        else:
            for run in _runs(source.open(), run_file, run_bytes, run_bytes - self.held):
                self._add(run.time_range, run.open)
                self.held += run.held

    def _add(self, time_range: "_TimeRange", events: Open) -> None:
        if not time_range.count:
            return
        self.count += time_range.count
        self._streams.append(_Stream(time_range.first, events))
        if time_range.earliest is not None:
            earliest, latest = time_range.earliest, time_range.last
            self.earliest = earliest if self.earliest is None else min(self.earliest, earliest)
            self.latest = latest if self.latest is None else max(self.latest, latest)


@contextmanager
def in_time_order(sources: Iterable[FileEvents], run_bytes: int = RUN_BYTES) -> Iterator[Ordered]:
    """Sort the events of all sources by time.

    Args:
        sources: each is read once to check its order, and again to be merged or sorted.
        run_bytes: bytes of event content that are sorted in memory.
    """
    with tempfile.TemporaryFile(prefix="retention-") as run_file:
        ordered = Ordered()
        for source in sources:
            ordered.add(source, cast("IO[bytes]", run_file), run_bytes)
        yield ordered


class _TimeRange:
    """Number and times of a sequence of events in order.

    Attributes:
        count: number of events.
        first: time of the first event, microseconds since the epoch; `FIRST` if it has no valid time.
        last: time of the last event.
        earliest: earliest valid time; None if no event has one.
    """

    def __init__(self) -> None:
        self.count = 0
        self.first = self.last = FIRST
        self.earliest: int | None = None

    def add(self, time: int) -> bool:
        """Add the next event; return False if it is out of order."""
        if time < self.last:
            return False
        if time != FIRST and self.earliest is None:
            self.earliest = time
        if not self.count:
            self.first = time
        self.count += 1
        self.last = time
        return True


class _Run(NamedTuple):
    """Sorted events.

    Attributes:
        time_range: number and times of the events.
        open: reads the events.
        held: bytes of content in memory; 0 if the run is in the run file.
    """

    time_range: _TimeRange
    open: Open
    held: int


def _prescan(events: Iterator[Timed]) -> _TimeRange | None:
    """Return the range of events that are in order; None at the first that is out of order."""
    time_range = _TimeRange()
    return time_range if all(time_range.add(event.time) for event in events) else None


def _runs(events: Iterator[Timed], run_file: IO[bytes], run_bytes: int, spare: int) -> Iterator[_Run]:
    """Cut events into sorted runs. The last run stays in memory if it is no larger than `spare` bytes."""
    run: list[Timed] = []
    size = 0
    for event in events:
        run.append(event)
        size += len(event.content)
        if size >= run_bytes:
            yield _Run(_sort(run), _store(run, run_file), 0)
            run, size = [], 0
    if run:
        time_range = _sort(run)
        if 0 < size <= spare:
            yield _Run(time_range, run.__iter__, size)
        else:
            yield _Run(time_range, _store(run, run_file), 0)


def _sort(run: list[Timed]) -> _TimeRange:
    """Sort a run in place and return its range."""
    run.sort()
    time_range = _TimeRange()
    for event in run:
        time_range.add(event.time)
    return time_range


def _store(run: Sequence[Timed], run_file: IO[bytes]) -> Open:
    """Append a run to the run file and return a function that reads it."""
    frames: list[tuple[int, int]] = []
    run_file.seek(0, 2)
    remaining = iter(run)
    while some := list(islice(remaining, FRAME_EVENTS)):
        frame = bytes(cramjam.zstd.compress(msgspec.msgpack.encode(some), level=1))
        frames.append((run_file.tell(), len(frame)))
        run_file.write(frame)

    def read() -> Iterator[Timed]:
        for offset, length in frames:
            run_file.seek(offset)
            frame = bytes(cramjam.zstd.decompress(run_file.read(length)))
            yield from msgspec.msgpack.decode(frame, type=list[Timed])

    return read


def _merge(streams: list[_Stream]) -> Iterator[Timed]:
    """Merge sorted streams. Each is opened when the merge reaches its first event."""
    closed = [(stream.first, index) for index, stream in enumerate(streams)]
    heapify(closed)
    opened: list[tuple[Timed, int, Iterator[Timed]]] = []
    while closed or opened:
        while closed and (not opened or closed[0][0] <= opened[0][0].time):
            _, index = heappop(closed)
            events = streams[index].open()
            if (event := next(events, None)) is not None:
                heappush(opened, (event, index, events))
        if not opened:
            continue
        event, index, events = opened[0]
        yield event
        following = next(events, None)
        if following is None:
            heappop(opened)
        else:
            heapreplace(opened, (following, index, events))
