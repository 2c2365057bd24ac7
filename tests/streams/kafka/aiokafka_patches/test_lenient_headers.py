"""Header names that are not UTF-8 cost no record."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.producer import message_accumulator
from aiokafka.producer import producer as sending
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchBuilderPy

from streams.config.load import load
from streams.kafka import sampling
from streams.kafka.aiokafka_patches.lenient_headers import LenientRecords
from streams.kafka.aiokafka_patches.raw_records import install_raw_records
from streams.kafka.compacted_topics import read_to_end
from tests.support.consumer_thread import reading
from tests.support.kafka_calls import create, producer

CODECS = [None, "gzip", "snappy", "lz4", "zstd"]


class InvalidName(str):
    """A header name that is encoded to invalid UTF-8."""

    __slots__ = ()

    def encode(self, *_):
        return b"a\xff"


@pytest.mark.parametrize("codec", [DefaultRecordBatch.CODEC_NONE, DefaultRecordBatch.CODEC_GZIP])
def test_invalid_bytes_of_a_header_name_are_replaced(codec):
    builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 1 << 20)
    builder.append(
        0, timestamp=7, key=b"k\xff", value=b"\xff" * 99, headers=[(InvalidName(), b"\xff"), ("b", None)]
    )
    builder.append(1, timestamp=8, key=None, value=None, headers=[])
    records = LenientRecords(bytes(builder.build()))
    first, second = records.next_batch()
    assert (first.offset, first.key, first.value) == (0, b"k\xff", b"\xff" * 99)
    assert first.headers == [("a\N{REPLACEMENT CHARACTER}", b"\xff"), ("b", None)]
    assert (second.offset, second.key, second.value) == (1, None, None)
    assert not records.has_next()


async def write(kafka, topic, codec, *, name, commit=True):
    """Write a transaction of a few records. Return the expected content of the readable ones."""
    records = [
        (None if n % 5 == 0 else b"k%d" % n, None if n % 5 == 1 else b"v" * (n * 13), [(name, b"%d" % n)])
        for n in range(30)
    ]
    options = {"compression_type": codec, "transactional_id": f"{topic}-{codec}"}
    async with producer(kafka, **options) as client:
        await client.begin_transaction()
        sent = [
            await client.send(topic, value, key, 0, headers=headers if n % 3 else [])
            for n, (key, value, headers) in enumerate(records)
        ]
        await asyncio.gather(*sent)
        await (client.commit_transaction() if commit else client.abort_transaction())
    read_as = "a\N{REPLACEMENT CHARACTER}" if isinstance(name, InvalidName) else name
    return [
        (key, value, [(read_as, text) for _, text in headers] if n % 3 else [])
        for n, (key, value, headers) in enumerate(records)
        if commit
    ]


def content(records):
    return [(record.key, record.value, list(record.headers)) for record in records]


async def test_invalid_header_name_loses_no_record_of_any_codec(kafka, unique, monkeypatch):
    """Neither of a batch that was fetched before; aborted records are skipped."""
    await create(kafka, unique)
    sent = []
    for name in ("ok", InvalidName()):
        if isinstance(name, InvalidName):  # the compiled builder accepts only str
            for module in (message_accumulator, sending):
                monkeypatch.setattr(module, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
        for codec in CODECS:
            sent += await write(kafka, unique, codec, name=name, commit=False)
            sent += await write(kafka, unique, codec, name=name)
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)  # restored after the test
    settings = load({"broker": kafka}, {})
    assert content(await sampling.read(settings, unique, 400, from_earliest=True)) == sent
    monkeypatch.undo()
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    batches = read_to_end(settings.client_options(), [TopicPartition(unique, 0)])
    assert content([record async for batch in batches for record in batch]) == sent
    monkeypatch.undo()
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    async with reading(kafka, unique) as reader:
        install_raw_records(reader.consumer)
        await reader.seek(0)
        batches = await reader.read_to((await reader.consumer.end_offsets([reader.tp]))[reader.tp])
    assert content(record for batch in batches for record in batch.records) == sent
    assert [batch.start for batch in batches] == [0, *(batch.next_offset for batch in batches[:-1])]
