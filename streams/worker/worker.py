"""One worker: the Faust app, the tasks that it owns, and the roll-up while it owns task 0."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.types import StreamT
from faust.types.tuples import TP

from streams.clock import clock
from streams.config.load import Settings
from streams.errors import RetentionError
from streams.faust_engine.app import FaustApp
from streams.faust_engine.table import CustomersTable
from streams.faust_engine.transport import BatchSchema, RecordBatch
from streams.ingest import input_topics
from streams.kafka.topics import KEPT_DAYS, Names
from streams.mapping.reader import Reader
from streams.monitoring.lag import Lag
from streams.monitoring.worker_counters import WorkerCounters
from streams.operations import dead_letter_retention
from streams.read_model.follower import ReadModel
from streams.read_model.store import Store
from streams.rollup.publisher import Publisher
from streams.worker.context import TaskContext
from streams.worker.rollup_leader import RollupLeader
from streams.worker.source_offsets import SourceOffsets
from streams.worker.task import Task
from streams.worker.task_manager import TaskManager

log = logging.getLogger(__name__)

_COMMIT_SECONDS = 0.2
#: Looked at this often, lest a roll-up that took a little longer than a tick wait for another.
_LOOK_SECONDS = 0.05
_LAG_SECONDS = 5.0
_TIDY_SECONDS = 600.0
_APPEARED_SECONDS = 30.0

_encode = msgspec.msgpack.Encoder().encode


class Worker:
    """One worker.

    Args:
        settings: validated.
        partitions: topic -> partition count, of all topics that it reads or writes.

    Attributes:
        settings: as given.
        operational: its own counters.
        app: Faust's.
        names: of the internal topics.
        owner: the roll-up's, while task 0 is here.
        stop_error: why what was read last could not be committed as it stopped.
        committed: whether it stopped with all that it has read committed.
        read_model: in Redis, if there is one.
    """

    def __init__(self, settings: Settings, partitions: Mapping[str, int]) -> None:
        self.settings = settings
        self.operational = WorkerCounters()
        self.app = FaustApp(settings)
        self.names = Names(settings.group)
        self.owner: RollupLeader | None = None
        self.stop_error: Exception | None = None
        self.committed = False
        self.read_model = self._read_model(partitions)
        self._table = CustomersTable(self.app, name="customers", partitions=settings.partitions)
        self.app.tables.add(self._table)
        self.app.bulk_tables.on_assigned = self._on_assigned
        reads = input_topics.resolved(settings, partitions)
        for topic in (topic for topic, one in reads.items() if isinstance(one, Reader)):
            self.operational.nobodys(topic, 0)  # from the start: one that is born above zero has no increase
        self._shared = TaskContext(
            definitions=settings.definitions,
            inputs=reads,
            names=self.names,
            tasks=settings.partitions,
            clock=clock(settings.clock),
            client_options=self.app.client_options,
            operational=self.operational,
            sources=SourceOffsets(lambda: self.app.batch_consumer, reads, self.operational),
            partitions=partitions,
        )
        self.tasks = TaskManager(self._shared, self._table, self._on_opened, self._on_closed, self.app.crash)
        self._member = (-1, "")
        self._noticed: set[str] = set()
        self._declare()

    @property
    def publisher(self) -> Publisher | None:
        """The metrics of the whole, if they are exported here."""
        return self.owner.publisher if self.owner else None

    @property
    def settled(self) -> bool:
        """Whether an assignment has been made, and all of its tasks are restored."""
        return self._member[0] >= 0 and self.tasks.opening == 0

    def _read_model(self, partitions: Mapping[str, int]) -> ReadModel | None:
        if self.settings.redis is None:
            return None
        return ReadModel(
            Store(self.settings.redis, self.settings.group),
            self.settings.client_options(),
            partitions,
            active=lambda: self.owner is not None,
            busy=lambda: not self.caught_up(),
        )

    # What the gauges are read from (`exporter.WorkerState`).

    def rows(self) -> int:
        """Customer rows held."""
        return self._table.row_count

    def bytes(self) -> int:
        """Bytes of them."""
        return self._table.byte_count

    def owned(self) -> int:
        """Running tasks."""
        return len(self.tasks)

    def caught_up(self) -> bool:
        """Whether every task assigned here runs and has read all there was."""
        return self.tasks.opening == 0 and all(task.caught_up for task in self.tasks)

    def lags(self) -> Iterable[Lag]:
        """Each running task's lag."""
        return [task.lag for task in self.tasks]

    # What Faust calls.

    def _declare(self) -> None:
        names, app = self.names, self.app
        agents = {
            "intake": (list(self._shared.inputs), self._take),
            "customers": ([names.facts], self._take),
            "evaluation": ([names.ticks], self._answer),
            "rollup": ([names.partials], self._roll_up),
        }
        for name, (topics, take) in agents.items():
            app.agent(app.topic(*topics, schema=BatchSchema()), name=name)(self._agent(take))
        app.task(self._every(_COMMIT_SECONDS, self.tasks.commit))
        app.task(self._every(_LOOK_SECONDS, self._tick))
        app.task(self._every(_LAG_SECONDS, self.tasks.sample_lag))
        app.task(self._every(_TIDY_SECONDS, self._remove_old_letters))
        if any(one.pattern for one in self.settings.mappings.inputs):
            app.task(self._every(_APPEARED_SECONDS, self._notice_inputs))
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        app.on_before_shutdown.connect(self._on_shutdown, weak=False)

    def _agent(self, take: Callable[[Task, RecordBatch], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def agent(stream: StreamT[Any]) -> None:
            async for event in stream.events():
                batch = cast("RecordBatch", event.value)
                task = self.tasks.get(batch.tp.partition % self._shared.tasks)
                if task is None or not task.running or self.app.crash_reason is not None:
                    continue
                try:
                    await take(task, batch)
                except asyncio.CancelledError:
                    raise
                except (KafkaError, ProducerSendError) as error:
                    # What was not taken comes again: a task knows how far it has come.
                    log.warning("%s partition %d: %s: trying again", *batch.tp, error)
                except Exception as error:  # noqa: BLE001 - said with its traceback by `crash`
                    # Faust would start the agent again after this batch: its records would be skipped.
                    log.error("%s partition %d could not be taken", *batch.tp)  # noqa: TRY400
                    await self.app.crash(error)

        return agent

    def _every(self, seconds: float, step: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def loop() -> None:
            while not self.app.should_stop:
                try:
                    await step()
                except asyncio.CancelledError:
                    raise
                except (KafkaError, ProducerSendError) as error:
                    log.warning("%s: %s: trying again", step.__name__, error)
                except Exception as error:  # noqa: BLE001 - said with its traceback by `crash`
                    log.error("%s failed", step.__name__)  # noqa: TRY400
                    await self.app.crash(error)
                    return
                await self.app.sleep(seconds)

        return loop

    async def _take(self, task: Task, batch: RecordBatch) -> None:
        await task.take(batch)

    async def _answer(self, task: Task, batch: RecordBatch) -> None:
        answer = await task.answer(batch)
        if answer is not None:
            await self.app.producer.send(self.names.partials, None, _encode(answer), 0, None, None)

    async def _roll_up(self, _task: Task, batch: RecordBatch) -> None:
        if self.owner is not None:
            self.owner.take(batch)

    async def _remove_old_letters(self) -> None:
        if self.owner is None:
            return
        try:
            removed = await dead_letter_retention.remove(
                self.settings, self._shared.dead_letter_partitions, datetime.now(UTC)
            )
        except RetentionError as error:
            log.warning("old dead letters stay: %s", error.message)
        else:
            if removed:
                log.info("removed %d dead letters of more than %d days ago", removed, KEPT_DAYS)

    async def _notice_inputs(self) -> None:
        """Say so where a pattern finds a topic that was not there when this worker started."""
        try:
            appeared = await input_topics.appeared(self.settings, {*self._shared.inputs, *self._noticed})
        except RetentionError as error:
            log.warning("whether inputs have appeared cannot be told: %s", error.message)
            return
        for topic in appeared:
            log.warning("the topic %s is an input since a moment: start the workers again to read it", topic)
        self._noticed.update(appeared)

    async def _tick(self) -> None:
        if self.owner is not None:
            await self.owner.tick()

    # The assignment.

    async def _on_assigned(self, assigned: set[TP], generation: int) -> None:
        """Own what is assigned; keep state only if no generation was missed, in which others may own it."""
        member = self.app.batch_consumer.member_id
        continuous = self._member == (generation - 1, member)
        self._member = (generation, member)
        tps = [TopicPartition(tp.topic, tp.partition) for tp in assigned]
        await self.tasks.reassign(tps, generation, continuous=continuous)

    async def _on_revoked(self, *_args: Any, **_kwargs: Any) -> None:
        await self.tasks.commit()

    async def _on_shutdown(self, *_args: Any, **_kwargs: Any) -> None:
        try:
            self.committed = await self.tasks.close()
        except Exception as error:
            # Faust would stop nothing else: the consumer's thread would keep the process alive for ever.
            log.exception("what was read last could not be committed: it is read again")
            self.stop_error = error

    async def _on_opened(self, task: Task) -> None:
        if task.number == 0:
            owner = RollupLeader(self._shared, self.app.producer, task)
            await owner.restore()
            self.owner = owner

    def _on_closed(self, number: int) -> None:
        if number == 0:
            self.owner = None
