"""Fill topics once and keep them: one embedded Kafka for each way of keying, in the benchmarks' directory."""

import json
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
from aiokafka import AIOKafkaProducer
from rich.console import Console

from streams.config.load import Settings, load
from streams.kafka import admin
from streams.kafka.outbox import Outgoing, send
from streams.kafka.topics import DEAD_LETTERS, DERIVED, INPUTS, Names, Topic, ensure
from streams.local.kafka import EmbeddedKafka
from streams.partitioner import tasks_of
from streams.simulator import simulate, topic_of

PARTITIONS = 8
#: A customer's events where their task is; or each in another task's partition, so that every one has to hop.
Placing = Literal["keyed", "elsewhere"]
#: (topic, customer, event as JSON)
Record = tuple[str, str, bytes]

_ROUND = 5_000
_HISTORY = timedelta(days=400)
console = Console(stderr=True)


@dataclass(frozen=True)
class Filled:
    """The contents of a Kafka's input topics."""

    events: int
    customers: int


@asynccontextmanager
async def filled_kafka(
    directory: Path, name: str, records: Callable[[], Iterator[Record]], placing: Placing = "keyed"
) -> AsyncIterator[tuple[str, Filled]]:
    """Yield a running Kafka whose inputs hold `records`, and their description; fill it the first time.

    The name identifies the records: a Kafka filled under it before is used again.
    """
    home = directory / f"{name}-{placing}"
    marker = home / "filled.json"
    if not marker.exists():
        shutil.rmtree(home, ignore_errors=True)
    async with EmbeddedKafka(home / "kafka") as kafka:
        if not marker.exists():
            console.print(f"Filling the topics of {home.name} (once) ...")
            filled = await fill(kafka.bootstrap, records(), placing)
            marker.write_text(json.dumps(asdict(filled)))
        # An interrupted run leaves topics that belong to its group.
        await drop(kafka.bootstrap, *DERIVED, DEAD_LETTERS)
        yield kafka.bootstrap, Filled(**json.loads(marker.read_text()))


def shop(events: int, customers: int) -> Iterator[Record]:
    """Yield the first `events` of a simulated shop with a history of a year and about `customers` customers.

    The shop has twice the customers: half of them come with the first million events.
    """
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    stream = simulate(1, end - _HISTORY, end, 2 * customers)
    for event, _ in zip(stream, range(events), strict=False):
        yield topic_of(event), event["customer_id"], msgspec.json.encode(event)


async def fill(bootstrap: str, records: Iterator[Record], placing: Placing = "keyed") -> Filled:
    """Create the inputs and write records to them."""
    async with admin.connect(settings(bootstrap)) as client:
        await ensure(client, [Topic(name, PARTITIONS) for name in INPUTS], replication=1)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, compression_type="lz4", max_batch_size=1_000_000, enable_idempotence=True
    )
    await producer.start()
    customers: set[str] = set()
    count = 0
    try:
        for some in batched_records(records):
            await send(producer, _placed(some, placing).items())
            customers.update(customer for _, customer, _ in some)
            count += len(some)
    finally:
        await producer.stop()
    return Filled(count, len(customers))


def batched_records(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Yield records in lists that make large Kafka batches."""
    some: list[Record] = []
    for record in records:
        some.append(record)
        if len(some) == _ROUND:
            yield some
            some = []
    if some:
        yield some


def _placed(records: list[Record], placing: Placing) -> dict[tuple[str, int], list[Outgoing]]:
    placed: defaultdict[tuple[str, int], list[Outgoing]] = defaultdict(list)
    tasks = tasks_of([customer.encode() for _, customer, _ in records], PARTITIONS)
    for (topic, customer, value), task in zip(records, tasks, strict=True):
        if placing == "keyed":
            placed[topic, task].append(Outgoing(customer.encode(), value))
        else:
            placed[topic, (task + 1) % PARTITIONS].append(Outgoing(None, value))
    return placed


def settings(bootstrap: str, **flags: str) -> Settings:
    """Return the settings of a command with these flags."""
    return load({"broker": bootstrap, "partitions": str(PARTITIONS), **flags})


async def forget(bootstrap: str, group: str) -> None:
    """Delete the topics and offsets of a group, so that the next run starts like this one."""
    await drop(bootstrap, *Names(group).internal, *DERIVED, DEAD_LETTERS)


async def drop(bootstrap: str, *topics: str) -> None:
    """Delete topics."""
    async with admin.connect(settings(bootstrap)) as client:
        await admin.delete_topics(client, topics)
