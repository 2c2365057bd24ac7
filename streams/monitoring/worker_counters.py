"""A worker's own numbers: what it has read and refused, how far behind it is, how long things take."""

import time
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aiokafka import TopicPartition
from prometheus_client.core import Exemplar

from streams.kafka.aiokafka_patches.raw_records import RawRecord

_LATENCY_BUCKETS = (
    *(0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.25, 1.5),  # where it should be: fine
    *(2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0),
)
_FLUSH_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


Bucket = tuple[str, float] | tuple[str, float, Exemplar]


class Histogram:
    """A histogram that takes many observations of one value at once: a batch has one latency.

    Each bucket remembers its latest example: which batch it was, so that who wonders can look at it.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self._examples: dict[int, Exemplar] = {}

    def observe(self, value: float, count: int = 1, example: Mapping[str, str] | None = None) -> None:
        """Add `count` observations of `value`, of which `example` names one (at most 128 characters)."""
        bucket = bisect_left(self.bounds, value)
        self.counts[bucket] += count
        self.sum += value * count
        if example is not None and count:
            self._examples[bucket] = Exemplar(dict(example), value, time.time())

    def cumulative(self) -> list[Bucket]:
        """(upper bound, number of observations up to it, and an example), the last bound being +Inf."""
        total, rows = 0, list[Bucket]()
        for bucket, bound in enumerate((*map(str, self.bounds), "+Inf")):
            total += self.counts[bucket]
            example = self._examples.get(bucket)
            row = (bound, float(total))
            rows.append(row if example is None else (*row, example))
        return rows


class Batch(NamedTuple):
    """Records on their way into the numbers."""

    timestamp: int  #: of the first, milliseconds
    records: int
    topic: str
    partition: int
    offset: int  #: of the first


#: A tick's generation and number: later ones are larger.
Question = tuple[int, int]


class WorkerCounters:
    """Counters and gauges of one worker; exported by `streams.monitoring.exporter`."""

    def __init__(self) -> None:
        self.events_in: Counter[str] = Counter()
        self.anonymous: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.records_lost: Counter[str] = Counter()
        self.written: Counter[str] = Counter()
        self.duplicates = 0
        self.erased = 0
        self.rerouted = 0
        self.latency = Histogram(_LATENCY_BUCKETS)
        self.flush = Histogram(_FLUSH_BUCKETS)
        self.recovery_seconds = 0.0
        # By task: what it has taken since its last answer, and what is in its answers.
        self._taken: defaultdict[int, list[Batch]] = defaultdict(list)
        self._answered: defaultdict[int, deque[tuple[Question, list[Batch]]]] = defaultdict(deque)

    def events(self, topic: str, count: int) -> None:
        """`count` records came in from an input."""
        self.events_in[topic] += count

    def count_without_customer(self, topic: str, count: int) -> None:
        """Of `count` records an event was left out: nothing says whose it is."""
        self.anonymous[topic] += count

    def dead_letter(self, reason: str) -> None:
        """A record was refused."""
        self.dead_letters[reason] += 1

    def lost(self, tp: TopicPartition, count: int) -> None:
        """`count` records were removed by the topic's own retention before they were read."""
        self.records_lost[tp.topic] += count

    def committed(self, records: Mapping[tuple[str, int], Sequence[object]]) -> None:
        """A transaction has written these: topic and partition -> records."""
        for (topic, _), written in records.items():
            self.written[topic] += len(written)

    def read(
        self, task: int, tp: TopicPartition, records: Sequence[RawRecord], count: int | None = None
    ) -> None:
        """A task has applied records, or `count` of them: their latency ends when the metrics hold them."""
        number = len(records) if count is None else count
        if number > 0:
            first = records[0]
            self._taken[task].append(Batch(first.timestamp, number, tp.topic, tp.partition, first.offset))

    def answered(self, task: int, question: Question) -> None:
        """What the task has applied so far is in its answer."""
        if batches := self._taken.pop(task, None):
            self._answered[task].append((question, batches))

    def exported(self, task: int, question: Question, at: int) -> None:
        """The metrics hold all tasks' answers to this question, since `at` (milliseconds)."""
        waiting = self._answered[task]
        while waiting and waiting[0][0] <= question:
            _, batches = waiting.popleft()
            for batch in batches:
                where = {"topic": batch.topic, "partition": f"{batch.partition}", "offset": f"{batch.offset}"}
                self.latency.observe(max(0.0, (at - batch.timestamp) / 1000), batch.records, where)

    def forget(self, task: int) -> None:
        """The task is another worker's."""
        self._taken.pop(task, None)
        self._answered.pop(task, None)
