"""Measure events a second: the whole worker, a consumer without processing, and stock Faust counting."""

import asyncio
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.feed import PARTITIONS, Filled, Placing, Record, console, drop, filled_kafka, forget, shop
from bench.processes import CPU, run_stock, total, worker
from bench.report import Line, of_rounds
from streams.kafka.topics import INPUTS

CUSTOMERS, EVENTS, STOCK_EVENTS = 100_000, 1_000_000, 20_000
#: Placing -> at least this share of getmany's rate, and this multiple of stock Faust's.
TARGETS: dict[Placing, tuple[float, float]] = {"keyed": (0.12, 12.0), "elsewhere": (0.08, 8.0)}
#: How the worker polls: larger fetches than by default, and no more records at once than caches hold.
_POLLING = {"max_partition_fetch_bytes": 4 << 20, "max_poll_records": 4000}


#: Events a second, and processor time of one in microseconds.
Rate = tuple[float, float]


@dataclass(frozen=True)
class Rates:
    """The results of one round: each (events a second, processor time of one event in microseconds)."""

    getmany: Rate
    polled: Rate  #: with `getmany`, too, polling as the worker does
    stock: Rate
    worker: Rate  #: from the first event read until metrics that rest on all of them
    startup: float  #: seconds from the start of the process to its first event
    rerouted: float  #: share


def run(directory: Path, *, quick: bool = False, rounds: int = 3) -> list[Line]:
    """Measure both ways of keying."""
    scale = 10 if quick else 1
    lines: list[Line] = []
    for placing in TARGETS:
        lines += asyncio.run(_measure(directory, placing, EVENTS // scale, 1 if quick else rounds))
    return lines


async def _measure(directory: Path, placing: Placing, events: int, rounds: int) -> list[Line]:
    def records() -> Iterator[Record]:
        return shop(events, CUSTOMERS)

    async with filled_kafka(directory, f"shop-{events}", records, placing) as (bootstrap, filled):
        found = []
        for number in range(rounds):
            found.append(await _round(bootstrap, filled, directory))
            console.print(f"{placing}, round {number + 1}: {found[-1]}")
    return _lines(placing, filled, found)


def _lines(placing: Placing, filled: Filled, found: list[Rates]) -> list[Line]:
    share, multiple = TARGETS[placing]
    return [
        Line(f"{placing}: events", filled.events),
        Line(f"{placing}: customers", filled.customers),
        of_rounds(f"{placing}: re-routed", [one.rerouted for one in found]),
        of_rounds(f"{placing}: aiokafka getmany, nothing done", [one.getmany[0] for one in found], "/s"),
        of_rounds(f"{placing}: the same, polling as the worker does", [one.polled[0] for one in found], "/s"),
        of_rounds(f"{placing}: stock Faust, counting only", [one.stock[0] for one in found], "/s"),
        of_rounds(f"{placing}: whole worker", [one.worker[0] for one in found], "/s"),
        of_rounds(f"{placing}: worker / getmany", [r.worker[0] / r.getmany[0] for r in found], target=share),
        of_rounds(
            f"{placing}: worker / stock Faust", [r.worker[0] / r.stock[0] for r in found], target=multiple
        ),
        of_rounds(
            f"{placing}: worker / getmany that polls as it does", [r.worker[0] / r.polled[0] for r in found]
        ),
        # Other programs on the machine change these less.
        of_rounds(f"{placing}: getmany, processor time", [one.getmany[1] for one in found], "us a record"),
        of_rounds(f"{placing}: stock Faust, processor time", [one.stock[1] for one in found], "us an event"),
        of_rounds(f"{placing}: worker, processor time", [one.worker[1] for one in found], "us an event"),
        of_rounds(f"{placing}: start until first event", [one.startup for one in found], "s"),
    ]


async def _round(bootstrap: str, filled: Filled, directory: Path) -> Rates:
    getmany = await getmany_rate(bootstrap)
    polled = await getmany_rate(bootstrap, **_POLLING)
    stock = await stock_rate(bootstrap, min(STOCK_EVENTS, filled.events))
    return Rates(getmany, polled, stock, *await worker_rate(bootstrap, filled.events, directory))


async def getmany_rate(bootstrap: str, **options: int) -> Rate:
    """Read all inputs with aiokafka and these options, without processing the records."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, **options)
    await consumer.start()
    tps = [TopicPartition(topic, number) for topic in INPUTS for number in range(PARTITIONS)]
    consumer.assign(tps)
    await consumer.seek_to_beginning(*tps)
    read, last, cost = 0, 0.0, 0.0
    first, busy = time.monotonic(), time.process_time()
    try:
        while records := await consumer.getmany(timeout_ms=2000):
            read += sum(map(len, records.values()))
            last = time.monotonic()
            cost = (time.process_time() - busy) / read * 1e6
    finally:
        await consumer.stop()
    return read / (last - first), cost


async def stock_rate(bootstrap: str, events: int) -> Rate:
    """Run stock Faust over the first `events`, then delete its topics."""
    group = f"stock-{time.time_ns()}"
    found = await run_stock("count", bootstrap, group, list(INPUTS), events)
    await drop(bootstrap, f"{group}-counts-changelog", f"{group}-__assignor-__leader")
    return found["events"] / found["seconds"], found["cost"]


async def worker_rate(bootstrap: str, events: int, directory: Path, *flags: str) -> tuple[Rate, float, float]:
    """Run a worker until it reports that it is caught up.

    Returns:
        The rate from the first event read until then; seconds from the start of the process to the first
        event; the share of events that took the hop.
    """
    group = f"bench-{time.time_ns()}"
    async with worker(bootstrap, group, directory, *flags) as process:
        first, before, busy = 0.0, 0.0, 0.0
        async for at, series in process.samples(0.25):
            read = total(series, "retention_worker_events_total")
            if not first and read:
                first, before, busy = at, read, series.get(CPU, math.nan)
            if read >= events and series.get("retention_caught_up"):
                break
        refused = total(series, "retention_worker_dead_letters_total")
        if refused:
            raise RuntimeError(f"{refused:g} records were refused: it is not all of them that was measured")
        rerouted = series["retention_worker_rerouted_total"] / events
        cost = (series.get(CPU, math.nan) - busy) / (events - before) * 1e6
        startup = first - process.started
    await forget(bootstrap, group)
    return ((events - before) / (at - first), cost), startup, rerouted
