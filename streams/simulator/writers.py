"""Write the records of a simulated shop to Kafka, or to a file of JSON lines."""

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
from streams.errors import BrokerUnavailable, naming_full_disk
from streams.ingest import input_topics
from streams.kafka import acls, admin, outbox, topics
from streams.kafka.outbox import Outgoing
from streams.kafka.stopping import stop
from streams.partitioner import tasks_of
from streams.simulator.live import Record, Write

Key = Literal["customer", "event", "none"]
_BATCH_BYTES = 1_000_000
#: A broker that restarts is back within this time, with leaders for its partitions.
_TIMEOUT_MS = 120_000


@asynccontextmanager
async def to_kafka(settings: Settings, key: Key = "customer") -> AsyncIterator[Write]:
    """Create the missing input topics, and return a function that writes records to them.

    Args:
        settings: connection to Kafka, and the inputs.
        key: key of the records: the customer id, the event id (a customer's events are then in different
            partitions), or none (partitions in rotation).

    Raises:
        BrokerUnavailable: Kafka does not answer, or stops answering.
        SettingsError: no worker with these settings would read the records.
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
        request_timeout_ms=_TIMEOUT_MS,
    )
    written: defaultdict[str, int] = defaultdict(int)

    async def write(records: list[Record]) -> None:
        try:
            await outbox.send(producer, _by_partition(records, partitions, key, written).items())
        except KafkaError as error:
            raise BrokerUnavailable(settings.broker, str(error)) from error

    await producer.start()
    try:
        yield write
    finally:
        await stop(producer)


def _by_partition(
    records: list[Record], partitions: dict[str, int], key: Key, written: defaultdict[str, int]
) -> dict[tuple[str, int], list[Outgoing]]:
    by_topic: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_topic[record.topic].append(record)
    grouped: defaultdict[tuple[str, int], list[Outgoing]] = defaultdict(list)
    for topic, of_topic in by_topic.items():
        count = partitions[topic]
        if key == "none":
            first = written[topic]
            written[topic] += len(of_topic)
            for number, record in enumerate(of_topic, first):
                grouped[topic, number % count].append(Outgoing(None, record.value))
            continue
        keys = [
            (record.customer_id if key == "customer" else record.event_id).encode() for record in of_topic
        ]
        for record, name, partition in zip(of_topic, keys, tasks_of(keys, count), strict=True):
            grouped[topic, partition].append(Outgoing(name, record.value))
    return grouped


@contextmanager
def to_file(path: str) -> Iterator[Write]:
    """Return a function that writes records as JSON lines to a file.

    Equal events give equal bytes: a compressed file contains neither its name nor a time.

    Args:
        path: file name; compressed if it ends with `.gz`; `-` is standard output.

    Raises:
        OSError: the file cannot be written.
    """
    if path == "-":
        yield _lines(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with naming_full_disk(path), open(path, "wb") as file:  # noqa: PTH123 - the name as the user wrote it
        if not path.endswith(".gz"):
            yield _lines(file)
            return
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as zipped:
            yield _lines(cast("io.BufferedIOBase", zipped))


def _lines(file: IO[bytes] | io.BufferedIOBase) -> Write:
    async def write(records: list[Record]) -> None:
        file.write(b"".join(record.value + b"\n" for record in records))

    return write
