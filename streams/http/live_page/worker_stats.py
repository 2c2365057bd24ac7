"""How one worker has been doing lately, as the live page shows it."""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Protocol

from streams.monitoring.exporter import WorkerState
from streams.monitoring.worker_counters import WorkerCounters

#: Rates and latencies are of the last minute: those of a backfill say nothing about the present.
_MEMORY_SECONDS = 60.0
_QUANTILES = {"latency_p50": 0.5, "latency_p99": 0.99}


class Observed(WorkerState, Protocol):
    """The counters of the worker that are sampled."""

    counters: WorkerCounters

    @property
    def is_restored(self) -> bool:
        """Whether it has been assigned its tasks, and they are restored."""


class WorkerStats:
    """Samples a worker's counters, and gives what they did since the oldest sample."""

    def __init__(self, worker: Observed) -> None:
        self._worker = worker
        self._samples: deque[tuple[float, int, list[int]]] = deque()

    def sample(self) -> dict[str, Any]:
        """Return the worker's state; rates and latencies (seconds) of the last minute, None if unknown."""
        own, at = self._worker.counters, time.monotonic()
        events = sum(own.events_in.values())
        self._samples.append((at, events, list(own.latency.counts)))
        while at - self._samples[0][0] > _MEMORY_SECONDS:
            self._samples.popleft()
        since, events_then, counts_then = self._samples[0]
        counts = [now - then for now, then in zip(own.latency.counts, counts_then, strict=True)]
        return {
            "ready": self._worker.is_restored and self._worker.caught_up(),
            "tasks": self._worker.owned(),
            "rows": self._worker.rows(),
            "lag": sum(sum(lag.records.values()) for lag in self._worker.lags()),
            "events": events,
            "events_per_second": (events - events_then) / (at - since) if at > since else None,
            "dead_letters": dict(own.dead_letters),
            # Of mapped topics only: the contract's own have a customer in every record.
            "anonymous": {
                topic: (count, own.events_in[topic]) for topic, count in own.without_customer.items()
            },
            **{name: _bound(own.latency.bounds, counts, q) for name, q in _QUANTILES.items()},
        }


def _bound(bounds: Sequence[float], counts: Sequence[int], q: float) -> float | None:
    """Return the upper bound of the bucket that holds a quantile; the largest there is, beyond it."""
    totals = list(accumulate(counts))
    if not totals[-1]:
        return None
    return bounds[min(bisect_left(totals, q * totals[-1]), len(bounds) - 1)]
