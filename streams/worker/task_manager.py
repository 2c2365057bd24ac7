"""The tasks that this worker owns: opened and closed with the assignment, committed a few times a second."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from models.partition import metadata
from streams.errors import RetentionError, StateTooNew
from streams.faust_engine.table import CustomersTable
from streams.kafka.compacted_topics import read_to_end
from streams.worker.context import TaskContext
from streams.worker.published_profiles import published_profiles
from streams.worker.task import Task

log = logging.getLogger(__name__)

_REOPEN_SECONDS = 1.0
#: So far above the last loss of state is the next one, where a clock says it came before that (milliseconds).
_NEXT_REWIND_MS = 3_600_000


class TaskManager:
    """Owned tasks by number.

    A task whose transaction failed is closed and opened again: what Kafka holds is the truth. One that was
    fenced has another owner, so the worker joins the group anew before it opens anything.
    """

    def __init__(
        self,
        shared: TaskContext,
        table: CustomersTable,
        on_opened: Callable[[Task], Awaitable[None]],
        on_closed: Callable[[int], object],
        on_failed: Callable[[Exception], Awaitable[None]],
    ) -> None:
        self._shared = shared
        self._table = table
        self._on_opened = on_opened
        self._on_closed = on_closed
        self._on_failed = on_failed
        self._owned: dict[int, Task] = {}
        self._opening: dict[int, asyncio.Task[None]] = {}
        self._sources: dict[int, list[TopicPartition]] = {}
        self.generation = -1

    def __iter__(self) -> Iterator[Task]:
        return iter(list(self._owned.values()))

    def __len__(self) -> int:
        return len(self._owned)

    @property
    def opening(self) -> int:
        """How many tasks are being restored."""
        return len(self._opening)

    def get(self, number: int) -> Task | None:
        """A running task, if it is owned here."""
        return self._owned.get(number)

    async def reassign(
        self, assigned: Iterable[TopicPartition], generation: int, *, continuous: bool
    ) -> None:
        """Own exactly the tasks of `assigned`.

        `continuous`: this worker was a member in the generation before. If not, others may have owned its
        tasks in between, and written their state: then nothing it holds can be kept.
        """
        before = self._sources
        self.generation = generation
        self._sources = self._by_task(assigned)
        for number in [*self._owned, *self._opening]:
            # A partition that was added to an input has to be known from the start.
            if not continuous or self._sources.get(number) != before.get(number):
                await self._close(number)
        for number in self._sources:
            task = self._owned.get(number)
            if task is not None:
                await self._read_on(task)
            elif number not in self._opening:
                self._open(number)

    async def commit(self) -> None:
        """Commit every task that has something to commit."""
        await asyncio.gather(*(self._commit(task) for task in list(self._owned.values())))

    async def close(self) -> bool:
        """Commit, and give everything back, also where a commit raises; gives whether all is committed."""
        try:
            done = await asyncio.gather(*(self._commit(task, last=True) for task in self))
            return all(done)
        finally:
            for number in [*self._owned, *self._opening]:
                await self._close(number)

    async def sample_lag(self) -> None:
        """Compare positions with the sources' ends.

        An input that was made anew is read from its start.
        """
        tasks = list(self._owned.values())
        read = {tp: task.positions[tp] for task in tasks for tp in task.sources}
        if not read:
            return
        sources = self._shared.sources
        anew = await sources.made_anew(tp for assigned in self._sources.values() for tp in assigned)
        ends = await sources.end_offsets(read)
        anew |= {tp for tp, position in read.items() if ends[tp] < position}
        for task in tasks:
            task.sample_lag(ends)
            if self._owned.get(task.number) is task and anew.intersection(task.inputs):
                log.warning("an input of task %d was made anew: opening it again", task.number)
                await self._close(task.number)
                self._open(task.number)

    def _by_task(self, assigned: Iterable[TopicPartition]) -> dict[int, list[TopicPartition]]:
        by_task: dict[int, list[TopicPartition]] = {}
        for tp in sorted(assigned):
            by_task.setdefault(tp.partition % self._shared.tasks, []).append(tp)
        return by_task

    async def _commit(self, task: Task, *, last: bool = False) -> bool:
        try:
            await task.commit(last=last)
        except ProducerFenced:
            if self._owned.get(task.number) is task:  # else a new assignment has said so already
                log.warning("task %d has another owner by now: joining the group anew", task.number)
                await self._close(task.number)
                self._shared.sources.rejoin()
        except KafkaError as error:
            if self._owned.get(task.number) is task:
                log.warning("task %d could not commit (%s): opening it again", task.number, error)
                await self._close(task.number)
                self._open(task.number)
        else:
            return True
        return False

    async def _close(self, number: int) -> None:
        opening = self._opening.pop(number, None)
        if opening is not None:
            opening.cancel()
            await asyncio.wait([opening])
        task = self._owned.pop(number, None)
        if task is not None:
            self._shared.sources.pause(task.positions)
            await task.close()
        self._on_closed(number)
        self._table.drop(number)
        gc.collect()  # a partition refers to itself: its memory would stay until the collector comes by

    def _open(self, number: int) -> None:
        self._opening[number] = asyncio.create_task(self._open_until_done(number))

    async def _open_until_done(self, number: int) -> None:
        while True:
            task = Task(number, self.generation, self._shared, self._table.new_partition(number))
            try:
                with _too_new_in_words():
                    await self._restore(task)
                await self._on_opened(task)
                await self._read_on(task)
            except KafkaError as error:
                log.warning("task %d could not be opened (%s): trying again", number, error)
                await task.close()
                await asyncio.sleep(_REOPEN_SECONDS)
            except asyncio.CancelledError:
                await task.close()
                raise
            except Exception as error:  # noqa: BLE001 - said with its traceback by who is told
                if not isinstance(error, RetentionError):  # which says it all
                    log.error("task %d cannot be opened", number)  # noqa: TRY400
                await task.close()
                await self._on_failed(error)
                return
            else:
                break
        self._opening.pop(number, None)
        self._owned[number] = task

    async def _read_on(self, task: Task) -> None:
        """Read from where a task is, as a member of the present generation.

        An assignment puts the consumer back to the committed offsets: one made during a seek undoes it.
        """
        while True:
            task.generation = self.generation
            await self._shared.sources.seek(dict(task.positions))
            if task.generation == self.generation:
                break
        self._shared.sources.resume(task.positions)

    async def _restore(self, task: Task) -> None:
        started = time.monotonic()
        sources = self._shared.sources
        tps = self._sources[task.number]
        await task.transactions.open()
        await self._read_state(task)
        committed = await sources.committed(tps)
        reads = [tp for tp in tps if tp.topic in self._shared.inputs or tp.topic == self._shared.names.facts]
        lost = task.state_missing and any(committed.get(tp) for tp in reads)
        if lost:
            log.error(
                "the state of task %d is gone although its offsets are committed: all inputs are read again "
                "from the earliest offsets",
                task.number,
            )
        positions = await sources.starting_positions(tps, from_earliest=lost)
        rewind = None
        if lost:
            rewind = await self._new_rewind(task.number)
            task.partition.restore_published(await published_profiles(self._shared, task.number))
        task.start(positions, await sources.end_offsets(reads), rewind=rewind)
        self._shared.operational.recovery_seconds = time.monotonic() - started
        log.info("task %d restored in %.1f s", task.number, time.monotonic() - started)

    async def _read_state(self, task: Task) -> None:
        async for records in self._rows_of(task.number):
            task.load(records)
        task.resume()

    async def _new_rewind(self, lost: int) -> int:
        """Give the number with which all tasks read again: it is above those of all losses before.

        The clock of whoever noticed one of them may have been ahead. A lower number would be taken for one
        that was followed already: nobody would send again what the task has lost.
        """
        before = 0
        others = [number for number in range(self._shared.tasks) if number != lost]
        if others:
            async for records in self._rows_of(*others):
                found = [
                    metadata.read_metadata(one.value)
                    for one in records
                    if one.key == metadata.METADATA_KEY and one.value
                ]
                before = max([before, *(one.rewind for one in found)])
        now = time.time_ns() // 10**6
        return now if now > before else before + _NEXT_REWIND_MS

    async def _rows_of(self, *numbers: int) -> AsyncGenerator[list[ConsumerRecord], None]:
        """Yield what the changelog holds of tasks."""
        changelog = [TopicPartition(self._shared.names.changelog, number) for number in numbers]
        async for records in read_to_end(self._shared.client_options, changelog):
            yield records
            await asyncio.sleep(0)


@contextmanager
def _too_new_in_words() -> Iterator[None]:
    """Say what to do where a newer release has written the state."""
    try:
        yield
    except metadata.StateTooNew as error:
        raise StateTooNew(error.found, error.known) from None
