"""What a partition knows besides its customers, and the version of the state (a row of its own)."""

from typing import Final

import msgspec
from msgspec import Struct

#: Raised when rows change in a way that older code would misread.
STATE_VERSION: Final = 2
METADATA_KEY: Final = b"\xff\xff"


class StateTooNew(RuntimeError):
    """The rows were written by a newer version, which this one would misread.

    Attributes:
        found: the rows' version.
        known: the newest that can be read.
    """

    def __init__(self, found: int, known: int = STATE_VERSION) -> None:
        super().__init__(
            f"the state has version {found}, and this release reads up to {known}:"
            " run the newer release again, or start again with `retention reset`"
        )
        self.found = found
        self.known = known


class PartitionMetadata(Struct, array_like=True):
    """What a partition knows besides its customers; it has a row of its own.

    Attributes:
        version: of the state.
        now: the clock, which never goes back, microseconds.
        latest: the largest event time seen.
        rewind: when the inputs were last read again from the start, milliseconds; 0: never.
        turn: the number of what was last said of referrals.
        told: the `rewind` after which all referrals have been said.
    """

    version: int = STATE_VERSION
    now: int = 0
    latest: int = 0
    rewind: int = 0
    turn: int = 0
    told: int = 0


def read_metadata(value: bytes) -> PartitionMetadata:
    """Read the row.

    Raises:
        StateTooNew: it was written by a newer version.
    """
    version = msgspec.msgpack.decode(value)[0]
    if version > STATE_VERSION:
        raise StateTooNew(version)
    return msgspec.msgpack.decode(value, type=PartitionMetadata)
