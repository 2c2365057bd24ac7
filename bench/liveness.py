"""Measure how long probes wait while a worker restores and rebuilds many customers."""

import asyncio
import time
from pathlib import Path

import aiohttp

from bench.feed import console
from bench.grown import GROUP, grown_kafka
from bench.processes import Worker, worker
from bench.report import Line, of_rounds
from streams.local.ports import free_port

CUSTOMERS = 500_000
_INTERVAL_SECONDS = 0.1


class Waits:
    """The longest waits for a response of `/live`, seconds.

    Attributes:
        metrics_port: at the port of the metrics, from the event loop.
        probe_port: at the probe port, from its thread.
    """

    def __init__(self) -> None:
        self.metrics_port = 0.0
        self.probe_port = 0.0


def run(directory: Path, *, quick: bool = False, rounds: int = 3) -> list[Line]:
    """Restart a worker with all customers, round by round."""
    return asyncio.run(_measure(directory, CUSTOMERS // (10 if quick else 1), 1 if quick else rounds))


async def _measure(directory: Path, customers: int, rounds: int) -> list[Line]:
    async with grown_kafka(directory, customers) as bootstrap:
        found = [await _restart(bootstrap, directory) for _ in range(rounds)]
    return [
        Line("customers", customers),
        of_rounds(
            "longest wait for /live at the port of the metrics", [one.metrics_port for one in found], "s"
        ),
        of_rounds("longest wait for /live at the probe port", [one.probe_port for one in found], "s"),
    ]


async def _restart(bootstrap: str, directory: Path) -> Waits:
    """Return the longest waits between a worker's start and the moment at which it is caught up."""
    port, waits = free_port(), Waits()
    async with (
        worker(bootstrap, GROUP, directory, RETENTION_PROBE_PORT=str(port)) as process,
        aiohttp.ClientSession() as http,
    ):
        asking = [
            asyncio.create_task(_ask(http, process.url, waits, "metrics_port")),
            asyncio.create_task(_ask(http, f"http://127.0.0.1:{port}", waits, "probe_port")),
        ]
        await _until_caught_up(process)
        for task in asking:
            task.cancel()
    console.print(f"longest waits: {vars(waits)}")
    return waits


async def _until_caught_up(process: Worker) -> None:
    async for _, series in process.samples(0.5):
        if series.get("retention_worker_caught_up") and series.get("retention_caught_up"):
            return


async def _ask(http: aiohttp.ClientSession, url: str, waits: Waits, name: str) -> None:
    while True:
        started = time.monotonic()
        try:
            async with http.get(f"{url}/live") as response:
                response.raise_for_status()
        except aiohttp.ClientConnectionError:  # it does not listen yet
            started = time.monotonic()
        setattr(waits, name, max(getattr(waits, name), time.monotonic() - started))
        await asyncio.sleep(_INTERVAL_SECONDS)
