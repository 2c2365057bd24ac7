"""A worker's own numbers: what it has read and refused, how far behind it is, how long things take."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from aiokafka import ConsumerRecord, TopicPartition

_LATENCY_BUCKETS = (
    *(0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.25, 1.5),  # where it should be: fine
    *(2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0),
)
_FLUSH_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Histogram:
    """A histogram that takes many observations of one value at once: a batch has one latency."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float, count: int = 1) -> None:
        """Add `count` observations of `value`."""
        self.counts[bisect_left(self.bounds, value)] += count
        self.sum += value * count

    def cumulative(self) -> list[tuple[str, float]]:
        """(upper bound, number of observations up to it), the last bound being +Inf."""
        total, rows = 0, []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            total += count
            rows.append((bound, float(total)))
        return rows


class Operational:
    """Counters and gauges of one worker; exported by `streams.exporter`."""

    def __init__(self) -> None:
        self.events_in: Counter[str] = Counter()
        self.anonymous: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.records_lost: Counter[str] = Counter()
        self.duplicates = 0
        self.rerouted = 0
        self.latency = Histogram(_LATENCY_BUCKETS)
        self.flush = Histogram(_FLUSH_BUCKETS)
        self.recovery_seconds = 0.0
        self._unseen: list[tuple[int, int]] = []

    def events(self, topic: str, count: int) -> None:
        """`count` records came in from an input."""
        self.events_in[topic] += count

    def nobodys(self, topic: str, count: int) -> None:
        """Of `count` records an event was left out: nothing says whose it is."""
        self.anonymous[topic] += count

    def dead_letter(self, reason: str) -> None:
        """A record was refused."""
        self.dead_letters[reason] += 1

    def lost(self, tp: TopicPartition, count: int) -> None:
        """`count` records were removed by the topic's own retention before they were read."""
        self.records_lost[tp.topic] += count

    def read(self, records: Sequence[ConsumerRecord]) -> None:
        """Records were applied; their latency ends when the next metrics hold them."""
        if records:
            self._unseen.append((records[0].timestamp, len(records)))

    def evaluated(self) -> None:
        """What has been applied is in the metrics now."""
        at = time.time()
        for timestamp, count in self._unseen:
            self.latency.observe(max(0.0, at - timestamp / 1000), count)
        self._unseen.clear()
