"""Measure the time from an event to its number on `/metrics`, from outside, while a shop is busy.

Probes are answers of a survey that nobody else answers here: the n-th is on `/metrics` as soon as their
number is n or more. So what is measured holds the producing, the whole worker, the scrape, and the time
between two scrapes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import msgspec
from aiokafka import AIOKafkaProducer

from bench.feed import Record, drop, filled_kafka, forget
from bench.feed import settings as settings_of
from bench.processes import Worker, total, worker
from bench.report import Line
from streams.kafka.topics import INPUTS
from streams.monitoring.scrape import Scrape
from streams.simulator.live import Plan, play
from streams.simulator.live import Record as Event
from streams.simulator.writers import to_kafka

EVENTS_A_SECOND, SECONDS, PROBES_A_SECOND = 2_000.0, 60.0, 10.0
P99_SECONDS = 1.5
#: Between two looks at `/metrics`: what the worker spends on answering is not for the shop.
_LOOK_SECONDS = 0.1
_CUSTOMERS = 10_000
_HISTORY = timedelta(days=30)
#: What a shop's rush is planned for: four in five of it come.
_RUSH = EVENTS_A_SECOND / 0.8
_PROBED = 'retention_responses{kind="ces",window="7d"}'
_EVENTS = "retention_worker_events_total"
_LATENCY = "retention_worker_event_to_metric_seconds"


def run(directory: Path, *, quick: bool = False, rounds: int = 1) -> list[Line]:  # noqa: ARG001 - a minute is enough
    """Measure the latency for a minute."""
    return asyncio.run(_measure(directory, 10.0 if quick else SECONDS))


async def _measure(directory: Path, seconds: float) -> list[Line]:
    async with filled_kafka(directory, "empty", _nothing) as (bootstrap, _):
        await drop(bootstrap, *INPUTS)  # each run writes its own history and probes
        group = f"latency-{time.time_ns()}"
        async with worker(bootstrap, group, directory) as process, _shop(bootstrap):
            await _settle(process)
            before = await process.scrape()
            started = time.monotonic()
            found = await _probe(bootstrap, process, seconds)
            took = time.monotonic() - started
            after = await process.scrape()
        await forget(bootstrap, group)
    cuts = quantiles(found, n=100)
    return [
        Line("events", (total(after, _EVENTS) - total(before, _EVENTS)) / took, "/s", EVENTS_A_SECOND * 0.9),
        Line("probes", len(found)),
        Line("p50", cuts[49], "s"),
        Line("p90", cuts[89], "s"),
        Line("p99", cuts[98], "s", P99_SECONDS, at_most=True),
        Line("largest", max(found), "s"),
        Line("p99 by the worker's own histogram, at most", _own(before, after), "s"),
    ]


def _nothing() -> Iterator[Record]:
    return iter(())


@asynccontextmanager
async def _shop(bootstrap: str) -> AsyncIterator[None]:
    """Yield the history and then a busy day of a simulated shop."""
    plan = Plan(start=datetime.now(UTC) - _HISTORY, customers=_CUSTOMERS, rate=_RUSH, seed=time.time_ns())

    async def write_all_but_probes(records: list[Event]) -> None:
        await write([record for record in records if b'"survey":"ces"' not in record.value])

    live = asyncio.Event()
    async with to_kafka(settings_of(bootstrap)) as write:
        playing = asyncio.create_task(
            play(plan, write_all_but_probes, lambda progress: live.set() if progress.live else None)
        )
        await live.wait()
        try:
            yield
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)


async def _settle(process: Worker) -> None:
    """Wait until the history has been read, and ten seconds more."""
    async for _, series in process.samples(0.5):
        if total(series, _EVENTS) and series.get("retention_caught_up"):
            break
    await asyncio.sleep(10)


async def _probe(bootstrap: str, process: Worker, seconds: float) -> list[float]:
    """Produce probes, find each on `/metrics`, and return the seconds that each took."""
    sent: list[float] = []
    producing = asyncio.create_task(_produce(bootstrap, seconds, sent))
    found: list[float] = []
    async for _, series in process.samples(_LOOK_SECONDS):
        at = time.monotonic()
        shown = min(len(sent), int(series.get(_PROBED, 0)))
        found += [at - sent[index] for index in range(len(found), shown)]
        if producing.done() and len(found) == len(sent):
            break
    await producing
    return found


async def _produce(bootstrap: str, seconds: float, sent: list[float]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            number = len(sent)
            event = {
                "id": f"probe-{number}", "type": "survey.answered", "time": datetime.now(UTC),
                "customer_id": f"prober-{number}", "survey": "ces", "score": 7,
            }  # fmt: skip
            sent.append(time.monotonic())
            await producer.send("reviews", msgspec.json.encode(event), key=f"prober-{number}".encode())
            await asyncio.sleep(1 / PROBES_A_SECOND)
    finally:
        await producer.stop()


def _own(before: dict[str, float], after: dict[str, float]) -> float:
    """Return the upper bound of the 0.99 quantile in between, by the worker's histogram, seconds."""
    bucket = f'{_LATENCY}_bucket{{le="'
    counts = {
        (f"{_LATENCY}_bucket", (("le", name[len(bucket) : -2]),)): count - before.get(name, 0.0)
        for name, count in after.items()
        if name.startswith(bucket)
    }
    return Scrape(counts).quantile(_LATENCY, 0.99)
