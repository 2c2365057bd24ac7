"""The latest results of the probes, for a thread that responds while the event loop is busy.

A restore or a rebuild of many customers can keep the event loop busy for seconds, and the worker is healthy.
A loop that never runs again keeps its tasks: the consumer sends heartbeats to Kafka from another thread, so
that the group does not notice.
"""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from streams.http.probes import ProbeResult, Probes

#: Age from which a result of `/ready` is out of date: the HTTP server has not responded to clients meanwhile.
READY_SECONDS: Final = 15.0


class _Snapshot(NamedTuple):
    """The results of the probes at one moment.

    Attributes:
        at: monotonic seconds.
        results: path -> result.
    """

    at: float
    results: Mapping[str, ProbeResult]


class ProbeSnapshot:
    """The latest results of the probes. The event loop renews them, and another thread reads them.

    Args:
        probes: the worker's probes, which only `renew` calls.
        patience: age from which `/live` fails, seconds: the event loop counts as stuck.
        clock: returns monotonic seconds.
    """

    def __init__(self, probes: Probes, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._worker_probes = probes
        self._patience = {"/live": patience, "/ready": min(READY_SECONDS, patience)}
        self._clock = clock
        self._latest = self._taken()

    def renew(self) -> None:
        """Call the probes, and keep their results. Call it in the event loop, once a second."""
        self._latest = self._taken()  # one assignment: another thread sees the old snapshot or the new one

    @property
    def probes(self) -> Probes:
        """Probes for another thread: each returns its latest result, or 503 if that is too old."""
        return {"/live": lambda: self._current("/live"), "/ready": lambda: self._current("/ready")}

    def _taken(self) -> _Snapshot:
        return _Snapshot(self._clock(), {path: probe() for path, probe in self._worker_probes.items()})

    def _current(self, path: str) -> ProbeResult:
        latest = self._latest
        age = self._clock() - latest.at
        if age < self._patience[path]:
            return latest.results[path]
        body = msgspec.json.encode({path.strip("/"): False, "busy_seconds": round(age, 1)})
        return ProbeResult(HTTPStatus.SERVICE_UNAVAILABLE, body)
