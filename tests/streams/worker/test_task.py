"""Batches that a task processes, and where it reads on."""

import asyncio

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.faust_engine.types import RecordBatch
from streams.rollup.protocol import Tick
from tests.support.kafka_calls import admin, producer, records_of
from tests.support.task_records import ORDERS, order, orders, record, ticks

REVIEWS = TopicPartition("reviews", 0)


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


async def test_refetched_batch_processes_only_new_records(worker, task):
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
    late = RecordBatch(REVIEWS, [record(earliest + 1, b"{}")], start, earliest + 2, lost_before=True)
    await task.process(late)
    assert worker.lost == {}, "the records still exist"
    async with admin(kafka) as client:
        await client.delete_records({REVIEWS: RecordsToDelete(before_offset=earliest)})
    task.positions[REVIEWS] = start
    await task.process(RecordBatch(REVIEWS, [record(earliest, b"{}")], start, earliest + 1, lost_before=True))
    assert worker.lost == {"reviews": 3}
    task.positions[REVIEWS] = start - 2
    await task.process(RecordBatch(REVIEWS, [], start - 2, earliest, lost_before=True))
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


async def test_task_records_the_mapping_of_its_records(worker, task):
    worker.context.mapping_digests = {"orders": "b"}
    await task.process(orders(0, 2))
    result = await task.evaluate(ticks(worker, Tick(1, 1, 10, 0, 0)))
    assert result.mappings == {"orders": ("b",)}


async def test_input_with_another_mapping_is_logged_once(worker, task, caplog):
    worker.context.mapping_digests = {"orders": "b"}
    for number, digests in enumerate([("b",), ("a", "b"), ("a", "b")], 1):
        await task.evaluate(ticks(worker, Tick(number, 1, 10, 0, 0, mappings={"orders": digests})))
    assert worker.context.counters.changed_inputs == ["orders"]
    [logged] = [line for line in caplog.messages if "counted by another mapping" in line]
    assert logged.startswith("records of orders were counted by another mapping than the present one; ")
