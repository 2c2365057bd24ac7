"""Commit a task's work: rows, outgoing records and source offsets in one Kafka transaction."""

import time

from aiokafka import AIOKafkaProducer

from models.partition.partition import Partition
from streams.ingest.router import Router
from streams.kafka.outbox import Outbox, Outgoing, send
from streams.worker.context import TaskContext
from streams.worker.source_progress import SourceProgress
from streams.worker.task_run import TaskRun
from streams.worker.transactional_producer import TransactionalProducer

#: Changes by ticks alone are committed this often. It saves a transaction a tick on a quiet topic.
_IDLE_SECONDS = 5.0
#: While history is read, no number depends on a commit, and a customer that has changed soon changes again.
#: Fewer and larger transactions write fewer rows. Only forwarded facts are waited for.
_HISTORY_SECONDS = 10.0
_HISTORY_RECORDS = 60_000
_HISTORY_FORWARDED = 5000


class Committer:
    """Commits one task.

    Args:
        run: the task's.
        context: shared by all tasks.
        partition: state whose changed rows are written to the changelog.
        outbox: records for other topics.
        progress: offsets of the sources.
        router: counts the messages in the outbox.

    Attributes:
        transactions: the task's transactional producer.
        messages_committed: messages to other tasks that are in committed transactions.
        reserved_until: the partition's `reserved_until` in the last transaction; 0 before the first.
    """

    def __init__(
        self,
        *,
        run: TaskRun,
        context: TaskContext,
        partition: Partition,
        outbox: Outbox,
        progress: SourceProgress,
        router: Router,
    ) -> None:
        self.transactions = TransactionalProducer(context.client_options, f"{context.names.group}-{run.task}")
        self.messages_committed = 0
        self.reserved_until = 0
        self._run = run
        self._context = context
        self._partition = partition
        self._outbox = outbox
        self._progress = progress
        self._router = router
        self._committed_at = 0.0

    async def commit(self, *, last: bool = False) -> None:
        """Commit rows, outgoing records and the offsets that they came from, in one transaction.

        Args:
            last: commit also what could wait, such as the clock. The next owner's clock must not be behind.

        Raises:
            ProducerFenced: the task has another owner.
            KafkaError: the transaction failed; the task must be opened again.
        """
        await self.transactions.run(lambda: self._run.running and (last or self._due()), self._transact)

    def _due(self) -> bool:
        since = time.monotonic() - self._committed_at
        if self._progress.in_history and since < _HISTORY_SECONDS and not self._history_full():
            return False
        if self._outbox or self._partition.has_changes:
            return True
        moved = self._progress.uncommitted(self._progress.positions)
        quiet = (self._context.names.ticks, self._context.names.partials)
        if any(tp.topic not in quiet for tp in moved):
            return True
        return bool(moved) and since > _IDLE_SECONDS

    def _history_full(self) -> bool:
        return (
            self._progress.uncommitted_records >= _HISTORY_RECORDS or len(self._outbox) >= _HISTORY_FORWARDED
        )

    async def _transact(self, producer: AIOKafkaProducer) -> None:
        started = time.monotonic()
        reserved_until = self._partition.metadata.reserved_until
        rows = self._partition.take_changes()
        records = self._outbox.take()
        positions = dict(self._progress.positions)
        moved = self._progress.uncommitted(positions)
        messages = self._router.messages_sent
        processed, self._progress.uncommitted_records = self._progress.uncommitted_records, 0
        names = self._context.names
        changelog = (names.changelog, self._run.task)
        try:
            async with producer.transaction():
                await send(
                    producer,
                    [(changelog, [Outgoing(key, row) for key, row in rows.items()]), *records.items()],
                )
                if moved:
                    offsets = self._context.source_offsets.with_topic_ids(moved)
                    await producer.send_offsets_to_transaction(offsets, names.group)
        except BaseException:
            self._run.stop()  # the taken changes are lost to this task: it must be opened again
            raise
        self._partition.confirm_changes()
        self._progress.committed = positions
        self.messages_committed = messages
        self.reserved_until = reserved_until
        self._committed_at = time.monotonic()
        self._context.counters.committed(records)
        example = {"task": f"{self._run.task}", "rows": f"{len(rows)}", "records": f"{processed}"}
        self._context.counters.commit_seconds.observe(self._committed_at - started, example=example)
