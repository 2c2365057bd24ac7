"""Events of several files in the order of their times, in bounded memory.

A file whose events are in order already is read as it is. Any other is cut into runs that are sorted in
memory and kept, compressed, in a temporary file. Then all are merged; a file is opened when its time has
come, so a thousand daily files cost no more than one.

The order is a function of the files: by time, then by file, then as they stand in it. An event without a
readable time stays behind the one before it.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import heapify, heappop, heappush, heapreplace
from itertools import islice
from typing import IO, Final, NamedTuple, cast

import cramjam
import msgspec

#: Content held while a run is sorted; with Python's objects around it, about three times as much memory.
RUN_BYTES: Final = 64 << 20
#: Events that are read from a run at once: some 100 KB, for each of the runs of the files that are open.
FRAME_EVENTS: Final = 500

#: Before all times: where a file begins whose first events have none.
FIRST: Final = -(1 << 62)


class Timed(NamedTuple):
    """An event, with what it is ordered by; or what was refused in its place, and why.

    Attributes:
        time: microseconds since the epoch.
        file: index of its file.
        number: its line or row in the file, from 1.
        part: which of the events of this line it is.
        content: as JSON; of what was refused, as it came.
        refused: reason and message; none: it is an event.
    """

    time: int
    file: int
    number: int
    part: int
    content: bytes
    refused: tuple[str, str] | None = None


#: Gives the events of a file from its beginning, each time it is called.
Open = Callable[[], Iterator[Timed]]


class Source(NamedTuple):
    """A file's events.

    Attributes:
        open: reads them.
        again: whether that can be done twice; not from standard input.
    """

    open: Open
    again: bool = True


class _Stream(NamedTuple):
    """Events that are in order, and the time of the first."""

    first: int
    open: Open


class Ordered:
    """Events of all sources, in order, each time they are iterated over.

    Attributes:
        count: how many they are.
        earliest: the first time of any, microseconds; None: none has one.
        latest: the last.
        held: bytes of those that were small enough to stay in memory.
    """

    def __init__(self) -> None:
        self.count = 0
        self.held = 0
        self.earliest: int | None = None
        self.latest: int | None = None
        self._streams: list[_Stream] = []

    def __iter__(self) -> Iterator[Timed]:
        return _merged(self._streams)

    def take(self, source: Source, spool: IO[bytes], run_bytes: int) -> None:
        """Add a source: as it is, if it is in order, else in sorted runs."""
        if source.again and (found := _looked_at(source.open())) is not None:
            self._add(found, source.open)
        else:
            for found, run in _runs(source.open(), spool, run_bytes, run_bytes - self.held):
                self._add(found, run)
                self.held += found.held

    def _add(self, found: "_Range", events: Open) -> None:
        if not found.count:
            return
        self.count += found.count
        self._streams.append(_Stream(found.first, events))
        if found.earliest is not None:
            self.earliest = found.earliest if self.earliest is None else min(self.earliest, found.earliest)
            self.latest = found.last if self.latest is None else max(self.latest, found.last)


@contextmanager
def in_time_order(sources: Iterable[Source], run_bytes: int = RUN_BYTES) -> Iterator[Ordered]:
    """Put the events of all sources in order.

    Args:
        sources: each is read once to see whether it is in order, and again to be given or sorted.
        run_bytes: how much is sorted in memory.
    """
    with tempfile.TemporaryFile(prefix="retention-") as spool:
        ordered = Ordered()
        for source in sources:
            ordered.take(source, cast("IO[bytes]", spool), run_bytes)
        yield ordered


class _Range:
    """What is to be known of events that come in order: how many, from when, until when."""

    def __init__(self) -> None:
        self.count = 0
        self.held = 0  # bytes in memory
        self.first = self.last = FIRST
        self.earliest: int | None = None

    def add(self, time: int) -> bool:
        """Take the next event's time; False: it is out of order."""
        if time < self.last:
            return False
        if time != FIRST and self.earliest is None:
            self.earliest = time
        if not self.count:
            self.first = time
        self.count += 1
        self.last = time
        return True


def _looked_at(events: Iterator[Timed]) -> _Range | None:
    """Give what events are that come in order; None as soon as one does not."""
    found = _Range()
    return found if all(found.add(event.time) for event in events) else None


def _runs(
    events: Iterator[Timed], spool: IO[bytes], run_bytes: int, spare: int
) -> Iterator[tuple[_Range, Open]]:
    """Cut events into sorted runs. The last, or only, one stays in memory if it is no larger than `spare`."""
    run: list[Timed] = []
    size = 0
    for event in events:
        run.append(event)
        size += len(event.content)
        if size >= run_bytes:
            yield _sorted(run), _spooled(run, spool)
            run, size = [], 0
    if run:
        found = _sorted(run)
        if size <= spare:
            found.held = size
        yield found, run.__iter__ if found.held else _spooled(run, spool)


def _sorted(run: list[Timed]) -> _Range:
    """Sort a run, and give what it is."""
    run.sort()
    found = _Range()
    for event in run:
        found.add(event.time)
    return found


def _spooled(run: Sequence[Timed], spool: IO[bytes]) -> Open:
    """Write a run to the spool, and give what reads it back."""
    frames: list[tuple[int, int]] = []
    spool.seek(0, 2)
    rest = iter(run)
    while some := list(islice(rest, FRAME_EVENTS)):
        frame = bytes(cramjam.zstd.compress(msgspec.msgpack.encode(some), level=1))
        frames.append((spool.tell(), len(frame)))
        spool.write(frame)

    def read() -> Iterator[Timed]:
        for offset, length in frames:
            spool.seek(offset)
            frame = bytes(cramjam.zstd.decompress(spool.read(length)))
            yield from msgspec.msgpack.decode(frame, type=list[Timed])

    return read


def _merged(streams: list[_Stream]) -> Iterator[Timed]:
    """Merge streams, opening each when the merge has come to its first event."""
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
