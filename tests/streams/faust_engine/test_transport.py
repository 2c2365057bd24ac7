"""The consumer's thread with a real consumer. Faust runs it in tests/e2e only."""

import pytest
from aiokafka import TopicPartition
from faust.types.tuples import TP

from streams.faust_engine.transport import BatchSchema
from streams.kafka.aiokafka_patches.consumer_internals import known_end
from tests.support.consumer_thread import reading
from tests.support.kafka_calls import create, producer, truncate


@pytest.fixture
async def topic(kafka, unique):
    await create(kafka, unique)
    return unique


@pytest.fixture
async def reader(kafka, topic):
    async with reading(kafka, topic) as one:
        yield one


async def transaction(kafka, topic, count, *, commit=True):
    """Write `count` records and the marker behind them."""
    async with producer(kafka, transactional_id=f"{topic}-writer") as sender:
        await sender.begin_transaction()
        for _ in range(count):
            await sender.send_and_wait(topic, b"value", b"key", 0)
        await (sender.commit_transaction() if commit else sender.abort_transaction())


def offsets(batch):
    return [record.offset for record in batch.records]


async def test_no_batch_is_returned_before_a_seek(kafka, topic, reader):
    await transaction(kafka, topic, 2)
    for _ in range(4):
        assert await reader.fetch() is None
    await reader.seek(0)
    assert offsets((await reader.read_to(3))[0]) == [0, 1]


async def test_batches_cover_all_offsets(kafka, topic, reader):
    """Markers have offsets but are never returned: the next offset of a batch is behind them."""
    await reader.seek(0)
    for _ in range(3):
        await transaction(kafka, topic, 2)
    batches = await reader.read_to(9)
    assert [offset for batch in batches for offset in offsets(batch)] == [0, 1, 3, 4, 6, 7]
    assert [batch.start for batch in batches] == [0, *[batch.next_offset for batch in batches[:-1]]]
    assert await reader.fetch() is None, "no position is returned twice"


async def test_end_of_the_log_is_known_from_a_fetch(kafka, topic, reader):
    """The first records of a history reveal how much of it is unread."""
    await transaction(kafka, topic, 2)
    await transaction(kafka, topic, 5)
    await reader.seek(0)
    await reader.read_to(3)
    assert known_end(reader.consumer, reader.tp) == 9
    assert known_end(reader.consumer, TopicPartition(topic, 7)) is None


async def test_aborted_transaction_is_an_empty_batch(kafka, topic, reader):
    await reader.seek(0)
    await transaction(kafka, topic, 3, commit=False)
    batches = await reader.read_to(4)
    assert [batch.records for batch in batches] == [[] for _ in batches]


async def test_batch_starts_where_the_last_one_ended(kafka, topic, reader):
    """Otherwise a task would seek back before the batch for ever."""
    await transaction(kafka, topic, 3, commit=False)
    await transaction(kafka, topic, 1)
    await reader.seek(0)
    batches = await reader.read_to(6)
    assert [offset for batch in batches for offset in offsets(batch)] == [4]
    assert [batch.start for batch in batches] == [0, *[batch.next_offset for batch in batches[:-1]]]


async def test_open_transaction_is_waited_for(kafka, topic, reader):
    await reader.seek(0)
    async with producer(kafka, transactional_id=topic) as sender:
        async with sender.transaction():
            await sender.send_and_wait(topic, b"value", b"key", 0)
            assert await reader.fetch() is None
        assert offsets((await reader.read_to(2))[0]) == [0]


async def test_batch_after_a_seek_starts_there(kafka, topic, reader):
    await transaction(kafka, topic, 5)
    await reader.seek(0)
    await reader.read_to(6)
    await reader.seek(3)
    [first, *_] = await reader.read_to(6)
    assert (first.start, offsets(first)) == (3, [3, 4])


async def test_batch_after_removed_records_reports_a_loss(kafka, topic, reader):
    """A single removed record leaves the same gap as a transaction marker."""
    await transaction(kafka, topic, 1)
    await truncate(kafka, reader.tp)
    await transaction(kafka, topic, 1)
    await transaction(kafka, topic, 1)
    await reader.seek(1)
    batches = await reader.read_to(6)
    assert [offset for batch in batches for offset in offsets(batch)] == [2, 4]
    assert [batch.lost_before for batch in batches] == [True, *[False for _ in batches[1:]]]


async def test_seek_discards_earlier_losses(kafka, topic, reader):
    await transaction(kafka, topic, 1)
    await reader.seek(0)
    reader.thread._removed.add(reader.tp)
    await reader.seek(0)
    assert not (await reader.read_to(2))[0].lost_before


async def test_unassigned_partition_is_not_sought(kafka, topic, reader):
    """Its task is about to be closed. When it is assigned again, it is read after a seek."""
    await transaction(kafka, topic, 2)
    await reader.seek(0)
    reader.consumer.unsubscribe()
    reader.consumer.assign([TopicPartition(topic, 5)])
    await reader.seek(1)
    reader.consumer.unsubscribe()
    reader.consumer.assign([reader.tp])
    for _ in range(4):
        assert await reader.fetch() is None


async def test_agent_receives_the_batch_itself(kafka, topic, reader):
    await transaction(kafka, topic, 1)
    await reader.seek(0)
    [batch, *_] = await reader.read_to(2)
    app = reader.thread.app
    message = app.batch_consumer._to_message(TP(*reader.tp), batch)
    event = await BatchSchema().compile(app)(message)
    assert event.value is batch
    assert event.value.tp == reader.tp
