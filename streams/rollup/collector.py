"""Collect the partial results of evaluation rounds, and decide when the group has caught up.

Pure bookkeeping. `streams.worker.rollup_leader` sends the ticks, and `streams.rollup.publisher` computes the
metrics.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from streams.rollup.protocol import PartialResult, Tick

if TYPE_CHECKING:
    from models.aggregation.variant_sums import Beyond
    from models.metrics.segment_coverage import Uncovered
    from models.partition.metadata import ClockJump

#: Upper bound of settlement rounds. A fact of one customer may lead to facts of other customers. Once the
#: inputs have been read, merges have reached the registry after 1 round, every identity has its canonical id
#: after 2, misdirected facts have been forwarded after 4, and referrers have been notified after 6. Facts
#: that appear later come from later events.
MAX_SETTLEMENT_ROUNDS: Final = 6


class _Export(NamedTuple):
    """The last complete round that became the metrics.

    Attributes:
        number: number of its tick; 0 before the first.
        at: when it became the metrics, milliseconds since the epoch.
    """

    number: int = 0
    at: int = 0


class RollupCollector:
    """Collects the results of one round at a time, until every task has responded.

    Args:
        task_count: number of tasks of the group.
        generation: generation of the consumer group whose results count.
        now: instant before which no round is evaluated, microseconds since the epoch.
        schema_hash: `streams.rollup.protocol.schema_hash` of the leader's definitions.

    Attributes:
        incompatible_tasks: tasks whose last result has another schema hash.
        now: instant of the current round, microseconds since the epoch; never goes back.
        stream_time: largest event time of all tasks, microseconds since the epoch.
        settlement_round: current settlement round; 0 before the first.
        reprocess_id: largest reprocess id of all tasks.
        clock_jump: the jump of all tasks that moved the clock furthest; None without one.
        beyond: some of the experiments and variants that count as `other` in the metrics.
        mappings: input topic -> hashes of the mappings by which any task has read it.
        uncovered: segments of which nearly everything is `unknown` or `other` in the metrics.
    """

    def __init__(self, task_count: int, generation: int, now: int, schema_hash: int) -> None:
        self.task_count = task_count
        self.generation = generation
        self.schema_hash = schema_hash
        self.incompatible_tasks: set[int] = set()
        self.now = now
        self.stream_time = 0
        self.settlement_round = 0
        self.reprocess_id = 0
        self.clock_jump: ClockJump | None = None
        self.beyond: Sequence[Beyond] = ()
        self.mappings: dict[str, tuple[str, ...]] = {}
        self.uncovered: Sequence[Uncovered] = ()
        self._number = 0
        self._inputs_read = False
        self._settlement_rounds = 0  # ended since the inputs were read
        self._settled = False
        self._complete_caught_up = False
        self._export = _Export()
        self._results: dict[int, PartialResult] = {}

    def start_round(self, now: int) -> Tick:
        """Return the tick of a new round. Results of earlier rounds no longer count.

        Args:
            now: instant to evaluate at, microseconds since the epoch.
        """
        self.now = max(self.now, now)
        caught_up = self._complete_caught_up and not self.pending
        self._number += 1
        self._results = {}
        return Tick(
            self._number,
            self.generation,
            self.now,
            self.settlement_round,
            self.reprocess_id,
            caught_up,
            self._export.number,
            self._export.at,
            self.clock_jump,
            self.beyond,
            self.mappings,
            self.uncovered,
        )

    def record_export(self, at: int) -> None:
        """Record that the complete round has become the metrics at `at` (milliseconds since the epoch)."""
        self._export = _Export(self._number, at)

    @property
    def pending(self) -> bool:
        """Whether results of the current round are missing."""
        return self._number > 0 and len(self._results) < self.task_count

    def add(self, result: PartialResult) -> Sequence[PartialResult] | None:
        """Add one result. Return the results of all tasks once the round is complete, else None.

        Late results, and those of another generation or schema, are ignored.
        """
        if result.generation != self.generation or result.number != self._number:
            return None
        self._add_mappings(result.mappings)
        if result.schema_hash != self.schema_hash:
            self.incompatible_tasks.add(result.task)
            return None
        self.incompatible_tasks.discard(result.task)
        self.stream_time = max(self.stream_time, result.stream_time)
        self.reprocess_id = max(self.reprocess_id, result.reprocess_id)
        jump = result.clock_jump
        if jump is not None and (self.clock_jump is None or jump.after > self.clock_jump.after):
            self.clock_jump = jump
        if result.now != self.now:
            self.now = max(self.now, result.now)
            if result.partial is not None:
                return None  # all tasks are evaluated at one instant: the next round is at the later one
            # A task that builds its aggregates does not advance its clock: its result counts as it is.
        self._results[result.task] = result
        return self._complete() if len(self._results) == self.task_count else None

    def _add_mappings(self, mappings: Mapping[str, Sequence[str]]) -> None:
        for topic, digests in mappings.items():
            known = self.mappings.get(topic, ())
            if added := [digest for digest in digests if digest not in known]:
                self.mappings = {**self.mappings, topic: (*known, *added)}

    def _complete(self) -> Sequence[PartialResult]:
        results = list(self._results.values())
        self._settle(results)
        self._complete_caught_up = self.caught_up(results)
        return results

    def caught_up(self, results: Sequence[PartialResult]) -> bool:
        """Return whether a complete round includes every record from before the partitions' assignment."""
        return self._settled and all(
            result.inputs_read
            and result.settlement_round == self.settlement_round
            and result.reprocess_id == self.reprocess_id
            and result.partial is not None
            for result in results
        )

    def _settle(self, results: Sequence[PartialResult]) -> None:
        """Start the settlement when all inputs have been read. End it once no facts lead to facts."""
        inputs_read = all(result.inputs_read for result in results)
        if inputs_read and not self._inputs_read:
            # Larger than any settlement round of an earlier generation's leader.
            self.settlement_round = max(self.settlement_round, self.generation << 20) + 1
            self._settlement_rounds = 0
            self._settled = False
        elif inputs_read and not self._settled and self._round_read(results):
            self._settlement_rounds += 1
            quiescent = all(result.is_quiescent for result in results)
            self._settled = quiescent or self._settlement_rounds == MAX_SETTLEMENT_ROUNDS
            self.settlement_round += not self._settled
        self._inputs_read = inputs_read

    def _round_read(self, results: Sequence[PartialResult]) -> bool:
        return all(result.settlement_round == self.settlement_round for result in results)
