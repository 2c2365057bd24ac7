"""A task: the unit of ownership, with its state and its transactions (docs/architecture.md).

Life of a task: `open` (fence the former owner, restore the state), then records are taken and, a few times a
second, everything that came of them is committed in one Kafka transaction; `close` when it is revoked.
Whatever fails in between, the task is dropped and opened again: what was committed is all there is.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

import msgspec
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition

from models.partition.partition import Partition
from streams.faust_engine.transport import RecordBatch
from streams.ingest.router import Router
from streams.kafka.aiokafka_patches.raw_records import RawRecord
from streams.kafka.outbox import Outbox, Outgoing, send
from streams.mapping.mappings import TopicReader
from streams.mapping.reader import Reader
from streams.monitoring.lag import Lag
from streams.rollup.collector import PartialResult, Tick, schema_hash
from streams.worker.bootstrap import AggregateBuild
from streams.worker.catch_up import CatchUp
from streams.worker.context import TaskContext
from streams.worker.output_publisher import OutputPublisher
from streams.worker.transactional_producer import TransactionalProducer

log = logging.getLogger(__name__)

#: Records taken before other coroutines get a turn: about 10 ms, whether they are counted or only absorbed.
_CHUNK = 500
_HISTORY_CHUNK = 2000
#: What changes by ticks alone is committed this often: it saves a transaction a tick on a quiet topic.
_IDLE_COMMIT_SECONDS = 5.0
#: While the history is read nobody waits for numbers, and who has changed soon changes again: fewer, larger
#: transactions write fewer rows. Only what is forwarded is waited for.
_HISTORY_COMMIT_SECONDS = 10.0
_HISTORY_COMMIT_RECORDS = 60_000
_HISTORY_COMMIT_FORWARDED = 5000

_decode_tick = msgspec.msgpack.Decoder(Tick).decode


class Task:
    """One customers partition: its state, its sources' positions, its transactional producer."""

    def __init__(self, number: int, generation: int, shared: TaskContext, rows: dict[bytes, bytes]) -> None:
        self.number = number
        self.generation = generation
        self.partition = Partition(shared.definitions, rows)
        self._shape = schema_hash(shared.definitions)
        self.outbox = Outbox()
        self.positions: dict[TopicPartition, int] = {}
        self.lag = Lag()
        self.running = False
        self.rewind = 0
        self._shared = shared
        self._turn = 0
        self._restored = 0
        self._committed: dict[TopicPartition, int] = {}
        self._committed_at = 0.0
        self._letters_committed = 0
        self._taken = 0
        self._progress = CatchUp({})
        self.transactions = TransactionalProducer(shared.client_options, f"{shared.names.group}-{number}")
        self._state = asyncio.Lock()  # held by who changes the customers over an await
        self._facts = TopicPartition(shared.names.facts, number)
        self._announcer = OutputPublisher(
            self.partition, self.outbox, self._state, shared.partitions, f"/retention/{shared.names.group}"
        )
        self._intake = Router(
            task=number,
            tasks=shared.tasks,
            facts_topic=shared.names.facts,
            dead_letter_partitions=shared.dead_letter_partitions,
            definitions=shared.definitions,
            partition=self.partition,
            outbox=self.outbox,
            operational=shared.operational,
        )
        self._counting = AggregateBuild(self.partition, self._state, self._intake.deliver)

    def load(self, records: Sequence[ConsumerRecord]) -> None:
        """Take rows of the changelog, in its order: a later one replaces an earlier one."""
        load = self.partition.load
        for record in records:
            load(record.key, record.value)
        self._restored += len(records)

    def resume(self) -> None:
        """Go on from the rows that were loaded; what is read up to the inputs' ends is only absorbed."""
        self.partition.resume(self._shared.clock.now(0))
        self.rewind = self.partition.meta.rewind

    def start(
        self,
        positions: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
        *,
        rewind: int | None = None,
    ) -> None:
        """Begin to take records, from `positions`, with the state that has been restored.

        Args:
            positions: of all its sources.
            ends: what the inputs and the facts topic held when the task was assigned.
            rewind: the state was gone; asks all tasks to read their inputs again.
        """
        self.positions = dict(positions)
        self._committed = dict(positions)
        self._progress = CatchUp(ends)
        if rewind is not None:
            # The first transaction puts the offsets back, too: killed after it, the state would no longer be
            # missing, and what had not been read again by then never would be.
            self._committed = {tp: at for tp, at in positions.items() if tp.topic not in self._shared.inputs}
            self._rewound({}, rewind)
        self.running = True

    async def close(self) -> None:
        """Forget everything that is not committed, once a transaction under way has ended."""
        self.running = False
        self._turn += 1
        self._counting.close()
        self._announcer.close()
        self._shared.operational.forget(self.number)
        await self.transactions.close()

    async def take(self, batch: RecordBatch) -> None:
        """Take one batch of an input or of the facts topic.

        Positions move with what has been taken, chunk by chunk, so that a transaction at any await holds
        exactly what came of the records before its offsets.
        """
        tp, records, turn = batch.tp, batch.records, self._turn
        if not self.running:
            return
        position = self.positions[tp]
        if batch.start > position:
            await self._shared.sources.seek({tp: position})
            return
        if batch.next_offset <= position:
            return
        if batch.start < position:
            # Fetched again after a seek. To seek once more would fetch again what is on its way, and so on.
            records = [record for record in records if record.offset >= position]
        else:
            await self._check_lost(batch)
        size = _CHUNK if self.partition.is_live else _HISTORY_CHUNK
        reads = self._shared.inputs.get(tp.topic)
        for start in range(0, len(records), size):
            chunk = records[start : start + size]
            if isinstance(reads, Reader) and reads.needs_schemas:
                await reads.prepare((record.value for record in chunk), lambda: turn == self._turn)
            async with self._state:
                if turn != self._turn:
                    return
                self._take_chunk(reads, tp, chunk)
                self.positions[tp] = chunk[-1].offset + 1
                self._taken += len(chunk)
            await asyncio.sleep(0)
        if turn == self._turn:
            self.positions[tp] = batch.next_offset

    def _take_chunk(self, reads: TopicReader | None, tp: TopicPartition, chunk: Sequence[RawRecord]) -> None:
        if reads is None:
            self._intake.take_facts(tp, chunk)
        elif isinstance(reads, Reader):
            self._intake.take_mapped(reads, tp, chunk)
        else:
            self._intake.take_events(reads, tp, chunk)

    async def answer(self, batch: RecordBatch) -> PartialResult | None:
        """Evaluate at the last tick of the batch; older ones are nobody's question any more.

        Nor is what a former owner of the roll-up asks, who does not know yet that it is one.
        """
        self.positions[batch.tp] = batch.next_offset
        asked = [_decode_tick(record.value) for record in batch.records]
        ticks = [tick for tick in asked if tick.generation == self.generation]
        if not ticks:
            return None
        tick, own = ticks[-1], self._shared.operational
        if tick.exported:
            own.exported(self.number, (tick.generation, tick.exported), tick.exported_at)
        await self._follow(tick)
        progress, read = self._progress, self._facts_read()
        partial = await self._counting.evaluate(tick.now, begin=read or await self._nothing_left())
        done = (
            read
            and partial is not None
            and progress.letters_out(self._intake.letters, self._letters_committed)
        )
        if partial is not None:
            own.answered(self.number, (tick.generation, tick.number))
        self._announcer.allow(lambda: tick.caught_up and tick.generation == self.generation)
        return PartialResult(
            task=self.number,
            number=tick.number,
            generation=self.generation,
            now=self.partition.now,
            latest=self.partition.stream_time,
            inputs_read=self._inputs_read(),
            epoch=progress.epoch if done else 0,
            quiet=progress.quiet,
            rewind=self.rewind,
            partial=partial,
            shape=self._shape,
        )

    async def commit(self, *, last: bool = False) -> None:
        """Commit, in one transaction: rows, outgoing records, and the offsets of what they came from.

        Args:
            last: also what can wait, such as the clock: the next owner's is not to be behind it.

        Raises:
            ProducerFenced: the task has another owner by now.
            KafkaError: the transaction failed; the task must be opened again.
        """
        await self.transactions.run(lambda: self.running and (last or self._due()), self._transact)

    async def _transact(self, producer: AIOKafkaProducer) -> None:
        started = time.monotonic()
        rows = self.partition.take_changes()
        records = self.outbox.take()
        positions = dict(self.positions)
        moved = {tp: at for tp, at in positions.items() if at != self._committed.get(tp)}
        letters = self._intake.letters
        taken, self._taken = self._taken, 0
        changelog = (self._shared.names.changelog, self.number)
        try:
            async with producer.transaction():
                await send(
                    producer,
                    [(changelog, [Outgoing(key, row) for key, row in rows.items()]), *records.items()],
                )
                if moved:
                    await producer.send_offsets_to_transaction(moved, self._shared.names.group)
        except BaseException:
            self.running = False  # what was drained is lost to it: it must be opened again
            raise
        self._committed = positions
        self._letters_committed = letters
        self._committed_at = time.monotonic()
        self._shared.operational.committed(records)
        example = {"task": f"{self.number}", "rows": f"{len(rows)}", "records": f"{taken}"}
        self._shared.operational.flush.observe(self._committed_at - started, example=example)

    def sample_lag(self, ends: Mapping[TopicPartition, int]) -> None:
        """Take note of the sources' end offsets."""
        self.lag.sample({tp: ends[tp] for tp in self.sources if tp in ends}, self.positions, time.monotonic())

    async def _rewind(self, rewind: int) -> None:
        """Read the inputs again from the earliest: another task has lost the state made of them."""
        positions = await self._shared.sources.starting_positions(self.inputs, from_earliest=True)
        log.warning("task %d reads its inputs again from the earliest offsets", self.number)
        self._rewound(positions, rewind)
        await self._shared.sources.seek(positions)

    def _rewound(self, positions: Mapping[TopicPartition, int], rewind: int) -> None:
        """The inputs are read again, from `positions`."""
        self._turn += 1
        self.rewind = rewind
        self.partition.start_reprocessing(rewind)
        self._intake.deliver()
        self.positions.update(positions)

    @property
    def sources(self) -> list[TopicPartition]:
        """Where its records come from: its partitions of the inputs and of the facts topic."""
        return [*self.inputs, self._facts]

    @property
    def inputs(self) -> list[TopicPartition]:
        """Its partitions of the input topics."""
        return [tp for tp in self.positions if tp.topic in self._shared.inputs]

    @property
    def caught_up(self) -> bool:
        """Whether its inputs, and the facts forwarded to it until then, have been read."""
        return self.partition.is_live and self._inputs_read() and self._facts_read()

    @property
    def state_missing(self) -> bool:
        """Whether the changelog held nothing: not even the row that every transaction writes."""
        return self._restored == 0

    def _due(self) -> bool:
        since = time.monotonic() - self._committed_at
        if (
            self._progress.in_history(self.positions)
            and since < _HISTORY_COMMIT_SECONDS
            and self._taken < _HISTORY_COMMIT_RECORDS
            and len(self.outbox) < _HISTORY_COMMIT_FORWARDED
        ):
            return False
        quiet = (self._shared.names.ticks, self._shared.names.partials)
        if self.outbox or self.partition.has_changes:
            return True
        moved = [tp for tp, at in self.positions.items() if at != self._committed.get(tp)]
        if any(tp.topic not in quiet for tp in moved):
            return True
        return bool(moved) and since > _IDLE_COMMIT_SECONDS

    def _inputs_read(self) -> bool:
        read = self._progress.inputs_read(self.positions, self._committed)
        return read and not self.lag.stale(time.monotonic())

    def _facts_read(self) -> bool:
        return self._progress.facts_read(self.positions[self._facts])

    async def _nothing_left(self) -> bool:
        """Whether nothing waits to be absorbed, though others may forward more: that will be counted."""
        if self._counting.begun or self._progress.in_history(self.positions):
            return False
        ends = await self._shared.sources.end_offsets([self._facts])
        return self.positions[self._facts] >= ends[self._facts]

    async def _check_lost(self, batch: RecordBatch) -> None:
        """Notice that a topic's own retention was faster. A gap of one is a transaction's marker."""
        found = batch.records[0].offset if batch.records else batch.next_offset
        if found - batch.start > 1 and batch.tp.topic in self._shared.inputs:
            await self._shared.sources.check_lost(batch.tp, batch.start, found)

    async def _follow(self, tick: Tick) -> None:
        # Not while it adds up: what others are to be told again is said by who has been added up, or will be.
        if tick.rewind > self.rewind and not self._counting.under_way:
            await self._rewind(tick.rewind)
        if tick.epoch not in (0, self._progress.epoch):
            ends = await self._shared.sources.end_offsets([self._facts])
            self._progress.begin(tick.epoch, ends[self._facts])
