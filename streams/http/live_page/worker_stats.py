"""Throughput and latency of one worker in the last minute, for the live page."""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Protocol

from models.partition.metadata import ClockJump
from streams.monitoring.exporter import WorkerState
from streams.monitoring.worker_counters import WorkerCounters

#: Rates and latencies cover the last minute, so that a past backfill does not distort them.
_MEMORY_SECONDS = 60.0
_QUANTILES = {"latency_p50": 0.5, "latency_p99": 0.99}


class Observed(WorkerState, Protocol):
    """A worker whose counters are sampled."""

    counters: WorkerCounters

    @property
    def is_ready(self) -> bool:
        """Whether its tasks are restored and caught up, and Kafka answers."""


class WorkerStats:
    """Samples a worker's counters, and computes their change since the oldest sample.

    Args:
        worker: the worker.
    """

    def __init__(self, worker: Observed) -> None:
        self._worker = worker
        self._samples: deque[tuple[float, int, list[int]]] = deque()

    def sample(self) -> dict[str, Any]:
        """Return the worker's state. Rates and latencies (seconds) of the last minute are None if unknown.

        If `latency_over` is true, the 99th percentile is beyond the largest bound, which is then its value.
        """
        counters, at = self._worker.counters, time.monotonic()
        events = sum(counters.events_in.values())
        self._samples.append((at, events, list(counters.latency.counts)))
        while at - self._samples[0][0] > _MEMORY_SECONDS:
            self._samples.popleft()
        since, events_then, counts_then = self._samples[0]
        counts = [now - then for now, then in zip(counters.latency.counts, counts_then, strict=True)]
        return {
            "ready": self._worker.is_ready,
            "tasks": self._worker.owned(),
            "rows": self._worker.rows(),
            "lag": sum(sum(lag.records.values()) for lag in self._worker.lags()),
            "events": events,
            "events_per_second": (events - events_then) / (at - since) if at > since else None,
            "dead_letters": dict(counters.dead_letters),
            # Only of mapped topics: every record of the event contract has a customer.
            "anonymous": {
                topic: (count, counters.events_in[topic])
                for topic, count in counters.without_customer.items()
            },
            "clock_jump": _jump(counters.clock_jump),
            "changed_inputs": list(counters.changed_inputs),
            **{name: _bound(counters.latency.bounds, counts, q) for name, q in _QUANTILES.items()},
            "latency_over": counts[-1] > (1 - _QUANTILES["latency_p99"]) * sum(counts),
        }


def _bound(bounds: Sequence[float], counts: Sequence[int], q: float) -> float | None:
    """Return the upper bound of the bucket that contains a quantile, at most the largest bound."""
    totals = list(accumulate(counts))
    if not totals[-1]:
        return None
    return bounds[min(bisect_left(totals, q * totals[-1]), len(bounds) - 1)]


def _jump(jump: ClockJump | None) -> dict[str, Any] | None:
    """Return a clock jump with its times in seconds since the epoch."""
    if jump is None:
        return None
    record = {"topic": jump.topic, "partition": jump.partition, "offset": jump.offset}
    return {**record, "from": jump.before / 1e6, "to": jump.after / 1e6}
