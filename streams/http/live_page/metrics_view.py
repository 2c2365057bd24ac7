"""The current series, on every worker: what `retention.metrics` holds, followed by a consumer of its own.

One worker at a time makes the numbers; whichever a person or a service asks, it knows them from the topic.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.topics import METRICS

log = logging.getLogger(__name__)

_POLL_MS = 1000
_AGAIN_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Row:
    """One series as the topic holds it.

    Attributes:
        value: the record's JSON, undecoded; None once the series has ceased.
        version: rises with every change of any series.
    """

    value: bytes | None
    version: int


class Series:
    """The latest row of every series, and which have changed since when."""

    def __init__(self) -> None:
        self.version = 0
        self._rows: dict[str, Row] = {}
        self._stale: set[str] = set()

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Take records in their topic's order."""
        for record in records:
            key = record.key.decode()
            self._stale.discard(key)
            self._put(key, record.value)

    def _put(self, key: str, value: bytes | None) -> None:
        known = self._rows.get(key)
        if (known.value if known else None) != value:
            self.version += 1
            self._rows[key] = Row(value, self.version)

    def begin(self) -> None:
        """The topic is read from its beginning again: until `end`, nobody knows what has ceased meanwhile."""
        self._stale = set(self._rows)

    def end(self) -> None:
        """All that the topic holds has been read: what it no longer holds has ceased."""
        for key in self._stale:
            self._put(key, None)
        self._stale = set()

    def since(self, version: int) -> Iterator[tuple[str, bytes | None]]:
        """Key and value of the series that changed after `version`; of all current ones, after 0."""
        for key, row in self._rows.items():
            if row.version > version and (version or row.value is not None):
                yield key, row.value

    def value(self, key: str) -> bytes | None:
        """Return the value of one series, if it is current."""
        row = self._rows.get(key)
        return None if row is None else row.value

    def chosen(self, metric: str | None = None, window: str | None = None) -> list[bytes]:
        """Return the values of the series of a metric, of a window, or of all, by key."""
        return [
            row.value
            for key, row in sorted(self._rows.items())
            if row.value is not None and _matches(key, metric, window)
        ]


def _matches(key: str, metric: str | None, window: str | None) -> bool:
    name, _, labels = key.partition("{")
    return metric in {None, name} and (window is None or f',window="{window}"' in f",{labels}")


class MetricsView:
    """Reads `retention.metrics` from its beginning to its end, and goes on with what comes.

    Args:
        client_options: how aiokafka's clients reach the broker.
        topic: what to follow.
    """

    def __init__(self, client_options: Mapping[str, Any], topic: str = METRICS) -> None:
        self.topic = topic
        self.series = Series()
        self.complete = False  #: whether the end has been reached once
        self._client_options = client_options
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the background. No failure ends it, or the worker."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop following and close the consumer."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError) as error:
                log.warning("%s cannot be followed: %s: trying again", self.topic, error)
            except Exception:
                log.exception("%s cannot be followed: trying again", self.topic)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            self.topic,
            **self._client_options,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            self.series.begin()
            await self._read(consumer, await consumer.end_offsets(list(consumer.assignment())))
            self.series.end()
            self.complete = True
            while True:
                await self._poll(consumer, _POLL_MS)
        finally:
            await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        # A transaction ends in a marker that is never delivered: the position tells, not the last record.
        while [tp for tp, end in ends.items() if await consumer.position(tp) < end]:
            await self._poll(consumer, _POLL_MS // 5)

    async def _poll(self, consumer: AIOKafkaConsumer, timeout_ms: int) -> None:
        for records in (await consumer.getmany(timeout_ms=timeout_ms)).values():
            self.series.take(records)
