"""The roll-up: complete sets of the tasks' answers become the metrics.

Pure bookkeeping; `streams.worker.rollup_leader` sends the ticks, and `streams.rollup.publisher` makes the metrics.
"""

import zlib
from collections.abc import Sequence
from typing import Final

import msgspec

from models.aggregation.aggregates import PartialAggregate, duration_names, window_sizes
from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE

#: What is known of one customer may lead to something about another: facts lead to facts. Once the inputs
#: have been read, merges have reached the registry after one epoch, and identities their names after two;
#: what was sent astray until then has been sent on, and arrived, after four; who is named by it, by whatever
#: identity, knows after six. What comes later comes of later events.
_EPOCHS: Final = 6


class Tick(msgspec.Struct, array_like=True):
    """The question to every task: your values at `now`."""

    number: int
    generation: int  #: of the consumer group: answers of another one do not count
    now: int  #: microseconds since the epoch
    epoch: int  #: rises when the inputs have been read: facts forwarded until then must be read, too
    rewind: int  #: inputs are to be read from the earliest, once for each new value
    caught_up: bool = False  #: what was answered last rests on all there was: what it means may be said
    exported: int = 0  #: the number of the last tick whose answers became the metrics
    exported_at: int = 0  #: when they did, milliseconds since the epoch


class PartialResult(msgspec.Struct, array_like=True):
    """One task's answer to a tick."""

    task: int
    number: int
    generation: int
    now: int  #: what it was evaluated at; later than the tick's where the task had seen a later one
    latest: int  #: the largest event time the task has seen
    inputs_read: bool  #: inputs have been read, and forwarded, up to the ends they had at assignment
    epoch: int  #: the last epoch up to whose beginning facts have been read
    rewind: int
    partial: PartialAggregate | None  #: None until the task has read, and added up, what there was
    shape: int  #: `schema_hash` the definitions that it was made with
    quiet: bool = True  #: nothing that others are to read has come of facts since it answered the last epoch


def schema_hash(definitions: Definitions) -> int:
    """Give a number for what partials hold and mean: those of different ones cannot be added.

    While a new release or configuration is rolled out, workers of both answer; the numbers hold still until
    all are alike again.
    """
    shape = (
        PartialAggregate.__struct_fields__,
        duration_names(definitions),
        window_sizes(definitions),
        sorted(CATALOGUE),
    )
    return zlib.crc32(msgspec.json.encode([*shape, definitions], order="deterministic"))


class RollupCollector:
    """Collects answers, and says when a set of them is complete."""

    def __init__(self, tasks: int, generation: int, now: int, shape: int) -> None:
        self.tasks = tasks
        self.generation = generation
        self.shape = shape
        self.others: set[int] = set()  #: tasks whose answers are of another shape
        self.now = now  #: never goes back
        self.latest = 0
        self.epoch = 0
        self.rewind = 0
        self._number = 0
        self._inputs_read = False
        self._epochs = 0  #: that have passed since
        self._settled = False
        self._trusted = False
        self._exported = (0, 0)
        self._answers: dict[int, PartialResult] = {}

    def tick(self, now: int) -> Tick:
        """The next question. Answers to earlier ones no longer count."""
        self.now = max(self.now, now)
        trusted = self._trusted and not self.pending
        self._number += 1
        self._answers = {}
        return Tick(
            self._number, self.generation, self.now, self.epoch, self.rewind, trusted, *self._exported
        )

    def exported(self, at: int) -> None:
        """The metrics hold the last complete set, since `at` (milliseconds)."""
        self._exported = (self._number, at)

    @property
    def pending(self) -> bool:
        """Whether answers to the last tick are still to come."""
        return self._number > 0 and len(self._answers) < self.tasks

    def add(self, answer: PartialResult) -> Sequence[PartialResult] | None:
        """Take one answer; the whole set once it is complete, else None."""
        if answer.generation != self.generation or answer.number != self._number:
            return None  # a zombie's, or late
        if answer.shape != self.shape:
            self.others.add(answer.task)
            return None
        self.others.discard(answer.task)
        self.latest = max(self.latest, answer.latest)
        self.rewind = max(self.rewind, answer.rewind)
        if answer.now != self.now:
            self.now = max(self.now, answer.now)
            if answer.partial is not None:
                return None  # all are evaluated at one now: ask again, at the later one
            # The clock of who adds up its history stands still: there is nothing to ask it for at once.
        self._answers[answer.task] = answer
        if len(self._answers) < self.tasks:
            return None
        answers = list(self._answers.values())
        self._follow(answers)
        self._trusted = self.caught_up(answers)
        return answers

    def caught_up(self, answers: Sequence[PartialResult]) -> bool:
        """Whether a complete set rests on all that had been written when the partitions were assigned."""
        return self._settled and all(
            answer.inputs_read
            and answer.epoch == self.epoch
            and answer.rewind == self.rewind
            and answer.partial is not None
            for answer in answers
        )

    def _follow(self, answers: Sequence[PartialResult]) -> None:
        read = all(answer.inputs_read for answer in answers)
        if read and not self._inputs_read:
            # Larger than any epoch of an earlier generation's owner.
            self.epoch = max(self.epoch, self.generation << 20) + 1
            self._epochs = 0
            self._settled = False
        elif read and not self._settled and all(answer.epoch == self.epoch for answer in answers):
            self._epochs += 1
            self._settled = self._epochs == _EPOCHS or all(answer.quiet for answer in answers)
            self.epoch += not self._settled
        self._inputs_read = read
