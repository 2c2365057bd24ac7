"""Records as they were decoded.

aiokafka dresses each in a frozen dataclass of eleven fields, which takes longer than to fetch and to decode
it. What a record is besides its content, a batch of one partition says once.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchResult


class RawRecord(Protocol):
    """A record of a batch."""

    @property
    def offset(self) -> int:
        """Where it stands in its partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch."""

    @property
    def key(self) -> Any:  # noqa: ANN401 - of a topic of ours, None cannot be
        """Its key: bytes, or None."""

    @property
    def value(self) -> Any:  # noqa: ANN401 - as the key
        """Its value: bytes, or None."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Its headers, of any name, twice perhaps."""


class _Fetched(OrderedDict[TopicPartition, Any]):
    """What aiokafka has fetched and not given yet, by partition: results, or errors."""

    def __setitem__(self, tp: TopicPartition, fetched: Any) -> None:  # noqa: ANN401 - aiokafka's, untyped
        if isinstance(fetched, FetchResult):
            fetched._partition_records._consumer_record = _as_it_is  # noqa: SLF001
        super().__setitem__(tp, fetched)


def _as_it_is(_: TopicPartition, record: RawRecord) -> RawRecord:
    return record


def install_raw_records(consumer: AIOKafkaConsumer) -> None:
    """Have a consumer that has been started give the records that it fetches as `RawRecord`."""
    fetcher = consumer._fetcher  # noqa: SLF001
    fetcher._records = _Fetched(fetcher._records)  # noqa: SLF001
