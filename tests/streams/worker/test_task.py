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
    """Task 0, new, reading `orders` from 0; the partition does hold as many records as the tests make up."""
    await worker.assign(0, generation=1)
    [task] = worker.tasks
    task.positions[ORDERS] = task.progress.committed[ORDERS] = 0
    task.progress.catch_up.ends = dict.fromkeys(
        task.progress.catch_up.ends, 0
    )  # what other tests have left is no history
    worker.consumer.seeks.clear()
    async with producer(kafka) as client:
        for _ in range(20):
            await client.send(ORDERS.topic, b"{}", partition=ORDERS.partition)
    return task


@pytest.fixture
def facts(worker):
    return TopicPartition(worker.names.facts, 0)


async def test_a_transaction_holds_rows_hops_dead_letters_and_offsets(kafka, worker, task):
    await task.process(orders(0, 3))
    await task.process(orders(3, 4, customer_id=customer(1)))
    await task.process(RecordBatch(ORDERS, [record(4, b"garbage")], 4, 6))
    await task.commit()
    rows = await records_of(kafka, worker.names.changelog, 0)
    assert {row.key for row in rows} == {customer(0).encode(), METADATA_KEY}
    [hop] = await records_of(kafka, worker.names.facts, 1)
    assert hop.key == customer(1).encode()
    letters = await records_of(kafka, "retention.dead-letters", 0)
    assert letters[-1].value == b"garbage"
    assert await committed(kafka, worker.group, ORDERS) == 6, "where it reads on, past the markers"


async def test_nothing_new_is_no_transaction(kafka, worker, task):
    await task.process(orders(0, 1))
    await task.commit()
    before = await records_of(kafka, worker.names.changelog, 0, isolation="read_uncommitted")
    await task.commit()
    assert task.partition.take_changes() == {}
    assert await records_of(kafka, worker.names.changelog, 0, isolation="read_uncommitted") == before


async def test_the_first_transaction_leaves_a_row_whatever_it_is_of(kafka, worker, task):
    """Else a task that has seen nothing but bad input would look like one that has lost its state."""
    await task.process(RecordBatch(ORDERS, [record(0, b"garbage")], 0, 1))
    await task.commit()
    assert [row.key for row in await records_of(kafka, worker.names.changelog, 0)] == [METADATA_KEY]
    await worker.assign(0, generation=5, continuous=False)
    [again] = worker.tasks
    assert again is not task
    assert not again.state_missing
    assert again.positions[ORDERS] == 1


async def test_a_former_owner_is_fenced_and_leaves_no_trace(kafka, unique, task):
    await task.process(orders(0, 1))
    await task.commit()
    async with member(kafka, unique) as successor:
        await successor.assign(0, generation=2)
        [taken_over] = successor.tasks
        assert customer(0).encode() in taken_over.partition._rows
        await task.process(orders(1, 3))
        with pytest.raises(ProducerFenced):
            await task.commit()
        assert not task.running
        assert await committed(kafka, unique, ORDERS) == 1
        assert taken_over.positions[ORDERS] == 1


async def test_what_was_under_way_when_fenced_never_happened(kafka, unique, worker, task):
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
    """Wait until its transaction is under way."""
    while task.committer.transactions._transaction is None:  # noqa: ASYNC110 - it is made between two steps of the loop
        await asyncio.sleep(0)


async def test_a_close_during_a_transaction_lets_it_end(kafka, worker, task):
    """Aiokafka tells a waiting commit nothing when its producer stops: no task would commit again."""
    for n in range(5000):
        task.outbox.to(worker.names.facts, n % TASKS).append(Outgoing(b"k", b"v" * 100))
    committing = asyncio.create_task(task.commit())
    await begun(task)
    async with asyncio.timeout(30):
        await task.close()
        await committing
    assert len(await records_of(kafka, worker.names.facts, 0)) == 5000 / TASKS


async def test_a_cancelled_commit_loses_nothing(kafka, worker, task):
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
    assert worker.context.counters.duplicates == 3, "all are known"


async def test_a_batch_beyond_the_position_is_not_taken_but_asked_for_again(worker, task):
    await task.process(orders(5, 8))
    assert task.positions[ORDERS] == 0
    assert worker.consumer.seeks == [{ORDERS: 0}]
    assert worker.context.counters.events_in == {}


async def test_a_batch_that_was_taken_already_is_ignored(worker, task):
    await task.process(orders(0, 4))
    await task.process(orders(1, 3))
    assert task.positions[ORDERS] == 4
    assert worker.context.counters.events_in == {"orders": 4}
    assert worker.consumer.seeks == [], "a seek would fetch again what is on its way"


async def test_of_a_batch_fetched_again_only_the_new_part_is_taken(worker, task):
    await task.process(orders(0, 4))
    await task.process(orders(2, 6))
    assert task.positions[ORDERS] == 6
    assert worker.context.counters.events_in == {"orders": 6}
    assert worker.context.counters.duplicates == 0


async def test_batches_fetched_twice_after_a_seek_come_to_rest(worker, task):
    """As after a rebalance: what was in flight is taken, and comes again."""
    flight = [orders(start, start + 2) for start in (0, 2, 4)]
    for one in [*flight, *flight, orders(6, 8)]:
        await task.process(one)
    assert task.positions[ORDERS] == 8
    assert worker.context.counters.events_in == {"orders": 8}
    assert worker.consumer.seeks == []


async def test_markers_and_compacted_offsets_are_passed_over(task):
    await task.process(RecordBatch(ORDERS, [order(3)], 0, 7))
    assert task.positions[ORDERS] == 7
    await task.process(RecordBatch(ORDERS, [], 7, 9))
    assert task.positions[ORDERS] == 9


async def test_records_that_retention_removed_are_counted(kafka, worker, task):
    """Faster than its reader: Kafka's client goes on at what there still is, and says nothing."""
    async with producer(kafka) as sender:
        for _ in range(5):
            await sender.send_and_wait("reviews", b"{}", partition=0)
    earliest = (await records_of(kafka, "reviews"))[-1].offset
    task.positions[REVIEWS] = start = earliest - 3
    await task.process(RecordBatch(REVIEWS, [record(earliest + 1, b"{}")], start, earliest + 2))
    assert worker.lost == {}, "markers, or what was compacted"
    async with admin(kafka) as client:
        await client.delete_records({REVIEWS: RecordsToDelete(before_offset=earliest)})
    task.positions[REVIEWS] = start
    await task.process(RecordBatch(REVIEWS, [record(earliest, b"{}")], start, earliest + 1))
    assert worker.lost == {"reviews": 3}
    task.positions[REVIEWS] = start - 2
    await task.process(RecordBatch(REVIEWS, [], start - 2, earliest))
    assert worker.lost == {"reviews": 3}, "each once, also if they are missed again"
    del task.positions[REVIEWS]


async def test_an_interrupted_batch_ends_at_a_chunk(task):
    taking = asyncio.create_task(task.process(orders(0, 1200)))
    await asyncio.sleep(0)
    task._start_reprocessing({ORDERS: 0}, 1)
    await taking
    assert task.positions[ORDERS] == 0, "what is read again is read from there"


async def test_a_closed_task_takes_nothing(worker, task):
    await task.close()
    await task.process(orders(0, 3))
    await task.commit()
    assert worker.context.counters.events_in == {}


def ticks(worker, *asked):
    encode = msgspec.msgpack.encode
    records = [record(n, encode(tick), worker.names.ticks) for n, tick in enumerate(asked)]
    return RecordBatch(TopicPartition(worker.names.ticks, 0), records, 0, len(records))


async def test_answers_the_latest_question_at_its_now(worker, task):
    asked = [Tick(number, 1, now, 0, 0) for number, now in ((1, 10), (2, 20), (3, 30))]
    answer = await task.evaluate(ticks(worker, *asked))
    assert (answer.number, answer.now, answer.generation, answer.task) == (3, 30, 1, 0)
    assert await task.evaluate(ticks(worker)) is None


async def test_a_former_rollup_owner_is_not_answered(worker, task):
    """It was paused, or is just losing task 0; its numbers say nothing of the present owner's."""
    asked = [Tick(3, 1, 30, 0, 0), Tick(900, 0, 99, 0, 0)]
    assert (await task.evaluate(ticks(worker, *asked))).number == 3
    assert await task.evaluate(ticks(worker, Tick(901, 0, 99, 0, 0))) is None
    assert task.partition.now == 30


async def test_a_task_that_is_further_on_says_so(worker, task):
    await task.evaluate(ticks(worker, Tick(1, 1, 50, 0, 0)))
    answer = await task.evaluate(ticks(worker, Tick(2, 1, 40, 0, 0)))
    assert (answer.number, answer.now) == (2, 50)


async def test_inputs_are_read_when_that_is_committed(task):
    task.progress.catch_up.ends = {ORDERS: 3}
    await task.process(orders(0, 3))
    assert not task.progress.inputs_read, "what was forwarded is in no topic yet"
    await task.commit()
    assert task.progress.inputs_read


async def test_a_rewound_task_has_not_read_its_inputs(worker, task):
    """Between going back and the next commit, the committed offsets still say how far it had been."""
    task.progress.catch_up.ends = {ORDERS: 3}
    await task.process(orders(0, 3))
    await task.commit()
    answer = await task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 77)))
    assert answer.reprocess_id == 77
    assert not answer.inputs_read
    assert worker.consumer.seeks[-1][ORDERS] == task.positions[ORDERS]


async def test_inputs_are_read_again_once_what_there_is_has_been_added_up(worker, task):
    """In the middle of it, who has been added up already would tell nobody again."""
    async with task._state:  # so that it takes its time
        assert (await task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 0)))).partial is None
        assert (await task.evaluate(ticks(worker, Tick(2, 1, 10, 0, 77)))).reprocess_id == 0
        assert worker.consumer.seeks == []
    while task._build.is_running:  # noqa: ASYNC110 - as in `begun`
        await asyncio.sleep(0)
    assert (await task.evaluate(ticks(worker, Tick(3, 1, 10, 0, 77)))).reprocess_id == 77
    assert worker.consumer.seeks[-1][ORDERS] == task.positions[ORDERS]


async def test_a_task_closed_while_it_adds_up_has_no_numbers(worker, task):
    """That the counting is cancelled must not cancel the agent that waits for it."""
    async with task._state:
        answering = asyncio.create_task(task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 0))))
        while not task._build.is_running:  # noqa: ASYNC110 - as in `begun`
            await asyncio.sleep(0)
        await task.close()
        assert (await answering).partial is None


async def test_an_epoch_is_answered_once_its_facts_are_read(kafka, worker, task, facts):
    """Facts count from when they are in the log, whether or not the transaction's marker has arrived."""
    task.progress.catch_up.ends = {}
    async with producer(kafka, transactional_id=f"{worker.group}-other") as sender, sender.transaction():
        await sender.send_and_wait(facts.topic, b"fact", b"key", 0)
        answer = await task.evaluate(ticks(worker, Tick(1, 1, 10, 8, 0)))
    assert answer.settlement_round == 0
    task.positions[facts] = 1
    answer = await task.evaluate(ticks(worker, Tick(2, 1, 10, 8, 0)))
    assert answer.settlement_round == 8
