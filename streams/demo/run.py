"""Everything that the demo runs, from its start to its end."""

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
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
from rich.console import Console, RenderableType
from rich.live import Live

from streams.config.kafka_security import Connection
from streams.config.load import Settings
from streams.demo import prometheus
from streams.demo.story import AS_OF, Story
from streams.demo.view import Picture, render
from streams.errors import PortInUse, RetentionError, SettingsError
from streams.http.live_page import firing_alerts
from streams.kafka import admin
from streams.local.kafka import EmbeddedKafka, die_with_parent, free_port, is_free
from streams.local.redis import RedisServer, find_program
from streams.monitoring.scrape import Scrape, scrape
from streams.simulator.live import Plan, Progress, play
from streams.simulator.writers import to_kafka

_HISTORY = timedelta(days=548)
#: The scenario begins so long ago, and is played slowly from some days before on: churn takes weeks.
_TROUBLE = timedelta(days=60)
_CALM = timedelta(days=4)
_COMPOSE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
_REFRESH_SECONDS = 0.5
_READY_SECONDS = 60.0
#: Latencies are shown over about the last 20 s: those of the history say nothing about the present.
_LATENCY_SCRAPES = 40
#: Where nobody watches a terminal, a line this often says how it goes.
_LINE_SECONDS = 10.0
#: Prometheus comes when the numbers are this fresh, and is asked this often.
_FRESH_SECONDS = 30.0
#: So far may the numbers be behind the shop's latest event: a few rounds of the story.
_BEHIND_SECONDS = 1.5 * 86_400.0
_ALERTS_SECONDS = 2.0


def _port(settings: Settings) -> int:
    """Give the port of `/metrics`: the setting's; where it was not asked for and is taken, another.

    Raises:
        PortInUse: it was asked for and is taken: whoever has it would be mistaken for the demo's own worker.
    """
    if settings.port and is_free(settings.host, settings.port):
        return settings.port
    if settings.port and settings.sources["port"] != "default":
        raise PortInUse(settings.host, settings.port)
    return free_port(settings.host)


class Demo:
    """Everything that the demo runs, and what is known of it.

    Args:
        settings: `broker` is used if it was set, else an embedded Kafka is started.
        plan: what the shop does.
        seconds: how long to go on once the history is in; None: until Ctrl-C.
        console: where it is shown.
    """

    def __init__(
        self, settings: Settings, plan: Plan, seconds: float | None, console: Console | None = None
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._seconds = seconds
        self._console = console or Console()
        self._directory = settings.data_dir / "demo"
        self._prometheus = f"http://127.0.0.1:{free_port()}" if prometheus.is_here() else None
        self._picture = Picture(url="", story=Story(plan), prometheus=self._prometheus or "", hints=_hints())
        self._scrapes: deque[Scrape] = deque(maxlen=_LATENCY_SCRAPES)
        self._recorder = prometheus.Recorder()
        self.live = asyncio.Event()  #: set once the past is in
        self.numbers = asyncio.Event()  #: set once the numbers are of the story's beginning
        self._looked = asyncio.Event()  #: set with each look at the numbers
        self._present = asyncio.Event()  #: set once they are of the present

    async def run(self) -> None:
        """Run until Ctrl-C, or until the time is up.

        Raises:
            BrokerUnavailable: a Kafka was named that does not answer.
            PortInUse: the port that was asked for is taken.
            SettingsError: TLS or SASL are set, and no Kafka was named.
            RetentionError: a part could not start, or ended by itself.
        """
        # The view says how it goes; what aiokafka retries is no news.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        port = _port(self._settings)  # said before Kafka is started for nothing
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
                pass  # it answers; else the worker would say so, in its log
            yield self._settings.broker
            return
        if self._settings.connection != Connection():
            raise SettingsError(
                "RETENTION_SECURITY_PROTOCOL",
                "is for a Kafka that runs already, and none is named",
                source=self._settings.sources["security_protocol"],
                hint="name it with RETENTION_BROKER, or leave out what is set for TLS and SASL",
            )
        self._console.print("Starting Kafka (fetched once, 43 MB, if this machine has not had it yet) ...")
        # Each demo has a history of its own, up to its own present.
        async with EmbeddedKafka(self._directory / "kafka", fresh=True) as kafka:
            yield kafka.bootstrap

    @contextlib.asynccontextmanager
    async def _redis(self) -> AsyncIterator[str]:
        """Give the URL of the read model's Redis; empty: there is none to be had."""
        program = find_program()
        if self._settings.redis is not None:
            yield self._settings.redis
        elif program is None:
            self._console.print("There is no Redis for this platform: going on without the read model.")
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
        self._console.print("Starting a worker ...")
        log = self._directory / "worker.log"
        log.parent.mkdir(parents=True, exist_ok=True)
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
                     # The shop's time, which the last weeks pass faster than the wall's.
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
                    raise RetentionError("the worker ended while it started", f"its log is {log}")
                with contextlib.suppress(aiohttp.ClientError):
                    await scrape(session, f"{url}/metrics")
                    return
                await asyncio.sleep(0.1)
        raise RetentionError("the worker did not answer", f"its log is {log}")

    async def _ended(self, worker: asyncio.subprocess.Process) -> None:
        await worker.wait()
        raise RetentionError("the worker ended by itself", f"its log is {self._directory / 'worker.log'}")

    async def _shop(self, broker: str) -> None:
        async with to_kafka(msgspec.structs.replace(self._settings, broker=broker)) as write:
            await play(self._plan, write, self._watch, keep_up=self._keep_up)

    async def _keep_up(self, latest: float) -> None:
        """Wait for the numbers: what happens in between would be seen by nobody."""
        while (scrape := self._picture.scrape) is None or not scrape.value(AS_OF) > latest - _BEHIND_SECONDS:
            self._looked.clear()
            await self._looked.wait()
        self.numbers.set()

    async def _watch_alerts(self, worker: str) -> None:
        """Run a Prometheus once the numbers are of the present, and see what fires."""
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

    def _watch(self, progress: Progress) -> None:
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
                await self._tell(session, url)

    async def _draw(self, session: aiohttp.ClientSession, url: str) -> None:
        with Live(console=self._console, auto_refresh=False, screen=False) as live:
            while True:
                await self._look(session, url)
                live.update(self.picture(), refresh=True)
                await asyncio.sleep(_REFRESH_SECONDS)

    async def _tell(self, session: aiohttp.ClientSession, url: str) -> None:
        said = -math.inf
        try:
            while True:
                await self._look(session, url)
                if time.monotonic() - said >= _LINE_SECONDS:
                    said = time.monotonic()
                    self._console.print(self.picture())
                await asyncio.sleep(_REFRESH_SECONDS)
        finally:
            self._console.print(self.picture())

    def picture(self) -> RenderableType:
        """What is known now."""
        return render(self._picture, self._console)

    async def _look(self, session: aiohttp.ClientSession, url: str) -> None:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            found = await scrape(session, f"{url}/metrics")
            self._scrapes.append(found)
            self._picture.scrape, self._picture.earlier = found, self._scrapes[0]
            self._picture.story.take(found)
            self._recorder.take(found)
            self._looked.set()
            if self.live.is_set() and time.time() - found.value(AS_OF) < _FRESH_SECONDS:
                self._present.set()


def _hints() -> tuple[str, ...]:
    hints = []
    if not prometheus.is_here():
        hints.append("With `prometheus` and `promtool` on this machine you would see which alerts fire.")
    if shutil.which("docker") and _COMPOSE.exists():
        hints.append("The dashboards: `docker compose up` here, then Grafana at http://127.0.0.1:3000.")
    return tuple(hints)


def plan(*, customers: int, seed: int, scenario: str, rate: float, story_seconds: float) -> Plan:
    """The shop of the demo: 18 months of history up to now, the last weeks of it slowly, then live."""
    now = datetime.now(UTC)
    trouble = now - _TROUBLE
    return Plan(
        seed=seed,
        start=now - _HISTORY,
        customers=customers,
        scenario=scenario,
        since=trouble,
        paced_from=trouble - _CALM,
        speed=(_TROUBLE + _CALM).total_seconds() / story_seconds,
        rate=rate,
    )
