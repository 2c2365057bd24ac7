"""Transactions of a task, at a real Kafka."""

import asyncio

import pytest
from aiokafka.errors import ProducerFenced

from models.partition.metadata import METADATA_KEY
from streams.faust_engine.types import RecordBatch
from streams.kafka.outbox import Outgoing
from tests.support.group_member import TASKS, member
from tests.support.kafka_calls import committed, records_of
from tests.support.task_records import ORDERS, customer, orders, record


async def test_transaction_holds_rows_facts_dead_letters_and_offsets(kafka, worker, task):
    await task.process(orders(0, 3))
    await task.process(orders(3, 4, customer_id=customer(1)))
    await task.process(RecordBatch(ORDERS, [record(4, b"garbage")], 4, 6))
    await task.commit()
    rows = await records_of(kafka, worker.names.changelog, 0)
    assert {row.key for row in rows} == {customer(0).encode(), METADATA_KEY}
    [forwarded] = await records_of(kafka, worker.names.facts, 1)
    assert forwarded.key == customer(1).encode()
    dead_letters = await records_of(kafka, "retention.dead-letters", 0)
    assert dead_letters[-1].value == b"garbage"
    assert await committed(kafka, worker.group, ORDERS) == 6, "the next offset to read, behind the markers"


async def test_commit_without_changes_writes_nothing(kafka, worker, task):
    await task.process(orders(0, 1))
    await task.commit()
    before = await records_of(kafka, worker.names.changelog, 0, isolation="read_uncommitted")
    await task.commit()
    assert task.partition.take_changes() == {}
    assert await records_of(kafka, worker.names.changelog, 0, isolation="read_uncommitted") == before


async def test_first_transaction_always_writes_a_row(kafka, worker, task):
    """Otherwise a task that has seen only invalid records would look like one with lost state."""
    await task.process(RecordBatch(ORDERS, [record(0, b"garbage")], 0, 1))
    await task.commit()
    assert [row.key for row in await records_of(kafka, worker.names.changelog, 0)] == [METADATA_KEY]
    await worker.assign(0, generation=5, continuous=False)
    [again] = worker.tasks
    assert again is not task
    assert not again.state_missing
    assert again.positions[ORDERS] == 1


async def test_former_owner_is_fenced_and_writes_nothing(kafka, unique, task):
    await task.process(orders(0, 1))
    await task.commit()
    async with member(kafka, unique) as successor:
        await successor.assign(0, generation=2)
        [new_owner] = successor.tasks
        assert customer(0).encode() in new_owner.partition._fact_log.rows
        await task.process(orders(1, 3))
        with pytest.raises(ProducerFenced):
            await task.commit()
        assert not task.running
        assert await committed(kafka, unique, ORDERS) == 1
        assert new_owner.positions[ORDERS] == 1


async def test_open_transaction_of_a_fenced_owner_is_aborted(kafka, unique, worker, task):
    producer = task.committer.transactions._producer
    await producer.begin_transaction()
    await producer.send_and_wait(worker.names.changelog, b"zombie's", b"row", 0)
    async with member(kafka, unique) as successor:
        await successor.assign(0, generation=2)
        assert await records_of(kafka, worker.names.changelog, 0) == []
        with pytest.raises(ProducerFenced):
            await producer.commit_transaction()
        await task.close()


async def begun(task):
    """Wait until the task's transaction has begun."""
    while task.committer.transactions._transaction is None:  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0)


async def test_close_during_a_transaction_lets_it_end(kafka, worker, task):
    """Aiokafka never ends a commit whose producer stops: no task would commit again."""
    for n in range(5000):
        task.outbox.to(worker.names.facts, n % TASKS).append(Outgoing(b"k", b"v" * 100))
    committing = asyncio.create_task(task.commit())
    await begun(task)
    async with asyncio.timeout(30):
        await task.close()
        await committing
    assert len(await records_of(kafka, worker.names.facts, 0)) == 5000 / TASKS


async def test_cancelled_commit_loses_nothing(kafka, worker, task):
    await task.process(orders(0, 1))
    committing = asyncio.create_task(task.commit())
    await begun(task)
    committing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await committing
    await task.process(orders(1, 2))
    await task.commit()
    assert await committed(kafka, worker.group, ORDERS) == 2
    await worker.assign(0, generation=9, continuous=False)
    [again] = worker.tasks
    await again.process(orders(2, 3))
    again.positions[ORDERS] = 0
    await again.process(orders(0, 3))
    assert worker.context.counters.duplicates == 3, "all three are duplicates"
