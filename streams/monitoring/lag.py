"""How far behind a task's sources are, in records and in time."""

from collections import deque
from collections.abc import Mapping

from aiokafka import TopicPartition

#: A record that has waited longer than this unread: the numbers can no longer be called caught up.
STALE_SECONDS = 300.0


class Lag:
    """Follows positions and end offsets of one task's sources.

    How long the oldest unread record has waited is known from when an end offset beyond the position was
    first seen: the record's own timestamp is the producer's to choose, and it is not fetched yet.
    """

    def __init__(self) -> None:
        self._ends: dict[TopicPartition, deque[tuple[int, float]]] = {}
        self.records: dict[TopicPartition, int] = {}

    def sample(
        self, ends: Mapping[TopicPartition, int], positions: Mapping[TopicPartition, int], at: float
    ) -> None:
        """Take note of `ends` as seen at `at` (monotonic seconds)."""
        for tp, end in ends.items():
            seen = self._ends.setdefault(tp, deque())
            if not seen or end > seen[-1][0]:
                seen.append((end, at))
            position = positions.get(tp, 0)
            while seen and seen[0][0] <= position:
                seen.popleft()
            self.records[tp] = max(0, end - position)

    def oldest(self, at: float) -> float:
        """Seconds that the oldest unread record has waited, 0 if there is none."""
        return max((at - seen[0][1] for seen in self._ends.values() if seen), default=0.0)

    def stale(self, at: float) -> bool:
        """Whether something has waited too long for the numbers to be trusted."""
        return self.oldest(at) > STALE_SECONDS
