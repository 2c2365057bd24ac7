import asyncio
import json
from functools import cache

import msgspec
import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.errors import ProducerFenced

from models.partition.metadata import METADATA_KEY
from streams.faust_engine.types import RecordBatch
from streams.kafka.outbox import Outgoing
from streams.partitioner import tasks_of
from streams.rollup.protocol import Tick
from tests.support.group_member import TASKS, member
from tests.support.kafka_calls import admin, committed, producer, records_of

ORDERS = TopicPartition("orders", 0)
REVIEWS = TopicPartition("reviews", 0)


@cache
def customer(task):
    names = (f"customer-{n}" for n in range(99))
    return next(name for name in names if tasks_of([name.encode()], TASKS) == [task])


def order(offset, customer_id=None):
    event = {
        "id": f"e{offset}",
        "type": "order.placed",
        "time": "2024-05-01T10:00:00Z",
        "customer_id": customer_id or customer(0),
        "order_id": f"o{offset}",
        "amount": 100,
        "currency": "USD",
    }
    return record(offset, json.dumps(event).encode())


def record(offset, value, topic="orders"):
    return ConsumerRecord(topic, 0, offset, 1_700_000_000_000, 0, None, value, None, 0, 0, ())


def orders(start, next_offset, **event):
    return RecordBatch(ORDERS, [order(n, **event) for n in range(start, next_offset)], start, next_offset)


@pytest.fixture
async def worker(kafka, unique):
    async with member(kafka, unique) as one:
        yield one


@pytest.fixture
async def task(kafka, worker):
    """Return a new task 0 that reads `orders` from offset 0. The partition has at least 20 records."""
    await worker.assign(0, generation=1)
    [task] = worker.tasks
    task.positions[ORDERS] = task.progress.committed[ORDERS] = 0
    task.progress.catch_up.ends = dict.fromkeys(
        task.progress.catch_up.ends, 0
    )  # records of other tests are not history
    worker.consumer.seeks.clear()
    async with producer(kafka) as client:
        for _ in range(20):
            await client.send(ORDERS.topic, b"{}", partition=ORDERS.partition)
    return task


@pytest.fixture
def facts(worker):
    return TopicPartition(worker.names.facts, 0)


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
        assert customer(0).encode() in new_owner.partition._rows
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


async def test_batch_beyond_the_position_leads_to_a_seek(worker, task):
    await task.process(orders(5, 8))
    assert task.positions[ORDERS] == 0
    assert worker.consumer.seeks == [{ORDERS: 0}]
    assert worker.context.counters.events_in == {}


async def test_processed_batch_is_ignored(worker, task):
    await task.process(orders(0, 4))
    await task.process(orders(1, 3))
    assert task.positions[ORDERS] == 4
    assert worker.context.counters.events_in == {"orders": 4}
    assert worker.consumer.seeks == [], "a seek would fetch records again that are on their way"


async def test_only_new_records_of_a_refetched_batch_are_processed(worker, task):
    await task.process(orders(0, 4))
    await task.process(orders(2, 6))
    assert task.positions[ORDERS] == 6
    assert worker.context.counters.events_in == {"orders": 6}
    assert worker.context.counters.duplicates == 0


async def test_batches_fetched_twice_after_a_seek_lead_to_no_seek(worker, task):
    """After a rebalance, batches in flight are processed, and then fetched again."""
    flight = [orders(start, start + 2) for start in (0, 2, 4)]
    for one in [*flight, *flight, orders(6, 8)]:
        await task.process(one)
    assert task.positions[ORDERS] == 8
    assert worker.context.counters.events_in == {"orders": 8}
    assert worker.consumer.seeks == []


async def test_position_passes_markers_and_compacted_offsets(task):
    await task.process(RecordBatch(ORDERS, [order(3)], 0, 7))
    assert task.positions[ORDERS] == 7
    await task.process(RecordBatch(ORDERS, [], 7, 9))
    assert task.positions[ORDERS] == 9


async def test_records_removed_by_retention_are_counted_once(kafka, worker, task):
    """Kafka's client goes on at the earliest record without an error."""
    async with producer(kafka) as sender:
        for _ in range(5):
            await sender.send_and_wait("reviews", b"{}", partition=0)
    earliest = (await records_of(kafka, "reviews"))[-1].offset
    task.positions[REVIEWS] = start = earliest - 3
    await task.process(RecordBatch(REVIEWS, [record(earliest + 1, b"{}")], start, earliest + 2))
    assert worker.lost == {}, "a gap of markers or compacted records"
    async with admin(kafka) as client:
        await client.delete_records({REVIEWS: RecordsToDelete(before_offset=earliest)})
    task.positions[REVIEWS] = start
    await task.process(RecordBatch(REVIEWS, [record(earliest, b"{}")], start, earliest + 1))
    assert worker.lost == {"reviews": 3}
    task.positions[REVIEWS] = start - 2
    await task.process(RecordBatch(REVIEWS, [], start - 2, earliest))
    assert worker.lost == {"reviews": 3}, "each record once, also if it is missed again"
    del task.positions[REVIEWS]


async def test_reprocessing_interrupts_a_batch_at_a_chunk(task):
    processing = asyncio.create_task(task.process(orders(0, 1200)))
    await asyncio.sleep(0)
    task._start_reprocessing({ORDERS: 0}, 1)
    await processing
    assert task.positions[ORDERS] == 0, "reading starts again from there"


async def test_closed_task_processes_nothing(worker, task):
    await task.close()
    await task.process(orders(0, 3))
    await task.commit()
    assert worker.context.counters.events_in == {}


def ticks(worker, *sent):
    encode = msgspec.msgpack.encode
    records = [record(n, encode(tick), worker.names.ticks) for n, tick in enumerate(sent)]
    return RecordBatch(TopicPartition(worker.names.ticks, 0), records, 0, len(records))


async def test_task_is_evaluated_at_the_newest_tick(worker, task):
    sent = [Tick(number, 1, now, 0, 0) for number, now in ((1, 10), (2, 20), (3, 30))]
    result = await task.evaluate(ticks(worker, *sent))
    assert (result.number, result.now, result.generation, result.task) == (3, 30, 1, 0)
    assert await task.evaluate(ticks(worker)) is None


async def test_ticks_of_a_former_leader_are_ignored(worker, task):
    """A former leader was paused, or is losing task 0; its ticks are not the current leader's."""
    sent = [Tick(3, 1, 30, 0, 0), Tick(900, 0, 99, 0, 0)]
    assert (await task.evaluate(ticks(worker, *sent))).number == 3
    assert await task.evaluate(ticks(worker, Tick(901, 0, 99, 0, 0))) is None
    assert task.partition.now == 30


async def test_result_has_the_later_clock_of_the_task(worker, task):
    await task.evaluate(ticks(worker, Tick(1, 1, 50, 0, 0)))
    result = await task.evaluate(ticks(worker, Tick(2, 1, 40, 0, 0)))
    assert (result.number, result.now) == (2, 50)


async def test_task_has_read_its_inputs_once_committed(task):
    task.progress.catch_up.ends = {ORDERS: 3}
    await task.process(orders(0, 3))
    assert not task.progress.inputs_read, "forwarded facts are in no topic before the commit"
    await task.commit()
    assert task.progress.inputs_read


async def test_reprocessing_task_has_not_read_its_inputs(worker, task):
    """Until the next commit, the committed offsets are those from before the reprocessing."""
    task.progress.catch_up.ends = {ORDERS: 3}
    await task.process(orders(0, 3))
    await task.commit()
    result = await task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 77)))
    assert result.reprocess_id == 77
    assert not result.inputs_read
    assert worker.consumer.seeks[-1][ORDERS] == task.positions[ORDERS]


async def test_reprocessing_waits_for_the_aggregate_build(worker, task):
    """In the middle of the build, customers that are done would not resend their messages."""
    async with task._state:  # so that the build waits
        assert (await task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 0)))).partial is None
        assert (await task.evaluate(ticks(worker, Tick(2, 1, 10, 0, 77)))).reprocess_id == 0
        assert worker.consumer.seeks == []
    while task._build.is_running:  # noqa: ASYNC110 - as in `begun`
        await asyncio.sleep(0)
    assert (await task.evaluate(ticks(worker, Tick(3, 1, 10, 0, 77)))).reprocess_id == 77
    assert worker.consumer.seeks[-1][ORDERS] == task.positions[ORDERS]


async def test_task_closed_during_the_build_returns_no_aggregates(worker, task):
    """Cancelling the build must not cancel the agent that waits for it."""
    async with task._state:
        evaluating = asyncio.create_task(task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 0))))
        while not task._build.is_running:  # noqa: ASYNC110 - as in `begun`
            await asyncio.sleep(0)
        await task.close()
        assert (await evaluating).partial is None


async def test_settlement_round_is_reported_once_its_facts_are_read(kafka, worker, task, facts):
    """Facts count once they are in the log, even before the transaction's marker arrives."""
    task.progress.catch_up.ends = {}
    async with producer(kafka, transactional_id=f"{worker.group}-other") as sender, sender.transaction():
        await sender.send_and_wait(facts.topic, b"fact", b"key", 0)
        result = await task.evaluate(ticks(worker, Tick(1, 1, 10, 8, 0)))
    assert result.settlement_round == 0
    task.positions[facts] = 1
    result = await task.evaluate(ticks(worker, Tick(2, 1, 10, 8, 0)))
    assert result.settlement_round == 8
