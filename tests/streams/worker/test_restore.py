"""Losses that a task detects, and the recovery of its numbers, with a real Kafka."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic

from streams.faust_engine.types import RecordBatch
from streams.partitioner import tasks_of
from tests.support.group_member import TASKS, member
from tests.support.kafka_calls import admin, producer, records_of, truncate
from tests.support.task_records import ORDERS, customer, orders, record

ROW = customer(0).encode()
#: Another customer of task 0.
OTHER = next(name for name in (f"other-{n}" for n in range(99)) if tasks_of([name.encode()], TASKS) == [0])


async def make_again(kafka, topic):
    async with admin(kafka) as client:
        await client.delete_topics([topic])
        while topic in await client.list_topics():  # noqa: ASYNC110 - Kafka sends no event
            await asyncio.sleep(0.05)
        await client.create_topics([NewTopic(topic, TASKS, 1)])
        while topic not in await client.list_topics():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


async def send(kafka, tp, count=3):
    async with producer(kafka) as sender:
        for number in range(count):
            await sender.send_and_wait(tp.topic, b"%d" % number, partition=tp.partition)


def changelog(worker):
    return TopicPartition(worker.names.changelog, 0)


async def opened_again(worker):
    """Return task 0 as its next owner opens it, from Kafka alone."""
    await worker.assign(generation=2)
    await worker.assign(0, generation=3)
    [task] = worker.tasks
    return task


@pytest.fixture
async def stored(task):
    """Return task 0 with one customer in the changelog."""
    await task.process(orders(0, 3))
    await task.commit()
    return task


@pytest.mark.usefixtures("stored")
async def test_intact_state_is_restored_without_reading_again(worker):
    task = await opened_again(worker)
    assert task.reprocess_id == 0
    assert task.positions[ORDERS] == 3


async def test_rows_removed_under_a_worker_are_written_again(kafka, worker, stored):
    await truncate(kafka, changelog(worker))
    await worker.tasks.check_changelogs()
    await stored.commit()
    assert ROW in {row.key for row in await records_of(kafka, worker.names.changelog)}
    await worker.tasks.check_changelogs()
    assert not stored.partition.has_changes, "once is enough"
    task = await opened_again(worker)
    assert task.reprocess_id == 0
    assert ROW in task.partition.customer_keys()


async def test_rows_of_a_recreated_changelog_are_written_again(kafka, worker, stored):
    await make_again(kafka, worker.names.changelog)
    await worker.tasks.check_changelogs()
    await stored.commit()
    task = await opened_again(worker)
    assert task.reprocess_id == 0
    assert ROW in task.partition.customer_keys()


@pytest.mark.parametrize("lose", [truncate, lambda kafka, tp: make_again(kafka, tp.topic)])
async def test_rows_lost_before_a_kill_make_inputs_read_again(kafka, worker, stored, lose):
    """The changelog is not empty, so that it looks like one that is complete."""
    await lose(kafka, changelog(worker))
    await stored.process(orders(3, 4, customer_id=OTHER))
    await stored.commit()
    task = await opened_again(worker)
    assert set(task.partition.customer_keys()) == {OTHER.encode()}
    assert task.reprocess_id > 0
    assert task.positions[ORDERS] < 3
    await task.commit()
    again = await opened_again(worker)
    assert again.positions[ORDERS] < 3, "a worker that is killed meanwhile reads all records too"


async def test_removed_unread_facts_make_inputs_read_again(kafka, worker, stored, facts):
    await send(kafka, facts)
    await truncate(kafka, facts)
    await worker.tasks.sample_lag()
    await worker.settled()
    [task] = worker.tasks
    assert task is not stored
    assert task.reprocess_id > 0
    assert task.positions[facts] == 3


async def test_removed_facts_before_a_batch_are_not_passed(kafka, worker, stored, facts):
    """The worker was suspended; it fetches the facts that followed the removed ones."""
    await send(kafka, facts)
    await truncate(kafka, facts)
    await send(kafka, facts)
    with pytest.raises(Exception, match="facts were removed"):
        await stored.process(RecordBatch(facts, [record(3, b"", facts.topic)], 0, 6, lost_before=True))
    await worker.tasks.commit()
    await worker.settled()
    [task] = worker.tasks
    assert task.reprocess_id > 0
    assert task.positions[facts] == 3


async def test_markers_between_facts_are_passed(kafka, worker, stored, facts):
    await send(kafka, facts)
    await stored.process(RecordBatch(facts, [], 0, 3))
    await worker.tasks.commit()
    await worker.tasks.sample_lag()
    assert list(worker.tasks) == [stored]


@pytest.mark.usefixtures("stored")
async def test_recreated_facts_topic_makes_inputs_read_again(kafka, worker, facts):
    """Kafka deletes the committed offsets with the topic."""
    await make_again(kafka, facts.topic)
    await send(kafka, facts)
    await worker.tasks.sample_lag()
    await worker.settled()
    [task] = worker.tasks
    assert task.reprocess_id > 0
    assert task.positions[facts] == 0


@pytest.mark.usefixtures("stored")
async def test_facts_recreated_without_workers_are_noticed(kafka, worker, facts):
    await worker.assign(generation=2)
    await make_again(kafka, facts.topic)
    async with member(kafka, worker.group) as successor:
        await successor.assign(0, generation=3)
        [task] = successor.tasks
        assert task.reprocess_id > 0


async def test_recreated_ticks_are_read_from_their_beginning(worker, stored):
    """The task would wait at its position for an hour, and no round would be complete."""
    ticks = TopicPartition(worker.names.ticks, 0)
    stored.positions[ticks] = 1000
    await stored.commit(last=True)
    await worker.tasks.sample_lag()
    await worker.settled()
    [task] = worker.tasks
    assert task.positions[ticks] == 0
    assert task.reprocess_id == 0
