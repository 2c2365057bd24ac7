"""How far a load has come: what was sent of which kind, what was left out, and where to go on.

The order of the events is a function of the files (`streams.backfill.order`), so a number says exactly which
of them the broker has acknowledged: the first so many. What was on its way when a load broke off is sent
again; that makes duplicates, which their ids give away, and never a gap.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import msgspec

from streams.backfill.order import FIRST
from streams.errors import RetentionError

_VERSION: Final = 1


class File(msgspec.Struct, frozen=True):
    """What a file is told from another by.

    Attributes:
        path: absolute.
        size: bytes.
        modified: nanoseconds since the epoch.
    """

    path: str
    size: int
    modified: int

    @classmethod
    def of(cls, name: str | Path) -> Self:
        """Describe the file as it is."""
        path = Path(name).resolve()
        status = path.stat()
        return cls(str(path), status.st_size, status.st_mtime_ns)


class Sent(msgspec.Struct):
    """What was sent to one topic.

    Attributes:
        events: how many.
        earliest: event time, microseconds.
        latest: the same.
    """

    events: int = 0
    earliest: int | None = None
    latest: int | None = None


class Loading(msgspec.Struct):
    """The state of a load.

    Attributes:
        files: in the order in which they were named; with a mapping, the configuration too.
        mapping: the name of the one that makes events of what is in them.
        taken: so many events, the first in the order of time, are done with: acknowledged, or left out.
        complete: whether that is all.
        sent: topic -> what was sent to it.
        left_out: reason -> how many were not sent.
        seconds: spent sending.
        version: of this file's own format.
    """

    files: list[File]
    mapping: str | None = None
    taken: int = 0
    complete: bool = False
    sent: dict[str, Sent] = msgspec.field(default_factory=dict)
    left_out: dict[str, int] = msgspec.field(default_factory=dict)
    seconds: float = 0.0
    version: int = _VERSION

    @property
    def events(self) -> int:
        """How many events were sent."""
        return sum(sent.events for sent in self.sent.values())

    def sending(self, topic: str, events: int, earliest: int, latest: int) -> None:
        """Count events that go to a topic; their times come in order."""
        sent = self.sent.setdefault(topic, Sent())
        sent.events += events
        if latest != FIRST:
            sent.earliest = earliest if sent.earliest is None else sent.earliest
            sent.latest = latest

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise RetentionError(f"{path} cannot be written: {error.strerror}") from None


def begin(names: Sequence[str | Path], mapping: str | None, path: Path | None) -> Loading:
    """Give the state of a load of these files by this mapping: as it was left, if there is one.

    Raises:
        RetentionError: it is of other files, or of files that have changed; or it cannot be read.
    """
    if path is None:
        return Loading([])
    if "-" in names:
        raise RetentionError("standard input cannot be resumed", "load a file, or leave out --resume")
    files = [File.of(name) for name in names]
    if not path.exists():
        return Loading(files, mapping)
    hint = "sending everything again does no harm: ids tell duplicates. Delete it to begin anew"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Loading)
    except (OSError, ValueError) as error:
        raise RetentionError(f"{path} is not the state of a load: {error}", hint) from None
    if found.version != _VERSION:
        raise RetentionError(f"{path} was written by another release", hint)
    if (found.files, found.mapping) != (files, mapping):
        raise RetentionError(f"{path} is the state of other files, or they have changed since", hint)
    return found
