"""Measure each part of an event's way, microseconds on one thread: the real functions, one by one."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from bench import core
from bench.feed import PARTITIONS, Record, drop, filled_kafka, settings, shop
from bench.report import Line
from models.contract.decoding import decode, to_us
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of
from models.partition.partition import Partition
from streams.ingest.router import Router
from streams.kafka import admin
from streams.kafka.outbox import Outbox, Outgoing, send
from streams.kafka.topics import INPUTS, Topic, ensure
from streams.monitoring.worker_counters import WorkerCounters
from streams.partitioner import tasks_of

EVENTS, CUSTOMERS = 100_000, 10_000
_TOPIC = "bench-parts"
_ENGLISH = decode(
    "reviews",
    b'{"id":"1","type":"review.submitted","time":"2026-01-01T00:00:00Z","customer_id":"1","review_id":"1",'
    b'"rating":5,"text":"good","language":"en"}',
)


def run(directory: Path, *, quick: bool = False, rounds: int = 1) -> list[Line]:  # noqa: ARG001 - for reporting
    """Measure the parts around the core on a real Kafka, then the core's own."""
    lines = asyncio.run(_measure(directory))
    for name, cost in core.measure(1_000 if quick else CUSTOMERS).items():
        part, _, unit = name.partition(", ")
        if unit in {"KB", "ms"}:
            lines.append(Line(part, cost, unit))
        else:
            lines.append(Line(name, cost, "us"))
    return lines


async def _measure(directory: Path) -> list[Line]:
    def records() -> Iterator[Record]:
        return shop(EVENTS, CUSTOMERS)

    async with filled_kafka(directory, f"shop-{EVENTS}-{CUSTOMERS}", records) as (bootstrap, _):
        started = time.process_time()
        fetched = await _fetch(bootstrap)
        lines = [Line("fetch a record, nothing done", _each(started, EVENTS), "us")]
        lines += _steps(fetched)
        lines.append(Line("intake of an event, applied at once", _intake(fetched, mine=True), "us"))
        lines.append(Line("intake of an event, forwarded", _intake(fetched, mine=False), "us"))
        lines += await _transactions(bootstrap)
    return lines


def _each(started: float, count: int) -> float:
    """Return the processor time since `started` for each of `count` items, microseconds."""
    return (time.process_time() - started) / count * 1e6


async def _fetch(bootstrap: str) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(
        *INPUTS, bootstrap_servers=bootstrap, auto_offset_reset="earliest", max_partition_fetch_bytes=4 << 20
    )
    await consumer.start()
    fetched: list[ConsumerRecord] = []
    try:
        while len(fetched) < EVENTS:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=4000)).values():
                fetched += records
    finally:
        await consumer.stop()
    return fetched


def _steps(records: list[ConsumerRecord]) -> list[Line]:
    definitions = Definitions()
    facts_of(_ENGLISH, definitions)  # reads VADER's lexicon
    started = time.process_time()
    events = [decode(INPUTS[record.topic], record.value) for record in records]
    lines = [Line("decode and validate JSON", _each(started, len(records)), "us")]
    started = time.process_time()
    for event in events:
        to_us(event.time)
    lines.append(Line("its time", _each(started, len(records)), "us"))
    started = time.process_time()
    for event in events:
        facts_of(event, definitions)
    lines.append(Line("its facts", _each(started, len(records)), "us"))
    keys = [event.customer_id.encode() for event in events]
    started = time.process_time()
    for start in range(0, len(keys), 500):
        tasks_of(keys[start : start + 500], PARTITIONS)
    lines.append(Line("its customer's task (murmur2)", _each(started, len(records)), "us"))
    return lines


def _intake(records: list[ConsumerRecord], *, mine: bool) -> float:
    """Process all records in their own tasks, or in another task."""
    partitions = [Partition(Definitions(), {}) for _ in range(PARTITIONS)]
    intakes = [
        Router(
            task=number if mine else -1,
            task_count=PARTITIONS,
            facts_topic=_TOPIC,
            dead_letter_partitions=1,
            definitions=Definitions(),
            partition=partition,
            outbox=Outbox(),
            counters=WorkerCounters(),
        )
        for number, partition in enumerate(partitions)
    ]
    started = time.process_time()
    for start in range(0, len(records), 500):
        chunk = records[start : start + 500]
        by_source: dict[TopicPartition, list[ConsumerRecord]] = {}
        for record in chunk:
            by_source.setdefault(TopicPartition(record.topic, record.partition), []).append(record)
        for tp, some in by_source.items():
            intakes[tp.partition].route_events(INPUTS[tp.topic], tp, some)
    return _each(started, len(records))


async def _transactions(bootstrap: str) -> list[Line]:
    """Measure transactions of a task with 5,000 rows and with one row for the changelog."""
    async with admin.connect(settings(bootstrap)) as client:
        await ensure(client, [Topic(_TOPIC, 1)], replication=1)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        transactional_id=_TOPIC,
        max_batch_size=1 << 20,
        compression_type="zstd",
    )
    await producer.start()
    lines = []
    rows = [Outgoing(b"customer-%011d" % number, b"%0400d" % number) for number in range(5_000)]
    try:
        for count in (1, 5_000):
            times, busy = [], time.process_time()
            for _ in range(10):
                started = time.monotonic()
                async with producer.transaction():
                    await send(producer, [((_TOPIC, 0), rows[:count])])
                times.append(time.monotonic() - started)
            lines.append(Line(f"transaction of {count:,} rows, elapsed", sorted(times)[5] * 1e3, "ms"))
            lines.append(Line(f"transaction of {count:,} rows, a row", _each(busy, 10 * count), "us"))
    finally:
        await producer.stop()
    await drop(bootstrap, _TOPIC)
    return lines
