"""How far a task has come with what was there when it was assigned, and when an epoch began."""

from collections.abc import Mapping

from aiokafka import TopicPartition


class CatchUp:
    """What has to be read before a task may call itself caught up.

    Args:
        ends: where the inputs and the facts topic ended as the task was assigned.

    Attributes:
        ends: as given.
        epoch: the roll-up's, of which this is; 0: none has begun.
    """

    def __init__(self, ends: Mapping[TopicPartition, int]) -> None:
        self.ends = ends
        self.epoch = 0
        self._facts_end: int | None = None
        # Letters, when the facts of this epoch's beginning had been read; those of the one before.
        self._sent: int | None = None
        self._sent_before = 0

    def begin(self, epoch: int, facts_end: int) -> None:
        """Begin an epoch, for which the facts topic is to be read up to `facts_end`."""
        self.epoch = epoch
        self._facts_end = facts_end
        self._sent_before = self._sent_before if self._sent is None else self._sent
        self._sent = None

    def in_history(self, positions: Mapping[TopicPartition, int]) -> bool:
        """Whether something is left of what was there as the task was assigned."""
        return any(positions[tp] < end for tp, end in self.ends.items())

    def inputs_read(
        self, positions: Mapping[TopicPartition, int], committed: Mapping[TopicPartition, int]
    ) -> bool:
        """Whether nothing is left of it.

        Committed, not only read: what was forwarded is in its topic then. And read: after a rewind, what is
        committed says for a moment longer how far it had been.
        """
        return all(min(committed.get(tp, -1), positions[tp]) >= end for tp, end in self.ends.items())

    def facts_read(self, position: int) -> bool:
        """Whether the facts of the epoch's beginning have been read; no epoch has none."""
        return self._facts_end is not None and position >= self._facts_end

    def letters_out(self, letters: int, committed: int) -> bool:
        """Whether what these facts led to is where others read it. To be asked once they have been read.

        Args:
            letters: put into the outbox so far.
            committed: of these, committed.
        """
        if self._sent is None:
            self._sent = letters
        return committed >= self._sent

    @property
    def quiet(self) -> bool:
        """Whether they led to nothing that others have to be told."""
        return self._sent == self._sent_before
