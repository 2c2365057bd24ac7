"""The lag of a task's sources, in records and in time."""

from collections import deque
from collections.abc import Mapping

from aiokafka import TopicPartition

#: A task with a record that is unread for longer is no longer caught up.
STALE_SECONDS = 300.0


class Lag:
    """Measures the lag of one task's sources from their positions and end offsets.

    The age of the oldest unread record is measured from the first sample with an end offset beyond the
    position. The record's own timestamp would not do: its producer chooses it, and it is not fetched yet.

    Attributes:
        records: number of unread records of each partition, at the last sample.
    """

    def __init__(self) -> None:
        self._ends: dict[TopicPartition, deque[tuple[int, float]]] = {}
        self.records: dict[TopicPartition, int] = {}

    def sample(
        self, ends: Mapping[TopicPartition, int], positions: Mapping[TopicPartition, int], at: float
    ) -> None:
        """Record end offsets and positions at a time.

        Args:
            ends: end offsets of the partitions.
            positions: next offsets to read; 0 where missing.
            at: time of the sample, monotonic seconds.
        """
        for tp, end in ends.items():
            seen = self._ends.setdefault(tp, deque())
            if not seen or end > seen[-1][0]:
                seen.append((end, at))
            position = positions.get(tp, 0)
            while seen and seen[0][0] <= position:
                seen.popleft()
            self.records[tp] = max(0, end - position)

    def oldest(self, at: float) -> float:
        """Return the age of the oldest unread record in seconds, 0 if all are read."""
        return max((at - seen[0][1] for seen in self._ends.values() if seen), default=0.0)

    def stale(self, at: float) -> bool:
        """Return whether a record is unread for too long for the task to be caught up."""
        return self.oldest(at) > STALE_SECONDS
