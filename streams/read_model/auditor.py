"""Run audits of the read model beside the follower, one part after the other."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition

from streams.read_model.audit import Audit, Deviation
from streams.read_model.store import ModelDamaged, Store

log = logging.getLogger(__name__)

#: Seconds between two audits, each of one partition of the profiles or of all series.
_AUDIT_SECONDS: Final = 10.0
#: Share of the time that audits may take.
_AUDIT_SHARE: Final = 0.01


class Auditor:
    """Audits the parts of a model in turn.

    Args:
        store: the model.
        client_options: connection options of aiokafka's clients.
        tps: all partitions of the model.
    """

    def __init__(
        self, store: Store, client_options: Mapping[str, Any], tps: Sequence[TopicPartition]
    ) -> None:
        self._store = store
        self._client_options = client_options
        series = [tp for tp in tps if store.holds_series(tp)]
        self._parts = [series, *([tp] for tp in tps if not store.holds_series(tp))]
        self._next = 0
        self._due_at = time.monotonic()
        self._audit: Audit | None = None
        self._running: asyncio.Task[Deviation | None] | None = None
        self._suspect = False
        self._logged = ""

    def record_written(self, keys: Iterable[bytes | None]) -> None:
        """Leave keys out of the audit that runs, because the follower has written them."""
        if self._audit is not None:
            self._audit.written.update(key for key in keys if key is not None)

    def run(self, taken: Mapping[TopicPartition, int]) -> None:
        """Start the next audit if it is due, and judge the last one if it has ended.

        Args:
            taken: partition -> offset up to which the model has it.

        Raises:
            ModelDamaged: Redis holds other values than the topics.
        """
        if self._running is None:
            if time.monotonic() >= self._due_at:
                self._audit = Audit(self._store, self._client_options, taken)
                self._running = asyncio.create_task(self._run(self._audit))
        elif self._running.done():
            deviation, self._running, self._audit = self._running.result(), None, None
            self._judge(deviation)

    async def stop(self) -> None:
        """End the audit that runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _run(self, audit: Audit) -> Deviation | None:
        started = time.monotonic()
        part = self._parts[self._next]
        try:
            if self._store.holds_series(part[0]):
                return await audit.of_series(part)
            return await audit.of_customers(part[0])
        except ModelDamaged as error:
            return Deviation([str(error)], 0)
        except Exception as error:  # noqa: BLE001 - of Kafka, of Redis; the next audit tries again
            self._log_once(f"{type(error).__name__}: {error}")
            return None
        finally:
            took = time.monotonic() - started
            self._due_at = time.monotonic() + max(_AUDIT_SECONDS, took / _AUDIT_SHARE)

    def _judge(self, deviation: Deviation | None) -> None:
        """Raise `ModelDamaged` if two audits in a row find something: another worker may write meanwhile."""
        if deviation is None:
            self._suspect = False
            self._next = (self._next + 1) % len(self._parts)
        elif not self._suspect:
            self._suspect, self._due_at = True, time.monotonic()
        else:
            raise ModelDamaged(str(deviation))

    def _log_once(self, problem: str) -> None:
        if problem != self._logged:
            log.warning("cannot compare the read model with its topics: %s", problem)
        self._logged = problem
