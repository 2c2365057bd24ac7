"""Restore a task from its changelog, and detect rows and facts that are lost.

Rows that a changelog has lost, and forwarded facts that were removed before they were read, exist in no other
topic. The inputs hold them, as far as they go back: all tasks then read their inputs again.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from models.partition import metadata
from models.partition.metadata import ChangelogStart
from streams.errors import StateTooNew
from streams.kafka.compacted_topics import read_to_end
from streams.worker.context import TaskContext
from streams.worker.published_profiles import published_profiles
from streams.worker.source_offsets import Committed
from streams.worker.task import Task

#: Distance from the latest reprocess id to the next one, if the clock is behind it; milliseconds.
_NEXT_REPROCESS_MS = 3_600_000

log = logging.getLogger(__name__)


async def restore(task: Task, context: TaskContext, tps: Sequence[TopicPartition]) -> None:
    """Fence the former owner of a task, restore its state, and start it.

    Args:
        task: new task.
        context: shared by all tasks.
        tps: all sources of the task.

    Raises:
        StateTooNew: the rows were written by a newer release.
        KafkaError: Kafka does not answer, or rows were removed meanwhile, or the clock is not trusted.
    """
    started = time.monotonic()
    if not context.clock_check.trusted:  # the clock of the state would follow it
        raise KafkaError("the clock of this machine is not compared with Kafka's yet")
    await task.open()
    with _state_too_new_as_error():
        changelog = await _read_state(task, context)
    await _start(task, context, tps, changelog)
    context.counters.recovery_seconds = time.monotonic() - started
    log.info("task %d restored in %.1f s", task.number, time.monotonic() - started)


async def _start(
    task: Task, context: TaskContext, tps: Sequence[TopicPartition], changelog: ChangelogStart
) -> None:
    offsets = context.source_offsets
    committed = await offsets.committed(tps)
    reads = [tp for tp in tps if tp.topic in context.inputs or tp.topic == context.names.facts]
    loss = await _loss(task, context, changelog, {tp: committed[tp] for tp in reads if tp in committed})
    task.partition.metadata.changelog = changelog
    positions = await offsets.starting_positions(tps, from_earliest=bool(loss))
    reprocess_id = None
    if loss:
        log.error("%s; reading all inputs again from the earliest offsets", loss)
        reprocess_id = await _new_reprocess_id(task, context)
        known = set(task.partition.customer_keys())
        published = await published_profiles(context, task.number)
        task.partition.restore_published(key for key in published if key not in known)
    as_now = offsets.with_topic_ids(positions)
    task.start(
        positions,
        await offsets.end_offsets(reads),
        {tp: at for tp, at in positions.items() if committed.get(tp) == as_now[tp]},
        reprocess_id=reprocess_id,
    )


async def _loss(task: Task, context: TaskContext, changelog: ChangelogStart, committed: Committed) -> str:
    """Return the loss for which all inputs must be read again, in words; empty without one.

    Args:
        task: the task, with its rows.
        context: shared by all tasks.
        changelog: start of the changelog that the rows are from.
        committed: committed offsets of the inputs and of the facts.
    """
    if task.state_missing:
        if any(offset.offset for offset in committed.values()):
            return f"the state of task {task.number} is gone although its offsets are committed"
        return ""
    if task.partition.metadata.changelog_lacks_rows(changelog):
        return f"a part of the state of task {task.number} is gone: its changelog has lost rows"
    facts = TopicPartition(context.names.facts, task.number)
    if await context.source_offsets.facts_lost(facts, committed):
        return f"facts for task {task.number} were removed before it read them"
    return ""


async def _read_state(task: Task, context: TaskContext) -> ChangelogStart:
    """Restore the state of a task from its rows, and return where the changelog begins that holds them.

    Raises:
        KafkaError: rows were removed meanwhile, or Kafka does not answer.
    """
    before = await _changelog_start(task, context)
    async for records in _rows_of(context, task.number):
        task.load(records)
    if await _changelog_start(task, context) != before:
        raise KafkaError("rows were removed from the changelog while they were read")
    task.restore()
    return before


async def _changelog_start(task: Task, context: TaskContext) -> ChangelogStart:
    changelog = TopicPartition(context.names.changelog, task.number)
    return (await context.source_offsets.changelog_starts([changelog]))[changelog]


async def _new_reprocess_id(lost: Task, context: TaskContext) -> int:
    """Return an id, larger than all before, with which all tasks read their inputs again.

    It is the wall clock in milliseconds. The clock of a worker that noticed an earlier loss may have been
    ahead. Tasks ignore an id that is not larger than their own, and would not resend what the task lost.

    Args:
        lost: task that has lost something.
        context: shared by all tasks.
    """
    before = lost.reprocess_id
    others = [number for number in range(context.task_count) if number != lost.number]
    if others:
        async for records in _rows_of(context, *others):
            found = [
                metadata.read_metadata(one.value)
                for one in records
                if one.key == metadata.METADATA_KEY and one.value
            ]
            before = max([before, *(one.reprocess_id for one in found)])
    now = time.time_ns() // 10**6
    return now if now > before else before + _NEXT_REPROCESS_MS


async def _rows_of(context: TaskContext, *numbers: int) -> AsyncGenerator[list[ConsumerRecord], None]:
    """Yield the changelog records of tasks in bulk."""
    changelog = [TopicPartition(context.names.changelog, number) for number in numbers]
    async for records in read_to_end(context.client_options, changelog):
        yield records
        await asyncio.sleep(0)


@contextmanager
def _state_too_new_as_error() -> Iterator[None]:
    """Raise the error with a hint for a state that a newer release has written."""
    try:
        yield
    except metadata.StateTooNew as error:
        raise StateTooNew(error.found, error.known) from None
