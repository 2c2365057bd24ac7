"""Evaluate a task at a tick of the roll-up leader."""

import logging
from collections.abc import Sequence

from aiokafka import TopicPartition

from models.aggregation.aggregates import PartialAggregate
from models.partition.partition import Partition
from streams.ingest.mapping_changes import RESET_ADVICE, changed_inputs, describe_changed
from streams.ingest.router import Router
from streams.rollup.protocol import PartialResult, Tick, schema_hash
from streams.worker.aggregate_build import AggregateBuild
from streams.worker.committer import Committer
from streams.worker.context import TaskContext
from streams.worker.first_history import FirstHistory
from streams.worker.output_publisher import OutputPublisher
from streams.worker.source_progress import SourceProgress
from streams.worker.task_run import TaskRun

log = logging.getLogger(__name__)


class Evaluator:
    """Makes one task's partial results.

    Args:
        run: the task's.
        context: shared by all tasks.
        partition: state that is evaluated.
        progress: positions in the sources.
        router: counts the messages to other tasks.
        committer: counts the committed ones.
        build: builds and evaluates the aggregates.
        publisher: emits outputs while the group is caught up.

    Attributes:
        awaits_commit: whether the last result counts only once everything that it rests on is committed.
    """

    def __init__(
        self,
        *,
        run: TaskRun,
        context: TaskContext,
        partition: Partition,
        progress: SourceProgress,
        router: Router,
        committer: Committer,
        build: AggregateBuild,
        publisher: OutputPublisher,
    ) -> None:
        self.awaits_commit = False
        self._run = run
        self._context = context
        self._partition = partition
        self._progress = progress
        self._router = router
        self._committer = committer
        self._build = build
        self._publisher = publisher
        self._first_history = FirstHistory(partition, progress)
        self._facts = TopicPartition(context.names.facts, run.task)
        self._schema_hash = schema_hash(context.definitions, context.inputs_digest)

    def restored(self) -> None:
        """Decide whether the partition waits for its first history, once its rows are restored."""
        self._first_history.is_over = self._partition.has_customers

    def record_export(self, tick: Tick) -> None:
        """Record the exported round that a tick names, and the warnings of the tick."""
        self._context.counters.clock_jump = tick.clock_jump or self._context.counters.clock_jump
        if tick.mappings:  # a new leader has none before its first results
            self._record_changed_inputs(changed_inputs(tick.mappings, self._context.mapping_digests))
        if tick.exported_number:
            self._context.counters.exported(
                self._run.task, (tick.generation, tick.exported_number), tick.exported_at
            )

    def _record_changed_inputs(self, changed: Sequence[str]) -> None:
        counters = self._context.counters
        if added := sorted({*changed} - {*counters.changed_inputs}):
            log.warning("%s; %s", describe_changed(added), RESET_ADVICE)
        counters.changed_inputs = changed

    async def evaluate(self, tick: Tick) -> PartialResult:
        """Return the task's result at the tick. Emit outputs as long as the group is caught up."""
        await self._start_settlement_round(tick)
        if not self._first_history.is_over:
            self._first_history.follow(self._context.source_offsets.known_ends(self._progress.inputs))
        facts_read = self._progress.facts_read
        partial = await self._build.evaluate(tick.now, start=facts_read or await self._nothing_left())
        self.awaits_commit = False
        if partial is not None:  # before any other coroutine runs, so that no fact is added in between
            self.awaits_commit = self._partition.follow_close(caught_up=tick.caught_up)
        settled = facts_read and partial is not None and self._messages_committed()
        if partial is not None:
            self._context.counters.answered(self._run.task, (tick.generation, tick.number))
        self._publisher.publish_while(lambda: tick.caught_up and tick.generation == self._run.generation)
        return self._result(tick, partial, settled=settled)

    def _result(self, tick: Tick, partial: PartialAggregate | None, *, settled: bool) -> PartialResult:
        catch_up = self._progress.catch_up
        return PartialResult(
            task=self._run.task,
            number=tick.number,
            generation=self._run.generation,
            now=self._partition.now,
            stream_time=self._partition.stream_time,
            inputs_read=self._progress.inputs_read,
            settlement_round=catch_up.settlement_round if settled else 0,
            is_quiescent=catch_up.is_quiescent,
            reprocess_id=self._partition.metadata.reprocess_id,
            partial=partial,
            schema_hash=self._schema_hash,
            clock_jump=self._partition.metadata.clock_jump,
            mappings=self._partition.metadata.mappings,
        )

    def _messages_committed(self) -> bool:
        return self._progress.catch_up.messages_committed(
            self._router.messages_sent, self._committer.messages_committed
        )

    async def _start_settlement_round(self, tick: Tick) -> None:
        if tick.settlement_round not in (0, self._progress.catch_up.settlement_round):
            ends = await self._context.source_offsets.end_offsets([self._facts])
            self._progress.catch_up.start_round(tick.settlement_round, ends[self._facts])

    async def _nothing_left(self) -> bool:
        """Return whether the history is read, so that the aggregates can be built.

        Other tasks may still forward facts; these are applied incrementally.
        """
        if self._build.has_started or self._progress.in_history:
            return False
        ends = await self._context.source_offsets.end_offsets([self._facts])
        return self._progress.facts_position >= ends[self._facts]
