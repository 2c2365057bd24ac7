"""Positions of a task in its sources: read, committed, and how far from caught up."""

import time
from collections.abc import Collection, Mapping

from aiokafka import TopicPartition

from streams.monitoring.lag import Lag
from streams.worker.catch_up import CatchUp


class SourceProgress:
    """How far one task has read its partitions of the inputs and of the facts topic.

    Args:
        inputs: input topics.
        facts: the task's partition of the facts topic.

    Attributes:
        positions: partition -> offset of the next record to process; also of ticks and partial results.
        committed: partition -> offset in the last transaction.
        uncommitted_records: records processed since the last transaction.
        catch_up: what must be read before the task is caught up.
        lag: records and seconds behind the ends of the sources.
    """

    def __init__(self, inputs: Collection[str], facts: TopicPartition) -> None:
        self.positions: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, int] = {}
        self.uncommitted_records = 0
        self.catch_up = CatchUp({})
        self.lag = Lag()
        self._inputs = inputs
        self._facts = facts

    def start(
        self,
        positions: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
        committed: Mapping[TopicPartition, int],
    ) -> None:
        """Start at `positions`.

        The first transaction commits the positions that are not committed yet. After a loss of state, these
        are the earlier offsets of the inputs. Otherwise a task that is killed after the transaction would
        find a state, and would never read the remaining records again. The offset of the facts is committed
        from the start, because its absence shows that the topic was deleted.

        Args:
            positions: starting position of each source.
            ends: ends of the inputs and of the facts topic when the task was assigned.
            committed: committed offsets that belong to the topics as they are now.
        """
        self.positions = dict(positions)
        self.committed = {tp: at for tp, at in committed.items() if positions.get(tp) == at}
        self.catch_up = CatchUp(ends)

    def advance(self, tp: TopicPartition, position: int, records: int) -> None:
        """Move to `position`, behind `records` that have been processed."""
        self.positions[tp] = position
        self.uncommitted_records += records

    @property
    def inputs(self) -> list[TopicPartition]:
        """The task's partitions of the input topics."""
        return [tp for tp in self.positions if tp.topic in self._inputs]

    @property
    def sources(self) -> list[TopicPartition]:
        """The task's partitions of the inputs and of the facts topic."""
        return [*self.inputs, self._facts]

    @property
    def facts_position(self) -> int:
        """Offset of the next fact to process."""
        return self.positions[self._facts]

    @property
    def in_history(self) -> bool:
        """Whether records are unread that were written before the task was assigned."""
        return self.catch_up.in_history(self.positions)

    @property
    def inputs_read(self) -> bool:
        """Whether everything written before the assignment is read and committed, and nothing waits long."""
        read = self.catch_up.inputs_read(self.positions, self.committed)
        return read and not self.lag.stale(time.monotonic())

    @property
    def facts_read(self) -> bool:
        """Whether the facts of the current settlement round are read."""
        return self.catch_up.facts_read(self.facts_position)

    def uncommitted(self, positions: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """Return the positions that differ from the committed offsets."""
        return {tp: at for tp, at in positions.items() if at != self.committed.get(tp)}

    def sample_lag(self, ends: Mapping[TopicPartition, int]) -> None:
        """Compare the positions with the end offsets of the sources."""
        self.lag.sample({tp: ends[tp] for tp in self.sources if tp in ends}, self.positions, time.monotonic())
