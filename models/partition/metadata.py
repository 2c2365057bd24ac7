"""The metadata of a partition and the version of its state, in a row of their own."""

from typing import Final

import msgspec
from msgspec import Struct

from models.facts.claim_types import CLOCK_NEUTRAL_CLAIMS
from models.facts.fact import AnyClaim

#: Version of the rows' format; raised by a change that older releases would misread.
STATE_VERSION: Final = 3
#: Largest number of mapping hashes that are kept for a topic. Two already show that the mappings differ.
_MAX_MAPPINGS: Final = 8
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


class ClockJump(Struct, array_like=True, frozen=True):
    """A record that moved the clock of the `event` mode far ahead.

    Attributes:
        topic: topic of the record.
        partition: number of its partition.
        offset: its offset.
        before: the clock before, microseconds since the epoch.
        after: its event time, to which it moved the clock, microseconds since the epoch.
    """

    topic: str
    partition: int
    offset: int
    before: int
    after: int


class ChangelogStart(Struct, array_like=True, frozen=True):
    """Where a changelog begins. It begins elsewhere once rows were removed, or its topic was created again.

    Attributes:
        topic_id: id of the topic; empty if Kafka has no topic ids.
        earliest: offset of its first row.
    """

    topic_id: str = ""
    earliest: int = 0


#: No changelog begins here, so that any changelog lacks rows.
NO_CHANGELOG: Final = ChangelogStart(earliest=-1)


class ExpectedWorkers(Struct, array_like=True, frozen=True):
    """How many workers a group should have.

    Attributes:
        count: number of workers that joined and have not left in order.
        at: when the count was last known to be right, seconds since the epoch.
        generation: latest generation of which a worker has reported its presence.
        present: ids of the workers that have.
    """

    count: int = 0
    at: float = 0.0
    generation: int = -1
    present: frozenset[str] = frozenset()


class PartitionMetadata(Struct, array_like=True):
    """The state of a partition apart from its customers.

    Attributes:
        version: version of the rows' format.
        now: the partition's clock, microseconds since the epoch; never decreases.
        stream_time: largest event time seen that advances the clock, microseconds since the epoch.
        reprocess_id: when the inputs were last read again from the start, milliseconds since the epoch; 0 for
            never.
        sequence: sequence number of the referral message sent last.
        resent_for: `reprocess_id` for which all referral messages have been sent again.
        latest_neutral: largest event time seen that does not advance the clock, microseconds since the epoch.
        clock_jump: the jump that moved the clock furthest. None if no record did.
        reserved_until: in the first partition, the instant up to which metrics may have been exported; the
            next roll-up leader evaluates at no earlier one. Microseconds since the epoch.
        changelog: start of the changelog that holds all rows; None if an older release wrote them.
        mappings: input topic -> hashes of the mappings by which its records were read, in their order.
        profile_topic: id of the topic that holds the profiles; empty if it is unknown.
        workers: in the first partition, how many workers the group should have.
    """

    version: int = STATE_VERSION
    now: int = 0
    stream_time: int = 0
    reprocess_id: int = 0
    sequence: int = 0
    resent_for: int = 0
    latest_neutral: int = 0
    clock_jump: ClockJump | None = None
    reserved_until: int = 0
    changelog: ChangelogStart | None = None
    mappings: dict[str, tuple[str, ...]] = {}
    profile_topic: str = ""
    workers: ExpectedWorkers = ExpectedWorkers()

    def start_reprocessing(self, reprocess_id: int) -> None:
        """Record that the inputs are read again, and number the messages to come beyond all former ones.

        Args:
            reprocess_id: start of the reprocessing, milliseconds since the epoch.
        """
        self.reprocess_id = reprocess_id
        self.sequence = max(self.sequence, reprocess_id * 1000)

    def record_clock_jump(self, jump: ClockJump) -> None:
        """Record that a record moved the clock far ahead."""
        if self.clock_jump is None or jump.after > self.clock_jump.after:
            self.clock_jump = jump

    def changelog_lacks_rows(self, start: ChangelogStart) -> bool:
        """Return whether rows of the state may be missing in a changelog that begins at `start`."""
        known = self.changelog or ChangelogStart(start.topic_id)
        return known.topic_id != start.topic_id or known.earliest < start.earliest

    def record_mapping(self, topic: str, digest: str) -> None:
        """Record that records of an input are read by the mapping with this hash."""
        known = self.mappings.get(topic, ())
        if digest not in known:  # a new dictionary, because the store compares with the saved one
            self.mappings = {**self.mappings, topic: (*known[1 - _MAX_MAPPINGS :], digest)}

    @property
    def latest(self) -> int:
        """Largest event time seen, microseconds since the epoch."""
        return max(self.stream_time, self.latest_neutral)

    def observe(self, claim: AnyClaim) -> int:
        """Record the time of a claim later than the stream time, and return the stream time after it."""
        if type(claim) in CLOCK_NEUTRAL_CLAIMS:
            self.latest_neutral = max(self.latest_neutral, claim.time)
        else:
            self.stream_time = claim.time
        return self.stream_time


def read_metadata(value: bytes) -> PartitionMetadata:
    """Decode the metadata row.

    Raises:
        StateTooNew: The row was written by a newer release.
    """
    version = msgspec.msgpack.decode(value)[0]
    if version > STATE_VERSION:
        raise StateTooNew(version)
    return msgspec.msgpack.decode(value, type=PartitionMetadata)
