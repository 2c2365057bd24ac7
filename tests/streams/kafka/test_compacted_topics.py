"""A compacted topic is read to its end, whatever compaction and transactions have left."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.kafka.compacted_topics import read_to_end
from tests.support.kafka_calls import admin, create, producer, records_of


async def restored(bootstrap, *tps):
    async def read():
        return [
            (record.key, record.value)
            async for batch in read_to_end({"bootstrap_servers": bootstrap}, list(tps))
            for record in batch
        ]

    return await asyncio.wait_for(read(), 30)


async def put(sender, topic, *pairs, partition=0):
    for key, value in pairs:
        await sender.send_and_wait(topic, value, key, partition)


async def test_an_empty_partition_ends_at_once(kafka, unique):
    await create(kafka, unique)
    assert await restored(kafka, TopicPartition(unique, 0)) == []


async def test_reads_all_partitions_and_tombstones(kafka, unique):
    await create(kafka, unique, 2)
    async with producer(kafka) as sender:
        await put(sender, unique, (b"a", b"1"), (b"a", None))
        await put(sender, unique, (b"b", b"2"), partition=1)
    tps = [TopicPartition(unique, 0), TopicPartition(unique, 1)]
    found = await restored(kafka, *tps)
    assert sorted(found, key=str) == sorted([(b"a", b"1"), (b"a", None), (b"b", b"2")], key=str)


async def test_more_than_one_fetch_is_read_in_order(kafka, unique):
    await create(kafka, unique)
    async with producer(kafka, linger_ms=5) as sender:
        values = [b"%05d" % n for n in range(12_000)]
        await asyncio.gather(*[await sender.send(unique, value, b"k", 0) for value in values])
    assert [value for _, value in await restored(kafka, TopicPartition(unique, 0))] == values


async def test_ends_at_a_transaction_marker_that_is_never_delivered(kafka, unique):
    await create(kafka, unique)
    async with producer(kafka, transactional_id=unique) as sender:
        for value in (b"1", b"2"):
            async with sender.transaction():
                await put(sender, unique, (b"a", value))
    assert await restored(kafka, TopicPartition(unique, 0)) == [(b"a", b"1"), (b"a", b"2")]


async def test_aborted_records_are_not_restored(kafka, unique):
    await create(kafka, unique)
    async with producer(kafka, transactional_id=unique) as sender:
        async with sender.transaction():
            await put(sender, unique, (b"a", b"kept"))
        await sender.begin_transaction()
        await put(sender, unique, (b"a", b"aborted"), (b"b", b"aborted"))
        await sender.abort_transaction()
    assert await restored(kafka, TopicPartition(unique, 0)) == [(b"a", b"kept")]
    everything = await records_of(kafka, unique, isolation="read_uncommitted")
    assert len(everything) == 3, "they are in the log"


async def test_successor_reads_the_state_after_fencing(kafka, unique):
    """A crashed owner left a transaction open: initialising its id ends it, and the end is reached."""
    await create(kafka, unique)
    crashed = producer(kafka, transactional_id=unique)
    await crashed.start()
    async with crashed.transaction():
        await put(crashed, unique, (b"a", b"kept"))
    await crashed.begin_transaction()
    await put(crashed, unique, (b"a", b"left open"))
    async with producer(kafka, transactional_id=unique):
        assert await restored(kafka, TopicPartition(unique, 0)) == [(b"a", b"kept")]
    await crashed.stop()


@pytest.mark.timeout(90)
async def test_reads_a_partition_whose_end_was_compacted_away(kafka, unique):
    """The last offset holds no record any more, so waiting for it would last for ever."""
    await create(
        kafka,
        unique,
        cleanup_policy="compact",
        segment_bytes=str(1 << 20),
        min_cleanable_dirty_ratio="0.001",
        delete_retention_ms="0",
        max_compaction_lag_ms="1000",
        segment_ms="1000",
    )
    async with producer(kafka) as sender:
        await put(sender, unique, *[(b"%d" % (n % 3), b"%d" % n) for n in range(300)], (b"gone", b"x"))
        await put(sender, unique, (b"gone", None))
        deadline = asyncio.get_running_loop().time() + 75
        found = await restored(kafka, TopicPartition(unique, 0))
        while len(found) > 60 and asyncio.get_running_loop().time() < deadline:
            await put(sender, unique, (b"roll", b""))  # the active segment is never compacted
            await asyncio.sleep(1)
            found = await restored(kafka, TopicPartition(unique, 0))
    assert len(found) <= 60, "the cleaner has been"
    assert {key: value for key, value in found if key in {b"0", b"1", b"2"}} == {
        b"0": b"297",
        b"1": b"298",
        b"2": b"299",
    }


async def test_partition_with_removed_beginning_is_read_from_its_start(kafka, unique):
    await create(kafka, unique)
    async with producer(kafka) as sender:
        await put(sender, unique, *[(b"k", b"%d" % n) for n in range(5)])
    async with admin(kafka) as client:
        await client.delete_records({TopicPartition(unique, 0): RecordsToDelete(before_offset=3)})
    assert [value for _, value in await restored(kafka, TopicPartition(unique, 0))] == [b"3", b"4"]
