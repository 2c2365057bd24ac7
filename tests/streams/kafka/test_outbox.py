"""Records leave as batches of their partition, in order."""

import asyncio

import pytest
from aiokafka.errors import ProducerFenced

from streams.kafka.outbox import Outbox, Outgoing, send
from tests.support.kafka_calls import create, producer, records_of


def test_records_go_out_by_destination_in_their_order():
    box = Outbox()
    assert not box
    for value in (b"1", b"2"):
        box.to("facts", 3).append(Outgoing(b"k", value))
    box.to("facts", 1).append(Outgoing(b"k", b"3"))
    assert box
    taken = box.take()
    assert {place: [record.value for record in records] for place, records in taken.items()} == {
        ("facts", 3): [b"1", b"2"],
        ("facts", 1): [b"3"],
    }
    assert not box
    assert box.take() == {}


@pytest.fixture
async def topic(kafka, unique):
    await create(kafka, unique, 2, max_message_bytes=str(4 << 20))
    return unique


async def test_several_record_batches_are_sent_in_order(kafka, topic):
    records = [Outgoing(b"key", b"%06d" % n + b"x" * 500) for n in range(1000)]
    async with producer(kafka, max_batch_size=16 << 10) as sender:
        await send(sender, [((topic, 0), records), ((topic, 1), records[:3])])
    found = await records_of(kafka, topic)
    assert [record.value[:6] for record in found] == [b"%06d" % n for n in range(1000)]
    assert len(await records_of(kafka, topic, 1)) == 3


async def test_record_larger_than_a_batch_gets_its_own_batch(kafka, topic):
    records = [Outgoing(b"a", b"1"), Outgoing(b"b", b"x" * (1 << 20)), Outgoing(b"c", b"3")]
    async with producer(kafka, max_batch_size=16 << 10, max_request_size=4 << 20) as sender:
        await send(sender, [((topic, 0), records)])
    assert [(record.key, len(record.value)) for record in await records_of(kafka, topic)] == [
        (b"a", 1),
        (b"b", 1 << 20),
        (b"c", 1),
    ]


async def test_nulls_headers_and_timestamps_are_kept(kafka, topic):
    headers = [("retention.error.reason", b"not_json"), ("trace", b""), ("trace", b"\xff")]
    records = [
        Outgoing(None, None, 1_500_000_000_000, headers),
        Outgoing(b"key", None, 0),
        Outgoing(None, b"value"),
    ]
    async with producer(kafka) as sender:
        await send(sender, [((topic, 0), records)])
    first, second, third = await records_of(kafka, topic)
    assert (first.key, first.value, first.timestamp) == (None, None, 1_500_000_000_000)
    assert list(first.headers) == headers
    assert (second.key, second.value, second.timestamp) == (b"key", None, 0)
    assert (third.key, third.value, third.headers) == (None, b"value", ())
    assert third.timestamp > 1_700_000_000_000, "when it was sent"


async def test_empty_outbox_sends_nothing(kafka, topic):
    async with producer(kafka) as sender:
        await send(sender, [((topic, 0), []), ((topic, 1), [])])
    assert await records_of(kafka, topic) == []


class Unhurried:
    """A producer that gets the next batch only after the result of the last one."""

    def __init__(self, sender):
        self._sender = sender
        self.create_batch = sender.create_batch

    async def send_batch(self, *args, **kwargs):
        sent = await self._sender.send_batch(*args, **kwargs)
        await asyncio.wait([sent])
        return sent


async def test_fenced_producer_raises_while_sending(kafka, topic, unique):
    """By the batch that met it: of the next one aiokafka says only that there is no transaction."""
    places = [((topic, number), [Outgoing(b"key", b"value")]) for number in (0, 1)]

    async def send_as_another_takes_over(zombie):
        async with zombie.transaction():
            async with producer(kafka, transactional_id=unique):
                pass
            await send(Unhurried(zombie), places)

    async with producer(kafka, transactional_id=unique) as zombie:
        with pytest.raises(ProducerFenced):
            await send_as_another_takes_over(zombie)
