"""Where a simulated shop's records go: to Kafka in whole batches, or to a file of JSON lines."""

import gzip
import io
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import IO, Literal, cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.config.load import Settings
from streams.errors import BrokerUnavailable
from streams.ingest import input_topics
from streams.kafka import acls, admin, outbox, topics
from streams.kafka.outbox import Outgoing
from streams.partitioner import tasks_of
from streams.simulator.live import Record, Write

Key = Literal["customer", "event", "none"]
_BATCH_BYTES = 1_000_000
#: A broker that restarts is back by then, and its partitions have leaders again.
_PATIENCE_MS = 120_000


@asynccontextmanager
async def to_kafka(settings: Settings, key: Key = "customer") -> AsyncIterator[Write]:
    """Write to the input topics, which are made where they are missing.

    `key` is what producers key by: the customer, the event (so that a customer's events scatter), or nothing
    (partitions in turn). Raises `BrokerUnavailable` where no Kafka answers, or no longer, and `SettingsError`
    where no worker of these settings would read what is sent.
    """
    input_topics.require_read_access(settings, topics.INPUTS, "the simulated shop")
    async with admin.connect(settings) as client:
        partitions = await acls.inputs(client, settings)
    producer = AIOKafkaProducer(
        **settings.client_options(),
        compression_type="zstd",
        max_batch_size=_BATCH_BYTES,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=_PATIENCE_MS,
    )
    turns: defaultdict[str, int] = defaultdict(int)

    async def write(records: list[Record]) -> None:
        try:
            await outbox.send(producer, _destined(records, partitions, key, turns).items())
        except KafkaError as error:
            raise BrokerUnavailable(settings.broker, str(error)) from error

    await producer.start()
    try:
        yield write
    finally:
        await producer.stop()


def _destined(
    records: list[Record], partitions: dict[str, int], key: Key, turns: defaultdict[str, int]
) -> dict[tuple[str, int], list[Outgoing]]:
    by_topic: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_topic[record.topic].append(record)
    destined: defaultdict[tuple[str, int], list[Outgoing]] = defaultdict(list)
    for topic, of_topic in by_topic.items():
        count = partitions[topic]
        if key == "none":
            first = turns[topic]
            turns[topic] += len(of_topic)
            for turn, record in enumerate(of_topic, first):
                destined[topic, turn % count].append(Outgoing(None, record.value))
            continue
        keys = [
            (record.customer_id if key == "customer" else record.event_id).encode() for record in of_topic
        ]
        for record, name, partition in zip(of_topic, keys, tasks_of(keys, count), strict=True):
            destined[topic, partition].append(Outgoing(name, record.value))
    return destined


@contextmanager
def to_file(path: str) -> Iterator[Write]:
    """Write JSON lines to `path`, compressed where it ends in `.gz`; `-` is standard output.

    The same events give the same bytes: the compressed file holds neither its name nor the time.
    """
    if path == "-":
        yield _lines(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with open(path, "wb") as file:  # noqa: PTH123 - what the user named
        if not path.endswith(".gz"):
            yield _lines(file)
            return
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as zipped:
            yield _lines(cast("io.BufferedIOBase", zipped))


def _lines(file: IO[bytes] | io.BufferedIOBase) -> Write:
    async def write(records: list[Record]) -> None:
        file.write(b"".join(record.value + b"\n" for record in records))

    return write
