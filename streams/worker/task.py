"""A task: the unit of ownership, with its state and its transactions (docs/architecture.md).

Life of a task: `open` fences the former owner, the changelog is loaded, `restore` and `start` begin the
processing. Records are then processed, and a few times a second everything that came of them is committed in
one Kafka transaction. A revocation commits the task, and the reassignment that follows closes it if another
worker gets it. When anything fails in between, the task is dropped and opened again from what is committed.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from models.partition.partition import Partition
from streams.clock import EventClock
from streams.faust_engine.types import RecordBatch
from streams.ingest.router import Router
from streams.kafka.aiokafka_patches.raw_records import RawRecord
from streams.kafka.outbox import Outbox
from streams.mapping.mappings import TopicReader
from streams.mapping.reader import Reader
from streams.rollup.protocol import PartialResult, Tick
from streams.worker.aggregate_build import AggregateBuild
from streams.worker.committer import Committer
from streams.worker.context import TaskContext
from streams.worker.evaluator import Evaluator
from streams.worker.output_publisher import OutputPublisher
from streams.worker.source_progress import SourceProgress
from streams.worker.task_run import TaskRun

log = logging.getLogger(__name__)

#: Records processed before other coroutines get a turn: about 10 ms, applied or only appended.
_CHUNK = 500
_HISTORY_CHUNK = 2000

_decode_tick = msgspec.msgpack.Decoder(Tick).decode


class FactsLost(KafkaError):  # type: ignore[misc] # aiokafka is not typed
    """Facts that other tasks forwarded were removed before the task read them."""

    description = "facts were removed before they were read"


class Task:
    """One partition of the customers: its state, its positions in the sources, its transactions.

    Args:
        number: number of the task.
        generation: generation of the consumer group that assigned it.
        context: shared by all tasks of the worker.
        rows: the rows of the partition in the customers table; empty.

    Attributes:
        number: as given.
        run: generation, and whether the task runs.
        partition: the state.
        outbox: records for the next transaction.
        progress: positions in the sources.
        committer: the task's transactions.
        facts_lost: whether unread facts were removed, so that the task must be opened again.
    """

    def __init__(self, number: int, generation: int, context: TaskContext, rows: dict[bytes, bytes]) -> None:
        self.number = number
        self.run = TaskRun(number, generation)
        self.partition = Partition(context.definitions, rows)
        self.outbox = Outbox()
        self.progress = SourceProgress(context.inputs, TopicPartition(context.names.facts, number))
        self.facts_lost = False
        self._context = context
        self._loaded_records = 0
        self._state = asyncio.Lock()  # held while the partition is changed across an await
        self._router = Router(
            task=number,
            task_count=context.task_count,
            facts_topic=context.names.facts,
            dead_letter_topic=context.names.dead_letters,
            dead_letter_partitions=context.dead_letter_partitions,
            definitions=context.definitions,
            partition=self.partition,
            outbox=self.outbox,
            counters=context.counters,
            event_clock=isinstance(context.clock, EventClock),
        )
        self._publisher = OutputPublisher(
            self.partition,
            self.outbox,
            self._state,
            context.partition_counts,
            context.names,
        )
        self._build = AggregateBuild(self.partition, self._state, self._router.deliver)
        self.committer = Committer(
            run=self.run,
            context=context,
            partition=self.partition,
            outbox=self.outbox,
            progress=self.progress,
            router=self._router,
        )
        self._evaluator = Evaluator(
            run=self.run,
            context=context,
            partition=self.partition,
            progress=self.progress,
            router=self._router,
            committer=self.committer,
            build=self._build,
            publisher=self._publisher,
        )

    @property
    def generation(self) -> int:
        """Generation of the consumer group that the task belongs to."""
        return self.run.generation

    @property
    def running(self) -> bool:
        """Whether the task processes records and commits."""
        return self.run.running

    @property
    def positions(self) -> dict[TopicPartition, int]:
        """Partition -> offset of the next record to process."""
        return self.progress.positions

    @property
    def reprocess_id(self) -> int:
        """Id of the last reprocessing that the task has started; 0 if none."""
        return self.partition.metadata.reprocess_id

    @property
    def caught_up(self) -> bool:
        """Whether the inputs, and the facts forwarded until then, are read and the aggregates are built."""
        return self.partition.is_live and self.progress.inputs_read and self.progress.facts_read

    @property
    def awaits_commit(self) -> bool:
        """Whether the result of the last evaluation counts only once the task is committed."""
        return self._evaluator.awaits_commit

    @property
    def state_missing(self) -> bool:
        """Whether the changelog was empty. Every committed task has at least its metadata row there."""
        return self._loaded_records == 0

    async def open(self) -> None:
        """Fence the former owner, and abort its open transaction.

        Raises:
            KafkaError: Kafka does not answer, or refuses.
        """
        await self.committer.transactions.open()

    def load(self, records: Sequence[ConsumerRecord]) -> None:
        """Load rows from the changelog, in its order. A later row replaces an earlier one."""
        load = self.partition.load
        for record in records:
            load(record.key, record.value)
        self._loaded_records += len(records)

    def restore(self) -> None:
        """Restore the state from the loaded rows. Records up to the inputs' ends are only appended."""
        self.partition.resume(self._context.clock.now(0))
        self._evaluator.restored()

    def start(
        self,
        positions: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
        committed: Mapping[TopicPartition, int],
        *,
        reprocess_id: int | None = None,
    ) -> None:
        """Start to process records with the restored state.

        Args:
            positions: starting position of each source.
            ends: ends of the inputs and of the facts topic when the task was assigned.
            committed: committed offsets that belong to the topics as they are now.
            reprocess_id: set if the state was lost; makes all tasks read their inputs again.
        """
        self.progress.start(positions, ends, committed)
        if reprocess_id is not None:
            self._start_reprocessing({}, reprocess_id)
        self.run.start()

    async def close(self) -> None:
        """Drop everything that is not committed, once a transaction under way has ended."""
        self.run.end()
        self._build.cancel()
        self._publisher.close()
        self._context.counters.forget(self.number)
        await self.committer.transactions.close()

    async def process(self, batch: RecordBatch) -> None:
        """Process one batch of an input or of the facts topic.

        The position moves with the processed records, chunk by chunk. A transaction at any await therefore
        holds exactly what came of the records before its offsets.
        """
        tp, read_pass = batch.tp, self.run.read_pass
        records = await self._unread(batch)
        if records is None:
            return
        size = _CHUNK if self.partition.is_live else _HISTORY_CHUNK
        reader = self._context.inputs.get(tp.topic)
        for start in range(0, len(records), size):
            chunk = records[start : start + size]
            if isinstance(reader, Reader) and reader.needs_schemas:
                await reader.prepare((record.value for record in chunk), lambda: not read_pass.ended)
            async with self._state:
                if read_pass.ended:
                    return
                self._route(reader, tp, chunk)
                self.progress.advance(tp, chunk[-1].offset + 1, len(chunk))
            await asyncio.sleep(0)
        if not read_pass.ended:
            self.positions[tp] = batch.next_offset

    async def _unread(self, batch: RecordBatch) -> list[RawRecord] | None:
        """Return the records of a batch that are not processed yet; None to ignore the whole batch."""
        if not self.running or not self._context.clock_check.trusted:
            return None
        position = self.positions[batch.tp]
        if batch.start > position:
            await self._context.source_offsets.seek({batch.tp: position})
            return None
        if batch.next_offset <= position:
            return None
        if batch.start < position:
            # Fetched again after a seek. Another seek would fetch again what is on its way, and so on.
            return [record for record in batch.records if record.offset >= position]
        if batch.lost_before:
            await self._count_lost(batch)
        return batch.records

    def _route(self, reader: TopicReader | None, tp: TopicPartition, chunk: Sequence[RawRecord]) -> None:
        if (digest := self._context.mapping_digests.get(tp.topic)) is not None:
            self.partition.metadata.record_mapping(tp.topic, digest)
        if reader is None:
            self._router.apply_facts(tp, chunk)
        elif isinstance(reader, Reader):
            self._router.route_mapped(reader, tp, chunk)
        else:
            self._router.route_events(reader, tp, chunk)

    async def _count_lost(self, batch: RecordBatch) -> None:
        """Count the records before a batch that were removed unread.

        Raises:
            FactsLost: they are facts. The task must be opened again.
        """
        if batch.tp.topic in self._context.inputs:
            found = batch.records[0].offset if batch.records else batch.next_offset
            await self._context.source_offsets.check_lost(batch.tp, batch.start, found)
        else:
            self.facts_lost = True
            self.run.stop()
            raise FactsLost(FactsLost.description)

    async def evaluate(self, batch: RecordBatch) -> PartialResult | None:
        """Evaluate at the newest tick of a batch; return None if no tick is of this generation.

        Older ticks, and ticks of a former roll-up leader, are ignored.
        """
        self.positions[batch.tp] = batch.next_offset
        ticks = [_decode_tick(record.value) for record in batch.records]
        tick = next((tick for tick in reversed(ticks) if tick.generation == self.generation), None)
        if tick is None:
            return None
        self._evaluator.record_export(tick)
        # Not while aggregates are being built: the build decides at its start whether to resend messages, and
        # would miss this reprocessing.
        if tick.reprocess_id > self.reprocess_id and not self._build.is_running:
            await self._reprocess(tick.reprocess_id)
        return await self._evaluator.evaluate(tick)

    async def commit(self, *, last: bool = False) -> None:
        """Commit everything that came of the processed records, in one transaction.

        Args:
            last: commit also what could wait, because the task leaves this worker.

        Raises:
            ProducerFenced: the task has another owner.
            KafkaError: the transaction failed, or facts were lost; the task must be opened again.
        """
        if self.facts_lost:
            raise FactsLost(FactsLost.description)
        await self.committer.commit(last=last)

    async def _reprocess(self, reprocess_id: int) -> None:
        """Read the inputs again from the earliest offsets: another task has lost the state made of them."""
        offsets = self._context.source_offsets
        positions = await offsets.starting_positions(self.progress.inputs, from_earliest=True)
        log.warning("task %d reads its inputs again from the earliest offsets", self.number)
        self._start_reprocessing(positions, reprocess_id)
        await offsets.seek(positions)

    def _start_reprocessing(self, positions: Mapping[TopicPartition, int], reprocess_id: int) -> None:
        """Go back to `positions`, and drop the records that were fetched before."""
        self.run.start_pass()
        self.partition.start_reprocessing(reprocess_id)
        self._router.deliver()
        self.positions.update(positions)
