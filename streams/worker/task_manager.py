"""The tasks that this worker owns: opened and closed with the assignment, committed a few times a second."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from streams.errors import RetentionError
from streams.faust_engine.table import CustomersTable
from streams.worker.context import TaskContext
from streams.worker.restore import restore
from streams.worker.task import Task

log = logging.getLogger(__name__)

_REOPEN_SECONDS = 1.0


class TaskManager:
    """Owns the tasks of this worker.

    A task whose transaction failed is closed and opened again from what Kafka holds. A task that was fenced
    has another owner, so that the worker joins the group again before it opens anything.

    Args:
        context: shared by all tasks.
        table: holds the rows of all partitions.
        on_opened: called with a task that has been restored, before it reads.
        on_closed: called with the number of a task that has been closed.
        on_failed: called with an error that stops the worker.

    Attributes:
        generation: generation of the latest assignment; -1 before the first.
    """

    def __init__(
        self,
        context: TaskContext,
        table: CustomersTable,
        on_opened: Callable[[Task], Awaitable[None]],
        on_closed: Callable[[int], object],
        on_failed: Callable[[Exception], Awaitable[None]],
    ) -> None:
        self._context = context
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
    def opening_count(self) -> int:
        """Number of tasks that are being restored."""
        return len(self._opening)

    def get(self, number: int) -> Task | None:
        """Return an owned task by its number; None if it is not owned or still being restored."""
        return self._owned.get(number)

    async def reassign(
        self, assigned: Iterable[TopicPartition], generation: int, *, continuous: bool
    ) -> None:
        """Own exactly the tasks of the assigned partitions.

        Args:
            assigned: all partitions that the group assigns to this worker.
            generation: generation of the assignment.
            continuous: whether this worker was a member in the generation before. If not, other workers may
                have owned its tasks in between and written their state, so that everything it holds is
                dropped.
        """
        before = self._sources
        self.generation = generation
        self._sources = self._by_task(assigned)
        for number in [*self._owned, *self._opening]:
            # A partition that was added to an input must be known from the start.
            if not continuous or self._sources.get(number) != before.get(number):
                await self._close(number)
        for number in self._sources:
            task = self._owned.get(number)
            if task is not None:
                await self._resume_reading(task)
            elif number not in self._opening:
                self._open(number)

    async def commit(self) -> None:
        """Commit every task that has something to commit."""
        await asyncio.gather(*(self._commit(task) for task in list(self._owned.values())))

    async def commit_at_once(self, task: Task) -> None:
        """Commit a task with everything that could wait, such as the clock."""
        await self._commit(task, last=True)

    async def close(self) -> bool:
        """Commit and close all tasks, also if a commit raises. Return whether everything is committed."""
        try:
            done = await asyncio.gather(*(self._commit(task, last=True) for task in self))
            return all(done)
        finally:
            for number in [*self._owned, *self._opening]:
                await self._close(number)

    async def sample_lag(self) -> None:
        """Compare the positions of all tasks with the ends of their sources.

        A task is opened again if a topic that it reads was deleted and created again (its topic id differs,
        or it ends before the task's position), or if facts were removed that it has not read.
        """
        tasks = list(self._owned.values())
        read = {tp: position for task in tasks for tp, position in task.positions.items()}
        if not read:
            return
        offsets = self._context.source_offsets
        recreated = await offsets.recreated(tp for assigned in self._sources.values() for tp in assigned)
        ends = await offsets.end_offsets(read)
        facts = [tp for tp in read if tp.topic == self._context.names.facts]
        earliest = await offsets.beginning_offsets(facts)
        lost = {tp for tp in facts if read[tp] < earliest[tp]}
        recreated |= {tp for tp, position in read.items() if ends[tp] < position}
        for task in tasks:
            task.progress.sample_lag(ends)
            if self._owned.get(task.number) is task and (recreated | lost).intersection(task.positions):
                problem = "was created again" if recreated.intersection(task.positions) else "lost records"
                log.warning("a topic of task %d %s; opening the task again", task.number, problem)
                await self._close(task.number)
                self._open(task.number)

    async def check_changelogs(self) -> None:
        """Write all rows of a task again whose changelog has lost rows: memory holds the only copy."""
        tasks = {TopicPartition(self._context.names.changelog, task.number): task for task in self}
        if not tasks:
            return
        starts = await self._context.source_offsets.changelog_starts(tasks)
        for tp, task in tasks.items():
            if tp in starts and task.running and task.partition.metadata.changelog_lacks_rows(starts[tp]):
                task.partition.metadata.changelog = starts[tp]
                log.error(
                    "the changelog of task %d has lost rows, or was created again; writing its %d rows again",
                    task.number,
                    task.partition.write_all_rows(),
                )

    def _by_task(self, assigned: Iterable[TopicPartition]) -> dict[int, list[TopicPartition]]:
        by_task: dict[int, list[TopicPartition]] = {}
        for tp in sorted(assigned):
            by_task.setdefault(tp.partition % self._context.task_count, []).append(tp)
        return by_task

    async def _commit(self, task: Task, *, last: bool = False) -> bool:
        try:
            await task.commit(last=last)
        except ProducerFenced:
            if self._owned.get(task.number) is task:  # else a new assignment has closed it already
                log.warning("task %d has another owner; joining the group again", task.number)
                await self._close(task.number)
                self._context.source_offsets.rejoin()
        except KafkaError as error:
            if self._owned.get(task.number) is task:
                log.warning("task %d could not commit (%s); opening it again", task.number, error)
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
            self._context.source_offsets.pause(task.positions)
            await task.close()
        self._on_closed(number)
        self._table.drop(number)
        gc.collect()  # a partition refers to itself: only the cycle collector frees its memory

    def _open(self, number: int) -> None:
        self._opening[number] = asyncio.create_task(self._open_until_done(number))

    async def _open_until_done(self, number: int) -> None:
        while True:
            task = Task(number, self.generation, self._context, self._table.new_partition(number))
            try:
                await restore(task, self._context, self._sources[number])
                await self._on_opened(task)
                await self._resume_reading(task)
            except KafkaError as error:
                log.warning("task %d could not be opened (%s); trying again", number, error)
                await task.close()
                await asyncio.sleep(_REOPEN_SECONDS)
            except asyncio.CancelledError:
                await task.close()
                raise
            except Exception as error:  # noqa: BLE001 - `on_failed` logs it with its traceback
                if not isinstance(error, RetentionError):  # its message is complete
                    log.error("task %d could not be opened", number)  # noqa: TRY400
                await task.close()
                await self._on_failed(error)
                return
            else:
                break
        self._opening.pop(number, None)
        self._owned[number] = task

    async def _resume_reading(self, task: Task) -> None:
        """Read on from a task's positions, as a member of the current generation.

        An assignment puts the consumer back to the committed offsets. One that is made during a seek undoes
        it, so that the seek is repeated.
        """
        while True:
            task.run.generation = self.generation
            await self._context.source_offsets.seek(dict(task.positions))
            if task.generation == self.generation:
                break
        self._context.source_offsets.resume(task.positions)
