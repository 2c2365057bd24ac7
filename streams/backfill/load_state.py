"""State of a load: how many events were sent to which topic, and where to resume.

The order of the events is a function of the files (`streams.backfill.order`), so one number identifies the
events that the broker has acknowledged: the first ones of that order. Events that were in flight when a load
broke off are sent again. Their ids identify them as duplicates, and none is lost.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import msgspec

from streams.backfill.files import STANDARD_INPUT
from streams.backfill.order import FIRST
from streams.errors import RetentionError

_VERSION: Final = 1
#: Fields that decide which events are sent -> option of the command line.
_OPTIONS: Final = {
    "mapping": "--mapping",
    "null_words": "--null",
    "attributes_since": "--attributes-since",
    "within_horizon": "--within-horizon",
}


class File(msgspec.Struct, frozen=True):
    """Identity of a file's content.

    Attributes:
        path: absolute path.
        size: size, bytes.
        modified: modification time, nanoseconds since the epoch.
    """

    path: str
    size: int
    modified: int

    @classmethod
    def of(cls, name: str | Path) -> Self:
        """Return the identity of the file as it is now."""
        path = Path(name).resolve()
        status = path.stat()
        return cls(str(path), status.st_size, status.st_mtime_ns)


class Sent(msgspec.Struct):
    """The events that were sent to one topic.

    Attributes:
        events: number of events.
        earliest: earliest event time, microseconds since the epoch; None if unknown.
        latest: latest event time, microseconds since the epoch; None if unknown.
    """

    events: int = 0
    earliest: int | None = None
    latest: int | None = None


class LoadState(msgspec.Struct):
    """State of a load, stored as JSON between runs.

    Attributes:
        files: the files in the order of the command line; with a mapping, the configuration file too.
        mapping: name of the mapping; None for the contract's events.
        null_words: words of `--null`; empty without the option.
        attributes_since: date of `--attributes-since`; None without the option.
        within_horizon: whether `--within-horizon` leaves out old events.
        processed: number of events, from the first in time order, that are acknowledged or not to be sent.
        complete: whether every event is processed.
        sent: topic -> the events sent to it.
        not_sent: reason -> number of lines that were not sent.
        seconds: seconds spent sending.
        version: version of the file format.
    """

    files: list[File]
    mapping: str | None = None
    null_words: tuple[str, ...] = ()
    attributes_since: datetime | None = None
    within_horizon: bool = False
    processed: int = msgspec.field(default=0, name="taken")
    complete: bool = False
    sent: dict[str, Sent] = msgspec.field(default_factory=dict)
    not_sent: dict[str, int] = msgspec.field(default_factory=dict, name="left_out")
    seconds: float = 0.0
    version: int = _VERSION

    @property
    def events(self) -> int:
        """Number of events sent to all topics."""
        return sum(sent.events for sent in self.sent.values())

    def count_sent(self, topic: str, events: int, earliest: int, latest: int) -> None:
        """Count events sent to a topic.

        Args:
            topic: the topic.
            events: number of events.
            earliest: earliest event time, microseconds since the epoch; not before those of earlier calls.
            latest: latest event time, microseconds since the epoch; `FIRST` if no event has a valid time.
        """
        sent = self.sent.setdefault(topic, Sent())
        sent.events += events
        if latest != FIRST:
            sent.earliest = earliest if sent.earliest is None else sent.earliest
            sent.latest = latest

    def save(self, path: Path) -> None:
        """Replace the file at `path` by this state, atomically.

        Raises:
            RetentionError: the file cannot be written.
        """
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise RetentionError(f"{path} cannot be written: {error.strerror}") from None


def open_state(
    names: Sequence[str | Path],
    mapping: str | None,
    path: Path | None,
    null_words: tuple[str, ...] = (),
    *,
    attributes_since: datetime | None = None,
    within_horizon: bool = False,
) -> LoadState:
    """Return the state of a load: the stored one if there is a file at `path`, otherwise a new one.

    Args:
        names: files of the load; with a mapping, the configuration file too.
        mapping: name of the mapping; None for the contract's events.
        path: file of the state; None if the load is not to be resumed.
        null_words: words of `--null`, which decide what a cell is.
        attributes_since: date of `--attributes-since`, which decides the time of attributes.
        within_horizon: whether old events are left out.

    Raises:
        RetentionError: the stored state belongs to other files or other options, the files have changed
            since, or the state cannot be read.
    """
    if path is None:
        return LoadState([])
    if STANDARD_INPUT in names:
        raise RetentionError("standard input cannot be resumed", "load a file, or omit --resume")
    files = [File.of(name) for name in names]
    new = LoadState(files, mapping, null_words, attributes_since, within_horizon)
    if not path.exists():
        return new
    hint = "delete it to send everything again, which does no harm: ids identify duplicates"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=LoadState)
    except (OSError, ValueError) as error:
        raise RetentionError(f"{path} is not the state of a load: {error}", hint) from None
    if found.version != _VERSION:
        raise RetentionError(f"{path} was written by another release", hint)
    if found.files != files:
        raise RetentionError(f"{path} is the state of other files, or the files have changed since", hint)
    other = [option for field, option in _OPTIONS.items() if getattr(found, field) != getattr(new, field)]
    if other:
        raise RetentionError(f"{path} is the state of a load with another {' and '.join(other)}", hint)
    return found
