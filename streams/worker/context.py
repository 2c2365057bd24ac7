"""What the tasks of one worker have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.definitions.definitions import Definitions
from streams.clock import Clock
from streams.kafka.topics import Names
from streams.mapping.mappings import TopicReader
from streams.monitoring.worker_counters import WorkerCounters
from streams.worker.source_offsets import SourceOffsets


@dataclass
class TaskContext:
    """One worker's settings and parts, as its tasks need them."""

    definitions: Definitions
    inputs: Mapping[str, TopicReader]  #: topic -> what reads it
    names: Names
    tasks: int  #: of the whole group: `RETENTION_PARTITIONS`
    clock: Clock
    client_options: Mapping[str, Any]  #: how aiokafka's clients reach the broker
    operational: WorkerCounters
    sources: SourceOffsets
    partitions: Mapping[str, int]  #: topic -> partition count

    @property
    def dead_letter_partitions(self) -> int:
        """Partition count of the dead letters."""
        return self.partitions["retention.dead-letters"]
