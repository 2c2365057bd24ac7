"""Get records as aiokafka's decoder returns them.

aiokafka copies each record into a frozen dataclass of eleven fields. The copy takes longer than fetching and
decoding the record. The topic and the partition, which a raw record lacks, are the same for a whole batch.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult


class RawRecord(Protocol):
    """A record of a batch of one partition."""

    @property
    def offset(self) -> int:
        """Offset in its partition."""

    @property
    def timestamp(self) -> int:
        """Timestamp, milliseconds since the epoch."""

    @property
    def key(self) -> Any:  # noqa: ANN401 - never None in the internal topics
        """Key: bytes or None."""

    @property
    def value(self) -> Any:  # noqa: ANN401 - as the key
        """Value: bytes or None."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Headers in their order. A name may occur more than once."""


class _FetchedRecords(OrderedDict[TopicPartition, Any]):
    """aiokafka's buffer of fetched partitions (results or errors), which leaves each record as decoded."""

    def __setitem__(self, tp: TopicPartition, fetched: Any) -> None:  # noqa: ANN401 - aiokafka's, untyped
        if isinstance(fetched, FetchResult):
            fetched._partition_records._consumer_record = _unchanged  # noqa: SLF001
        super().__setitem__(tp, fetched)


def _unchanged(_: TopicPartition, record: RawRecord) -> RawRecord:
    return record


def install_raw_records(consumer: AIOKafkaConsumer) -> None:
    """Make a started consumer return `RawRecord`s instead of `ConsumerRecord`s."""
    fetcher = consumer._fetcher  # noqa: SLF001
    fetcher._records = _FetchedRecords(fetcher._records)  # noqa: SLF001
