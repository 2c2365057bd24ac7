"""The metadata of a partition and the version of its state, in a row of their own."""

from typing import Final

import msgspec
from msgspec import Struct

#: Version of the rows' format; raised by a change that older releases would misread.
STATE_VERSION: Final = 3
METADATA_KEY: Final = b"\xff\xff"


class StateTooNew(RuntimeError):
    """The rows were written by a newer release, and this release would misread them.

    Attributes:
        found: version of the rows.
        known: newest version that this release reads.
    """

    def __init__(self, found: int, known: int = STATE_VERSION) -> None:
        super().__init__(
            f"the state has version {found}, and this release reads up to {known}:"
            " run the newer release again, or start again with `retention reset`"
        )
        self.found = found
        self.known = known


class PartitionMetadata(Struct, array_like=True):
    """The state of a partition apart from its customers.

    Attributes:
        version: version of the rows' format.
        now: the partition's clock, microseconds since the epoch; never decreases.
        stream_time: largest event time seen that moves the clock, microseconds since the epoch.
        reprocess_id: when the inputs were last read again from the start, milliseconds since the epoch; 0 for
            never.
        sequence: sequence number of the referral message sent last.
        resent_for: `reprocess_id` for which all referral messages have been sent again.
        latest_still: largest event time seen that does not move the clock, microseconds since the epoch.
    """

    version: int = STATE_VERSION
    now: int = 0
    stream_time: int = 0
    reprocess_id: int = 0
    sequence: int = 0
    resent_for: int = 0
    latest_still: int = 0

    @property
    def latest(self) -> int:
        """Largest event time seen, microseconds since the epoch."""
        return max(self.stream_time, self.latest_still)


def read_metadata(value: bytes) -> PartitionMetadata:
    """Decode the metadata row.

    Raises:
        StateTooNew: The row was written by a newer release.
    """
    version = msgspec.msgpack.decode(value)[0]
    if version > STATE_VERSION:
        raise StateTooNew(version)
    return msgspec.msgpack.decode(value, type=PartitionMetadata)
