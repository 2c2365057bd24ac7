"""Count the workers that the group should have."""

import time
from collections.abc import Callable
from typing import Final

import msgspec

from models.partition.metadata import ExpectedWorkers
from models.partition.partition import Partition
from streams.rollup.protocol import Presence

#: A missing worker that did not leave in order is expected for this long, so that an alert of Friday night
#: still fires on Monday.
GONE_SECONDS: Final = 3 * 86400.0
#: Kafka keeps presences for half an hour (`streams.kafka.topics`). An older count may lack some of them.
KNOWN_SECONDS: Final = 1800.0
_SAVE_SECONDS: Final = 600.0


class WorkerRegister:
    """Counts the workers that joined the group and have not left in order.

    A crash removes a worker from the group, too, so the number of members does not distinguish a crash from a
    scale-down. A worker that leaves in order reports it. Workers are counted, not named, so that the
    successor of a crashed worker takes its place. The count is a part of task 0's state, and is committed
    with the offsets of the messages that it follows from.

    Args:
        partition: partition of task 0, which keeps the count.
        clock: returns the time, seconds since the epoch.
    """

    def __init__(self, partition: Partition, clock: Callable[[], float] = time.time) -> None:
        self._partition = partition
        self._clock = clock
        self._complete_at = clock()
        if clock() - self._saved.at > KNOWN_SECONDS:
            self._save(count=0, generation=-1, present=frozenset())

    @property
    def _saved(self) -> ExpectedWorkers:
        return self._partition.metadata.workers

    @property
    def expected(self) -> int:
        """Number of workers that should be there; 0 while it is unknown."""
        return self._saved.count

    def record(self, presence: Presence) -> None:
        """Count a worker that has joined, or no longer count one that has left in order.

        A new roll-up leader continues with the committed count of the former one.
        """
        saved = self._saved
        if presence.leaves:
            self._save(count=max(0, saved.count - 1), present=saved.present - {presence.worker})
        elif presence.generation >= saved.generation:
            others = saved.present if presence.generation == saved.generation else frozenset[str]()
            present = others | {presence.worker}
            count = max(saved.count, len(present))
            self._save(count=count, generation=presence.generation, present=present)

    def follow_clock(self) -> None:
        """Stop expecting workers that have been gone for long, and save that the count is still right."""
        at = self._clock()
        present = len(self._saved.present)
        if self.expected <= present:
            self._complete_at = at
        elif at - self._complete_at > GONE_SECONDS:
            self._save(count=present)
        if at - self._saved.at > _SAVE_SECONDS:
            self._save()

    def _save(self, **changes: int | frozenset[str]) -> None:
        metadata = self._partition.metadata
        metadata.workers = msgspec.structs.replace(metadata.workers, at=self._clock(), **changes)
