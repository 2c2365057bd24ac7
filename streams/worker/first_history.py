"""Wait for the history that arrives after a partition without customers was assigned."""

from collections.abc import Mapping

from aiokafka import TopicPartition

from models.partition.partition import Partition
from streams.worker.source_progress import SourceProgress

#: Fewer unread records are live traffic, not a history.
_BACKLOG_RECORDS = 2_000


class FirstHistory:
    """Delays the catch-up of a partition without customers until the first records are read.

    A task catches up with what its inputs held when it was assigned. Workers that start before the events
    of their shop are loaded find nothing, and would publish the first numbers of a long history as caught up.
    So until a partition has customers, and has read nearly all records, the ends that it must read advance.

    Args:
        partition: state of the task.
        progress: positions of the task.

    Attributes:
        is_over: whether the partition has customers and has read nearly everything once.
    """

    def __init__(self, partition: Partition, progress: SourceProgress) -> None:
        self.is_over = False
        self._partition = partition
        self._progress = progress

    def follow(self, ends: Mapping[TopicPartition, int]) -> None:
        """Require that the inputs are read up to their ends, unless the history is over.

        Args:
            ends: ends of the logs of the inputs, as far as they are known.
        """
        empty = not self._partition.has_customers
        unread = sum(max(0, end - self._progress.positions[tp]) for tp, end in ends.items())
        if unread > (0 if empty else _BACKLOG_RECORDS):
            self._progress.catch_up.extend(ends)
        elif not empty and self._progress.inputs_read:
            self.is_over = True
