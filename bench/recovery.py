"""Measure the restore of many customers, against stock Faust with a simple table."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

from aiokafka import AIOKafkaProducer, TopicPartition

from bench.feed import PARTITIONS, batched_records, console, drop, settings
from bench.grown import GROUP, grown_kafka
from bench.processes import run_stock, worker
from bench.report import Line, of_rounds
from models.definitions.definitions import Definitions
from models.partition.partition import Partition
from streams.kafka import admin
from streams.kafka.compacted_topics import read_to_end
from streams.kafka.outbox import Outgoing, send
from streams.kafka.topics import Names, Topic, ensure
from streams.partitioner import tasks_of

CUSTOMERS, STOCK_ROWS = 500_000, 60_000
READ_RATIO, READY_RATIO = 10.0, 4.0


def run(directory: Path, *, quick: bool = False, rounds: int = 3) -> list[Line]:
    """Measure both, round by round. Stock Faust recovers fewer rows, to stay below a minute a round."""
    scale = 10 if quick else 1
    return asyncio.run(_measure(directory, CUSTOMERS // scale, STOCK_ROWS // scale, 1 if quick else rounds))


async def _measure(directory: Path, customers: int, stock_rows: int, rounds: int) -> list[Line]:
    read, ready, stock_read, stock_ready = [], [], [], []
    async with grown_kafka(directory, customers) as bootstrap:
        for _ in range(rounds):
            read.append(await _read_rate(bootstrap))
            ready.append(customers / await _until_ready(bootstrap, directory))
            found = await _stock(bootstrap, stock_rows)
            stock_read.append(found["rows"] / found["seconds"])
            stock_ready.append(found["rows"] / found["caught_up"])
            console.print(f"rows/s: {read[-1]:,.0f} read, {ready[-1]:,.0f} until ready; stock: {found}")
    return [
        Line("customers", customers),
        of_rounds("rows read", read, "/s"),
        of_rounds("stock Faust: rows read", stock_read, "/s"),
        of_rounds("read / stock", [a / b for a, b in zip(read, stock_read, strict=True)], target=READ_RATIO),
        of_rounds("customers, from the start until caught up", ready, "/s"),
        of_rounds("from the start until caught up", [customers / rate for rate in ready], "s"),
        of_rounds(f"stock Faust: the same, of {stock_rows:,} rows", stock_ready, "/s"),
        of_rounds(
            "caught up / stock",
            [a / b for a, b in zip(ready, stock_ready, strict=True)],
            target=READY_RATIO,
        ),
    ]


async def _read_rate(bootstrap: str) -> float:
    """Read every partition of the changelog as a task does, one after the other; return rows a second."""
    rows, started = 0, time.monotonic()
    for number in range(PARTITIONS):
        partition = Partition(Definitions(), {})
        changelog = TopicPartition(Names(GROUP).changelog, number)
        async for records in read_to_end({"bootstrap_servers": bootstrap}, [changelog]):
            for record in records:
                partition.load(record.key, record.value)
            rows += len(records)
    return rows / (time.monotonic() - started)


async def _until_ready(bootstrap: str, directory: Path) -> float:
    """Return the seconds from a worker's start until it is caught up."""
    async with worker(bootstrap, GROUP, directory) as process:
        async for at, series in process.samples(0.1):
            # The last metrics stay exported meanwhile, so the worker's own gauge decides.
            if series.get("retention_worker_caught_up") and series.get("retention_caught_up"):
                return at - process.started
    raise AssertionError


async def _stock(bootstrap: str, rows: int) -> dict[str, float]:
    """Run stock Faust's recovery of a table of `rows` numbers from its own changelog."""
    group = f"stock-{time.time_ns()}"
    changelog, source = f"{group}-counts-changelog", f"{group}-events"
    async with admin.connect(settings(bootstrap)) as client:
        topics = [Topic(changelog, PARTITIONS, {"cleanup.policy": "compact"}), Topic(source, PARTITIONS)]
        await ensure(client, topics, replication=1)
    await _write_table(bootstrap, changelog, rows)
    found = await run_stock("recover", bootstrap, group, [source], rows)
    await drop(bootstrap, changelog, source, f"{group}-__assignor-__leader")
    return found


async def _write_table(bootstrap: str, changelog: str, rows: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=1 << 20)
    await producer.start()
    try:
        for some in batched_records(_table(changelog, rows)):
            keys = [key.encode() for _, key, _ in some]
            placed: dict[tuple[str, int], list[Outgoing]] = {}
            for key, task, (topic, _, value) in zip(keys, tasks_of(keys, PARTITIONS), some, strict=True):
                placed.setdefault((topic, task), []).append(Outgoing(key, value))
            await send(producer, placed.items())
    finally:
        await producer.stop()


def _table(changelog: str, rows: int) -> Iterator[tuple[str, str, bytes]]:
    for number in range(rows):
        yield changelog, json.dumps(f"customer-{number:011}"), json.dumps(number).encode()
