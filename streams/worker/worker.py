"""One worker: the Faust app, the tasks that it owns, and the roll-up while it owns task 0."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.types import StreamT
from faust.types.tuples import TP

from streams.config.load import Settings
from streams.errors import ClockWrong
from streams.faust_engine.app import FaustApp
from streams.faust_engine.table import CustomersTable
from streams.faust_engine.transport import BatchSchema
from streams.faust_engine.types import RecordBatch
from streams.monitoring.lag import Lag
from streams.read_model.follower import ReadModel
from streams.rollup.publisher import Publisher
from streams.worker.broker_contact import BrokerContact
from streams.worker.context import TaskContext
from streams.worker.output_topics import follow_output_topics
from streams.worker.periodic import InputWatch, remove_old_dead_letters, repeat
from streams.worker.presence import PresenceReporter
from streams.worker.rollup_leader import RollupLeader
from streams.worker.task import Task
from streams.worker.task_manager import TaskManager

log = logging.getLogger(__name__)

_COMMIT_SECONDS = 0.2
#: Much shorter than the time between ticks. A round that takes a little longer must not wait for another
#: tick.
_TICK_CHECK_SECONDS = 0.05
_CLOCK_SECONDS = 2.0
_LAG_SECONDS = 5.0
_DEAD_LETTERS_SECONDS = 600.0
_NEW_INPUTS_SECONDS = 30.0

#: A record that no roll-up leader takes for a result.
_NO_RESULT = msgspec.msgpack.encode([])
_LOG_APPEND_TIME = 1

_encode = msgspec.msgpack.Encoder().encode


class Worker:
    """Connects Faust with the tasks: hands records to them, and follows the group's assignments.

    Make one with `streams.worker.build.build_worker`.

    Args:
        settings: validated settings.
        app: Faust's application.
        table: customers table of the app.
        context: shared by all tasks.
        read_model: the read model in Redis; None if it is not configured.

    Attributes:
        settings: as given.
        app: as given.
        counters: the worker's own counters.
        tasks: the tasks that this worker owns.
        leader: the roll-up leader while task 0 is here, else None.
        read_model: as given.
        stop_error: why the last records could not be committed at the stop; None if they could.
        committed: whether the worker has stopped with everything committed.
    """

    def __init__(
        self,
        settings: Settings,
        app: FaustApp,
        table: CustomersTable,
        context: TaskContext,
        read_model: ReadModel | None = None,
    ) -> None:
        self.settings = settings
        self.app = app
        self.counters = context.counters
        self.tasks = TaskManager(context, table, self._on_opened, self._on_closed, app.crash)
        self.leader: RollupLeader | None = None
        self.read_model = read_model
        self.stop_error: Exception | None = None
        self.committed = False
        self._table = table
        self._context = context
        self._input_watch = InputWatch(settings, context)
        self._presence = PresenceReporter(lambda: app.producer, context.names.partials)
        self._former_publisher: Publisher | None = None
        self._member = (-1, "")
        # As long as Kafka would wait for this worker, and two samples, which are late when a leader changes.
        self._contact = BrokerContact(settings.session_timeout + 2 * _LAG_SECONDS)

    @property
    def publisher(self) -> Publisher | None:
        """The metrics of the whole group while this worker is the roll-up leader, else None."""
        return self.leader.publisher if self.leader else None

    @property
    def is_restored(self) -> bool:
        """Whether the group has made an assignment, and all of its tasks are restored."""
        return self._member[0] >= 0 and self.tasks.opening_count == 0

    @property
    def kafka_answers(self) -> bool:
        """Whether Kafka has answered this worker recently."""
        return self._contact.answers

    @property
    def is_ready(self) -> bool:
        """Whether all tasks are restored and have read everything, and Kafka answers."""
        return self.caught_up() and self.kafka_answers

    # State for the gauges (`streams.monitoring.exporter.WorkerState`).

    def rows(self) -> int:
        """Return the number of customer rows held."""
        return self._table.row_count

    def bytes(self) -> int:
        """Return the bytes of these rows."""
        return self._table.byte_count

    def owned(self) -> int:
        """Return the number of restored tasks."""
        return len(self.tasks)

    def caught_up(self) -> bool:
        """Return whether every assigned task is restored and caught up; False before the first assignment."""
        return self.is_restored and all(task.caught_up for task in self.tasks)

    def lags(self) -> Iterable[Lag]:
        """Return each restored task's lag."""
        return [task.progress.lag for task in self.tasks]

    def expected_workers(self) -> int:
        """Return the number of workers that the group should have; 0 if this worker does not know it."""
        return self.leader.workers.expected if self.leader else 0

    # What Faust calls.

    def declare(self) -> None:
        """Register agents, repeated jobs and signal handlers with the app."""
        names, app = self._context.names, self.app
        agents = {
            "intake": (list(self._context.inputs), self._process),
            "customers": ([names.facts], self._process),
            "evaluation": ([names.ticks], self._evaluate),
            "rollup": ([names.partials], self._collect),
        }
        for name, (topics, handle) in agents.items():
            app.agent(app.topic(*topics, schema=BatchSchema()), name=name)(self._agent(handle))
        app.task(repeat(app, _COMMIT_SECONDS, "the commit", self.tasks.commit))
        app.task(repeat(app, _TICK_CHECK_SECONDS, "the tick", self._send_ticks))
        app.task(repeat(app, _CLOCK_SECONDS, "the check of the clock", self._check_clock))
        app.task(repeat(app, _LAG_SECONDS, "the sampling of the lag", self._sample_lag))
        app.task(repeat(app, _LAG_SECONDS, "the check of the changelog", self.tasks.check_changelogs))
        app.task(repeat(app, _DEAD_LETTERS_SECONDS, "the removal of dead letters", self._remove_dead_letters))
        if self.settings.inputs.patterns():
            app.task(repeat(app, _NEW_INPUTS_SECONDS, "the look for new inputs", self._input_watch.look))
        app.bulk_tables.on_assigned = self._on_assigned
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        app.on_before_shutdown.connect(self._on_shutdown, weak=False)

    def _agent(
        self, handle: Callable[[Task, RecordBatch], Awaitable[None]]
    ) -> Callable[..., Awaitable[None]]:
        async def agent(stream: StreamT[Any]) -> None:
            async for event in stream.events():
                batch = cast("RecordBatch", event.value)
                task = self.tasks.get(batch.tp.partition % self._context.task_count)
                if task is None or not task.running or self.app.crash_reason is not None:
                    continue
                try:
                    await handle(task, batch)
                except asyncio.CancelledError:
                    raise
                except (KafkaError, ProducerSendError) as error:
                    # The records come again: the task's position has not moved.
                    log.warning("%s partition %d: %s; trying again", *batch.tp, error)
                except Exception as error:  # noqa: BLE001 - `crash` logs it with its traceback
                    # Faust would restart the agent after this batch, and skip its records.
                    log.error("%s partition %d could not be processed", *batch.tp)  # noqa: TRY400
                    await self.app.crash(error)

        return agent

    async def _process(self, task: Task, batch: RecordBatch) -> None:
        await task.process(batch)

    async def _evaluate(self, task: Task, batch: RecordBatch) -> None:
        result = await task.evaluate(batch)
        if result is not None and task.awaits_commit:
            await self.tasks.commit_at_once(task)
        if result is not None and task.running:
            await self.app.producer.send(self._context.names.partials, None, _encode(result), 0, None, None)

    async def _collect(self, _task: Task, batch: RecordBatch) -> None:
        if self.leader is not None:
            self.leader.collect(batch)

    async def _send_ticks(self) -> None:
        if self.leader is not None:
            await self.leader.send_ticks()

    async def _sample_lag(self) -> None:
        await self.tasks.sample_lag()
        await follow_output_topics(self._context, self.tasks, self.leader)
        if self._member[0] >= 0:
            await self._ask_kafka()
            await self._presence.report(self._member[0])

    async def _ask_kafka(self) -> None:
        """Request an end offset, also on a worker without tasks, whose lag needs none."""
        await self._context.source_offsets.end_offsets([TopicPartition(self._context.names.facts, 0)])
        self._contact.record_answer()

    async def _check_clock(self) -> None:
        await self._context.clock_check.compare(self._stamp)

    async def _stamp(self) -> int | None:
        """Return Kafka's time, microseconds since the epoch; None if the topic has its producers' times."""
        topic = self._context.names.partials
        found = await self.app.producer.send_and_wait(topic, None, _NO_RESULT, 0, None, None)
        if found.timestamp_type != _LOG_APPEND_TIME or found.timestamp is None:
            return None
        return int(found.timestamp) * 1000

    async def _remove_dead_letters(self) -> None:
        if self.leader is not None:
            await remove_old_dead_letters(self.settings, self._context)

    # The assignment.

    async def _on_assigned(self, assigned: set[TP], generation: int) -> None:
        """Own the assigned tasks.

        State is kept only if no generation was missed, in which other workers may have owned the tasks.
        """
        member = self.app.batch_consumer.member_id
        self._contact.record_answer()
        continuous = self._member == (generation - 1, member)
        self._member = (generation, member)
        if not self._context.clock_check.trusted and not await self._compare_first():
            return
        tps = [TopicPartition(tp.topic, tp.partition) for tp in assigned]
        await self.tasks.reassign(tps, generation, continuous=continuous)

    async def _compare_first(self) -> bool:
        """Compare the clock before any task is restored. Return whether the worker can go on."""
        try:
            await self._check_clock()
        except (KafkaError, ProducerSendError) as error:
            log.warning("the clock could not be compared with Kafka's: %s; trying again", error)
        except ClockWrong as error:
            await self.app.crash(error)
            return False
        return True

    async def _on_revoked(self, *_args: Any, **_kwargs: Any) -> None:
        self._hand_over()
        await self.tasks.commit()

    async def _on_shutdown(self, *_args: Any, **_kwargs: Any) -> None:
        self._hand_over()
        try:
            self.committed = await self.tasks.close()
        except Exception as error:
            # Faust would stop nothing else: the consumer's thread would keep the process alive for ever.
            log.exception("the last records could not be committed; the next owner reads them again")
            self.stop_error = error
        if self.committed and self.app.crash_reason is None:
            await self._presence.report_leaving()

    def _hand_over(self) -> None:
        if self.leader is not None:
            self.leader.hand_over()

    async def _on_opened(self, task: Task) -> None:
        if task.number == 0:
            leader = RollupLeader(
                self._context, self.app.producer, task, self.tasks.commit_at_once, self._former_publisher
            )
            await leader.restore()
            self.leader = leader

    def _on_closed(self, number: int) -> None:
        if number == 0 and self.leader is not None:
            self._former_publisher = self.leader.publisher
            self.leader = None
