"""Measure the rate with ten times the customers, and the size of one in the changelog and in memory."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.feed import console, fill
from bench.grown import GROUP, copied_kafka, more
from bench.processes import CPU, total, worker
from bench.report import Line, of_rounds

FEW, MANY, EVENTS = 50_000, 500_000, 300_000
RATIO, ROW_KB, MEMORY_KB = 0.8, 1.0, 2.0


def run(directory: Path, *, quick: bool = False, rounds: int = 3) -> list[Line]:
    """Measure both numbers of customers, round by round."""
    scale = 10 if quick else 1
    few, many, events = FEW // scale, MANY // scale, EVENTS // scale
    rates = asyncio.run(_measure(directory, few, many, events, 1 if quick else rounds))
    ratios = [large / small for (small, _), (large, _) in rates]
    taken = _state(50_000 // scale)
    return [
        of_rounds(f"{few:,} customers", [small for (small, _), _ in rates], "events/s"),
        of_rounds(f"{many:,} customers", [large for _, (large, _) in rates], "events/s"),
        of_rounds("many / few", ratios, target=RATIO),
        Line("few: processor time", median(cost for (_, cost), _ in rates), "us an event"),
        Line("many: processor time", median(cost for _, (_, cost) in rates), "us an event"),
        Line("a customer's row in the changelog", taken["row"], "KB", ROW_KB, at_most=True),
        Line("a customer's memory", taken["memory"], "KB", MEMORY_KB, at_most=True),
    ]


def _state(customers: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.state", str(customers // 5), str(customers)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


Rate = tuple[float, float]
READ = "retention_worker_events_total"


async def _measure(directory: Path, few: int, many: int, events: int, rounds: int) -> list[tuple[Rate, Rate]]:
    found = []
    for number in range(rounds):
        small = await _rate(directory, few, events)
        large = await _rate(directory, many, events)
        console.print(f"round {number + 1}: {small[0]:,.0f}/s of few, {large[0]:,.0f}/s of many")
        found.append((small, large))
    return found


async def _rate(directory: Path, customers: int, events: int) -> Rate:
    """Return events a second, and processor time of one (µs), of a running worker with many customers.

    The worker is paused (SIGSTOP) while the events are written.
    """
    async with copied_kafka(directory, customers) as bootstrap:
        records = list(more(customers, events, time.time_ns()))
        async with worker(bootstrap, GROUP, directory, RETENTION_SESSION_TIMEOUT="300") as process:
            async for _, series in process.samples(0.25):
                if series.get("retention_worker_caught_up") and series.get("retention_caught_up"):
                    break
            before, busy = total(series, READ), series[CPU]
            process.pause()
            await fill(bootstrap, iter(records))
            started = process.go_on()
            async for at, series in process.samples(0.25):  # noqa: B007 - only the last sample counts
                if total(series, READ) >= before + events:
                    break
    return events / (at - started), (series[CPU] - busy) / events * 1e6
