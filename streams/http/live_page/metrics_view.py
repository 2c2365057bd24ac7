"""The current series, read from `retention.metrics` by every worker.

Only the roll-up leader computes the numbers. Every worker reads them from the topic with a consumer of its
own, so that each of them can show them.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.stopping import stop
from streams.kafka.topics import METRICS

log = logging.getLogger(__name__)

_POLL_MS = 1000
_RETRY_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Row:
    """The latest record of one series.

    Attributes:
        value: JSON of the record; None once the series is deleted.
        version: version of the collection at the last change of this series.
    """

    value: bytes | None
    version: int


class Series:
    """The latest record of every series, with the order in which they changed.

    Attributes:
        version: number of changes so far.
    """

    def __init__(self) -> None:
        self.version = 0
        self._rows: dict[str, Row] = {}
        self._stale: set[str] = set()

    def apply(self, records: Iterable[ConsumerRecord]) -> None:
        """Apply records, in the order of the topic."""
        for record in records:
            key = record.key.decode()
            self._stale.discard(key)
            self._put(key, record.value)

    def _put(self, key: str, value: bytes | None) -> None:
        known = self._rows.get(key)
        if (known.value if known else None) != value:
            self.version += 1
            self._rows[key] = Row(value, self.version)

    def begin_replay(self) -> None:
        """Mark all series as possibly deleted, before the topic is read from its beginning."""
        self._stale = set(self._rows)

    def end_replay(self) -> None:
        """Delete the series that the topic no longer contains, after it was read to its end."""
        for key in self._stale:
            self._put(key, None)
        self._stale = set()

    def since(self, version: int) -> Iterator[tuple[str, bytes | None]]:
        """Yield key and value of the series that changed after `version`. After 0, yield all current ones.

        The value is None if the series was deleted.
        """
        for key, row in self._rows.items():
            if row.version > version and (version or row.value is not None):
                yield key, row.value

    def value(self, key: str) -> bytes | None:
        """Return the record of one series. None if there is no such series."""
        row = self._rows.get(key)
        return None if row is None else row.value

    def select(self, metric: str | None = None, window: str | None = None) -> list[bytes]:
        """Return the records of a metric, of a window, or of both, sorted by key."""
        return [
            row.value
            for key, row in sorted(self._rows.items())
            if row.value is not None and _matches(key, metric, window)
        ]


def _matches(key: str, metric: str | None, window: str | None) -> bool:
    name, _, labels = key.partition("{")
    return metric in {None, name} and (window is None or f',window="{window}"' in f",{labels}")


class MetricsView:
    """Reads `retention.metrics` from its beginning, and continues with new records.

    Args:
        client_options: connection options of aiokafka's clients.
        topic: the topic to read.

    Attributes:
        series: the current series.
        complete: whether the end of the topic has been reached once.
    """

    def __init__(self, client_options: Mapping[str, Any], topic: str = METRICS) -> None:
        self.topic = topic
        self.series = Series()
        self.complete = False
        self._client_options = client_options
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to read in the background. No failure ends the reading or the worker."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop reading and close the consumer."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._read_forever()
            except (KafkaError, OSError) as error:
                log.warning("cannot read %s, retrying: %s", self.topic, error)
            except Exception:
                log.exception("cannot read %s, retrying", self.topic)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _read_forever(self) -> None:
        consumer = AIOKafkaConsumer(
            self.topic,
            **self._client_options,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            self.series.begin_replay()
            await self._read_to_end(consumer, await consumer.end_offsets(list(consumer.assignment())))
            self.series.end_replay()
            self.complete = True
            while True:
                await self._poll(consumer, _POLL_MS)
        finally:
            await stop(consumer)

    async def _read_to_end(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        # A transaction ends with a marker that is never delivered, so the last record does not show the end.
        while [tp for tp, end in ends.items() if await consumer.position(tp) < end]:
            await self._poll(consumer, _POLL_MS // 5)

    async def _poll(self, consumer: AIOKafkaConsumer, timeout_ms: int) -> None:
        for records in (await consumer.getmany(timeout_ms=timeout_ms)).values():
            self.series.apply(records)
