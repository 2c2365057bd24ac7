"""Run the measured programs as processes: a real worker, observed through `/metrics`, and stock Faust."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from bench.feed import PARTITIONS
from streams.local.ports import free_port

_SAMPLE = re.compile(r"^([a-z_]+)((?:\{[^}]*\})?) (\S+)$", re.MULTILINE)
#: Its processor time, which a busy machine changes less than how long something takes.
CPU = "process_cpu_seconds_total"
_TIMEOUT_SECONDS = 600.0


class Worker:
    """A worker's process.

    Attributes:
        started: start time, by `time.monotonic()`.
        pid: id of the process.
        url: URL of its HTTP server.
    """

    def __init__(self, process: asyncio.subprocess.Process, url: str, started: float, log: Path) -> None:
        self.started = started
        self.log = log
        self._process = process
        self.url = url
        self._session = aiohttp.ClientSession()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def scrape(self) -> dict[str, float]:
        """Return the series of `/metrics` by name and labels; empty while the worker does not answer."""
        if self._process.returncode is not None:
            raise RuntimeError(f"the worker ended:\n{self.log.read_text()[-2000:]}")
        with suppress(aiohttp.ClientError):
            async with self._session.get(f"{self.url}/metrics") as response:
                text = await response.text()
            return {name + labels: float(value) for name, labels, value in _SAMPLE.findall(text)}
        return {}

    async def samples(self, seconds: float) -> AsyncIterator[tuple[float, dict[str, float]]]:
        """Yield (monotonic time, series) at an interval."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            yield time.monotonic(), await self.scrape()
            await asyncio.sleep(seconds)
        raise TimeoutError(f"the worker took too long: see {self.log}")

    def pause(self) -> None:
        """Pause the process (SIGSTOP)."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> float:
        """Resume the process (SIGCONT) and return the monotonic time."""
        self._process.send_signal(signal.SIGCONT)
        return time.monotonic()

    async def stop(self) -> None:
        """Stop the process (SIGTERM) and wait for its end."""
        await self._session.close()
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        await self._process.wait()


@asynccontextmanager
async def worker(
    bootstrap: str, group: str, directory: Path, *flags: str, **settings: str
) -> AsyncIterator[Worker]:
    """Run `retention worker` in its own group with everything on; settings are environment variables."""
    port = free_port()
    log = directory / f"{group}.log"
    started = time.monotonic()
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "streams.cli", "worker", f"--broker={bootstrap}", f"--group={group}",
            f"--partitions={PARTITIONS}", f"--port={port}", *flags,
            stdout=output, stderr=output, env=os.environ | settings,
        )  # fmt: skip
    run = Worker(process, f"http://127.0.0.1:{port}", started, log)
    try:
        yield run
    finally:
        await run.stop()


def total(series: dict[str, float], name: str) -> float:
    """Return the sum of a metric's series."""
    return sum(value for key, value in series.items() if key.partition("{")[0] == name)


async def run_stock(what: str, bootstrap: str, group: str, topics: list[str], size: int) -> dict[str, float]:
    """Run `bench.stock` and return its output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.stock", what, bootstrap, group, str(free_port()), ",".join(topics),
        str(size), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _TIMEOUT_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    text = output.decode()
    found: dict[str, float] = json.loads(
        text[text.index("{") :]
    )  # control sequences of the terminal come before
    return found
