"""A worker process with a port, signals, a log and an exit code."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from streams.local.ports import free_port
from tests.oracle import Series
from tests.support.worker_launcher import ForkedProcess, launcher

ROOT = Path(__file__).parents[2]

#: A worker that ends with its parent, and runs the code in `DEFECT` before anything is imported.
_DEFECTIVE_WORKER = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
exec(os.environ.pop("DEFECT"))
from streams.cli import main
main()
"""

Metrics = dict[Series, float]
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse_metrics(text: str) -> Metrics:
    """Parse the Prometheus text format of a worker, whose labels have no escaped characters.

    prometheus_client's parser takes twelve times as long, and far longer than series read before. It reads
    the same format in the unit tests of the exporter.
    """
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            found[_parse_series(series)] = float(value)
    return found


@cache
def _parse_series(text: str) -> Series:
    """Parse the name and the labels of a series, which are the same in each scrape."""
    name, _, labels = text.partition("{")
    return name, frozenset(_LABEL.findall(labels))


def _defective(environ: Mapping[str, str], log_path: Path) -> subprocess.Popen[bytes]:
    with log_path.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", _DEFECTIVE_WORKER, "worker"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


class WallClock:
    """The wall clock of workers started with its `settings`; it advances from the instant that is set."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self._file = directory / "clock"

    @property
    def settings(self) -> dict[str, str]:
        return {"CLOCK_FILE": str(self._file), "RETENTION_CLOCK_TOLERANCE": "0"}

    def set(self, instant: int) -> None:
        """Set the clock to `instant` (microseconds since the epoch)."""
        written = self._file.with_suffix(".new")
        written.write_text(str(instant * 1000 - time.time_ns()))
        written.replace(self._file)


class WorkerProcess:
    """A process of `retention worker`."""

    def __init__(self, name: str, settings: Mapping[str, str], directory: Path) -> None:
        self.name = name
        self.port = free_port()
        self.log_path = directory / f"{name}.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RETENTION_")}
        environ = inherited | {"RETENTION_PORT": str(self.port)} | dict(settings)
        if "DEFECT" in environ:
            self.process: ForkedProcess | subprocess.Popen[bytes] = _defective(environ, self.log_path)
        else:
            self.process = launcher().start(environ, self.log_path)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def pause(self) -> None:
        """Suspend the process (SIGSTOP), like a machine that is suspended or swaps."""
        self.signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the process (SIGKILL), like the kernel's OOM killer. A suspended process is killed too."""
        if self.alive:
            self.process.kill()
        self.process.wait()

    async def stop(self, seconds: float = 30.0) -> int:
        """Send SIGTERM, and return the exit code."""
        self.signal(signal.SIGTERM)
        return await self.exit_code(seconds)

    async def exit_code(self, seconds: float = 30.0) -> int:
        """Wait until the process ends, and return its exit code."""
        deadline = time.monotonic() + seconds
        while self.alive:
            assert time.monotonic() < deadline, f"{self.name} still runs after {seconds} s:\n{self.tail()}"
            await asyncio.sleep(0.05)
        assert self.process.returncode is not None
        return self.process.returncode

    async def metrics(self) -> Metrics | None:
        """Return the series of `/metrics`; None if the worker does not respond."""
        text = await asyncio.to_thread(self._get, "/metrics")
        return None if text is None else parse_metrics(text)

    def _get(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as response:
                return str(response.read().decode())
        except OSError:
            return None

    def tail(self, lines: int = 25) -> str:
        """Return the end of the log, for a message."""
        return "\n".join([f"--- {self.name}", *self.log.splitlines()[-lines:]])

    def has_logged(self, pattern: str) -> bool:
        """Return whether a line of the log matches."""
        return re.search(pattern, self.log) is not None

    async def until_logged(self, pattern: str, seconds: float = 60.0) -> None:
        """Wait until a line of the log matches."""
        deadline = time.monotonic() + seconds
        while not self.has_logged(pattern):
            assert time.monotonic() < deadline, f"{pattern!r} was not logged:\n{self.tail()}"
            await asyncio.sleep(0.05)
