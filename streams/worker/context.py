"""Settings and parts that all tasks of one worker share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.definitions.definitions import Definitions
from streams.clock import Clock
from streams.kafka.topics import Names
from streams.mapping.mappings import TopicReader
from streams.monitoring.worker_counters import WorkerCounters
from streams.worker.clock_check import ClockCheck
from streams.worker.source_offsets import SourceOffsets


@dataclass
class TaskContext:
    """Settings and parts that all tasks of one worker share.

    Attributes:
        definitions: definitions of the metrics.
        inputs: input topic -> reader of its records.
        names: names of the group's topics.
        task_count: number of tasks of the whole group (`RETENTION_PARTITIONS`).
        clock: source of the instants that all tasks are evaluated at.
        client_options: connection options for aiokafka's clients.
        counters: the worker's counters.
        source_offsets: access to the group's one consumer.
        partition_counts: topic -> number of partitions.
        clock_check: whether the wall clock of this machine can be trusted; records wait until it can.
        mapping_digests: input topic -> hash of the mapping that reads it.
        inputs_digest: hash of all configured inputs and their mappings.
    """

    definitions: Definitions
    inputs: Mapping[str, TopicReader]
    names: Names
    task_count: int
    clock: Clock
    client_options: Mapping[str, Any]
    counters: WorkerCounters
    source_offsets: SourceOffsets
    partition_counts: Mapping[str, int]
    clock_check: ClockCheck = field(default_factory=lambda: ClockCheck(0))
    mapping_digests: Mapping[str, str] = field(default_factory=dict)
    inputs_digest: str = ""

    @property
    def dead_letter_partitions(self) -> int:
        """Number of partitions of the dead-letter topic."""
        return self.partition_counts[self.names.dead_letters]
