"""Types that the parts of the engine share."""

from collections.abc import Mapping
from typing import Any

import faust
from aiokafka import TopicPartition

from streams.kafka.aiokafka_patches.raw_records import RawRecord


class RecordBatch:
    """Records of one partition: everything between two positions of the consumer. May be empty.

    The positions are the consumer's, not those of the first and the last record. Transaction markers and
    records that compaction removed have offsets too. A batch that does not start at its reader's position was
    fetched before a seek.

    Attributes:
        tp: the partition.
        records: the records, in their order.
        start: first offset of the batch.
        next_offset: first offset behind the batch.
        lost_before: whether Kafka had removed the record at `start`, and perhaps more, before it was fetched.
    """

    __slots__ = ("lost_before", "next_offset", "records", "start", "tp")

    def __init__(
        self,
        tp: TopicPartition,
        records: list[RawRecord],
        start: int,
        next_offset: int,
        *,
        lost_before: bool = False,
    ) -> None:
        self.tp = tp
        self.records = records
        self.start = start
        self.next_offset = next_offset
        self.lost_before = lost_before


class EngineApp(faust.App):
    """Faust's application, with the attributes that the transport and the assignor need.

    Attributes:
        client_options: connection options for aiokafka's clients.
    """

    client_options: Mapping[str, Any]

    @property
    def address(self) -> str:
        """URL at which other workers reach this one."""
        raise NotImplementedError
