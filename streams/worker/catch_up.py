"""Decide when a task has read everything that was written before it was assigned, and has settled."""

from collections.abc import Mapping

from aiokafka import TopicPartition


class CatchUp:
    """The offsets that a task must read and commit before it is caught up.

    Args:
        ends: partition -> end offset of the inputs and of the facts topic when the task was assigned.

    Attributes:
        ends: as given, or as extended.
        settlement_round: current settlement round of the roll-up; 0 before the first.
    """

    def __init__(self, ends: Mapping[TopicPartition, int]) -> None:
        self.ends = ends
        self.settlement_round = 0
        self._facts_end: int | None = None
        # Messages sent when the facts of a settlement round had been read: of this round, of the one before.
        self._sent: int | None = None
        self._sent_before = 0

    def extend(self, ends: Mapping[TopicPartition, int]) -> None:
        """Require that the partitions are read up to later ends, too."""
        self.ends = {**self.ends, **{tp: max(end, self.ends.get(tp, 0)) for tp, end in ends.items()}}

    def start_round(self, settlement_round: int, facts_end: int) -> None:
        """Start a settlement round, for which the facts topic must be read up to `facts_end`."""
        self.settlement_round = settlement_round
        self._facts_end = facts_end
        self._sent_before = self._sent_before if self._sent is None else self._sent
        self._sent = None

    def in_history(self, positions: Mapping[TopicPartition, int]) -> bool:
        """Return whether unread records exist that were written before the task was assigned."""
        return any(positions[tp] < end for tp, end in self.ends.items())

    def inputs_read(
        self, positions: Mapping[TopicPartition, int], committed: Mapping[TopicPartition, int]
    ) -> bool:
        """Return whether all records from before the assignment are read and committed.

        Forwarded facts are in their topic only after the commit. The position counts too: the committed
        offsets stay ahead for a moment when reprocessing starts.
        """
        return all(min(committed.get(tp, -1), positions[tp]) >= end for tp, end in self.ends.items())

    def facts_read(self, position: int) -> bool:
        """Return whether the facts of the settlement round are read; False before the first round."""
        return self._facts_end is not None and position >= self._facts_end

    def messages_committed(self, sent: int, committed: int) -> bool:
        """Return whether the messages caused by the round's facts are committed. The facts must be read.

        Args:
            sent: messages to other tasks that were put into the outbox so far.
            committed: how many of them are committed.
        """
        if self._sent is None:
            self._sent = sent
        return committed >= self._sent

    @property
    def is_quiescent(self) -> bool:
        """Whether the facts of the settlement round led to no message to other tasks."""
        return self._sent == self._sent_before
