"""A worker's own counters and histograms: records read, rejected and emitted, and latencies."""

import time
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from aiokafka import TopicPartition
from prometheus_client.core import Exemplar

from streams.kafka.aiokafka_patches.raw_records import RawRecord
from streams.kafka.topics import DERIVED

if TYPE_CHECKING:
    from models.partition.metadata import ClockJump

LATENCY_BUCKETS = (
    *(0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.25, 1.5),  # fine buckets in the expected range
    *(2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0),
)
COMMIT_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


Bucket = tuple[str, float] | tuple[str, float, Exemplar]


class Histogram:
    """A histogram that adds many observations of one value at once: a batch has one latency.

    Each bucket keeps its latest exemplar, which identifies a batch.

    Args:
        bounds: upper bounds of the buckets, ascending, without +Inf.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self._examples: dict[int, Exemplar] = {}

    def observe(self, value: float, count: int = 1, example: Mapping[str, str] | None = None) -> None:
        """Add observations of one value.

        Args:
            value: observed value, in the unit of the bounds.
            count: number of observations.
            example: labels that identify one of them, at most 128 characters.
        """
        bucket = bisect_left(self.bounds, value)
        self.counts[bucket] += count
        self.sum += value * count
        if example is not None and count:
            self._examples[bucket] = Exemplar(dict(example), value, time.time())

    def cumulative(self) -> list[Bucket]:
        """Return upper bound, number of observations up to it, and exemplar of each bucket, +Inf last."""
        total, rows = 0, list[Bucket]()
        for bucket, bound in enumerate((*map(str, self.bounds), "+Inf")):
            total += self.counts[bucket]
            example = self._examples.get(bucket)
            row = (bound, float(total))
            rows.append(row if example is None else (*row, example))
        return rows


class Batch(NamedTuple):
    """Applied records that the metrics do not include yet."""

    timestamp: int  #: timestamp of the first record, milliseconds
    records: int
    topic: str
    partition: int
    offset: int  #: offset of the first record


#: A tick's generation and number. Later ticks are larger.
TickId = tuple[int, int]


class WorkerCounters:
    """Counters and gauges of one worker; exported by `streams.monitoring.exporter`."""

    def __init__(self, derived_topics: Sequence[str] = DERIVED) -> None:
        self.derived_topics = derived_topics
        self.events_in: Counter[str] = Counter()
        self.without_customer: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.records_lost: Counter[str] = Counter()
        self.written: Counter[str] = Counter()
        self.duplicates = 0
        self.conflicting_duplicates: Counter[str] = Counter()
        self.erased = 0
        self.repartitioned = 0
        self.latency = Histogram(LATENCY_BUCKETS)
        self.commit_seconds = Histogram(COMMIT_BUCKETS)
        self.recovery_seconds = 0.0
        #: The record that moved the clock of the `event` mode furthest, of all workers.
        self.clock_jump: ClockJump | None = None
        #: Inputs with another mapping than the one that made the state (`streams.ingest.mapping_changes`).
        self.changed_inputs: Sequence[str] = ()
        # By task: batches applied since its last result, and batches in results that are not exported yet.
        self._applied: defaultdict[int, list[Batch]] = defaultdict(list)
        self._evaluated: defaultdict[int, deque[tuple[TickId, list[Batch]]]] = defaultdict(deque)

    def events(self, topic: str, count: int) -> None:
        """Count records read from an input."""
        self.events_in[topic] += count

    def count_without_customer(self, topic: str, count: int) -> None:
        """Count records with an event that was skipped because it names no customer."""
        self.without_customer[topic] += count

    def count_unchanged(self, topic: str, count: int) -> None:
        """Count records with an event that was skipped because a field that it needs has a placeholder."""
        self.unchanged[topic] += count

    def dead_letter(self, reason: str) -> None:
        """Count a rejected record by its reason."""
        self.dead_letters[reason] += 1

    def lost(self, tp: TopicPartition, count: int) -> None:
        """Count records that the topic's own retention removed before they were read."""
        self.records_lost[tp.topic] += count

    def committed(self, records: Mapping[tuple[str, int], Sequence[object]]) -> None:
        """Count the records that a transaction has written.

        Args:
            records: topic and partition -> records.
        """
        for (topic, _), written in records.items():
            self.written[topic] += len(written)

    def read(
        self, task: int, tp: TopicPartition, records: Sequence[RawRecord], count: int | None = None
    ) -> None:
        """Start measuring the latency of applied records, until the metrics include them.

        Args:
            task: number of the task.
            tp: topic and partition of the records.
            records: records of the batch.
            count: number of applied records; unset, all.
        """
        number = len(records) if count is None else count
        if number > 0:
            first = records[0]
            self._applied[task].append(Batch(first.timestamp, number, tp.topic, tp.partition, first.offset))

    def answered(self, task: int, tick: TickId) -> None:
        """Assign all records that the task has applied so far to its result for a tick."""
        if batches := self._applied.pop(task, None):
            self._evaluated[task].append((tick, batches))

    def exported(self, task: int, tick: TickId, at: int) -> None:
        """Observe the latency of the records in a task's results up to a tick.

        Args:
            task: number of the task.
            tick: generation and number of the tick.
            at: time at which the metrics include them, milliseconds since the epoch.
        """
        pending = self._evaluated[task]
        while pending and pending[0][0] <= tick:
            _, batches = pending.popleft()
            for batch in batches:
                where = {"topic": batch.topic, "partition": f"{batch.partition}", "offset": f"{batch.offset}"}
                self.latency.observe(max(0.0, (at - batch.timestamp) / 1000), batch.records, where)

    def forget(self, task: int) -> None:
        """Discard the measurements of a task that another worker owns now."""
        self._applied.pop(task, None)
        self._evaluated.pop(task, None)
