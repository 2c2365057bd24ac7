"""Everything that a soak runs: Kafka behind proxies, Redis, a schema registry, and supervised workers."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

from streams.local.kafka import EmbeddedKafka
from streams.local.ports import free_port
from streams.local.redis import RedisServer, find_program
from tests.soak.proxy import Link
from tests.soak.report import Report
from tests.soak.traffic import Traffic
from tests.support import complete_shop
from tests.support.avro_returns import MAPPING
from tests.support.cluster import INPUTS, Cluster
from tests.support.deployment import Deployment
from tests.support.process_caches import use_class_archive
from tests.support.registry_server import AUTH, RegistryServer
from tests.support.worker_process import WallClock, WorkerProcess

GROUP = "soak"
TASKS = 6
#: Workers that a round ends with; faults add and remove some.
WORKERS = 3
#: Ways to the broker. A worker keeps its way, so that a broken one strikes a part of the workers.
LINKS = 3
#: The windows of the definitions that a rollout changes between. Outputs do not depend on windows.
WINDOWS = (complete_shop.WINDOWS, ("7d", "60d"))
#: Workers whose wall clock differs from Kafka's by more seconds stop; the default.
CLOCK_TOLERANCE = 300
_RESTART_SECONDS = 2.0
#: A worker that cannot reach the broker ends after such a time at the latest.
_GIVING_UP_SECONDS = 60.0
#: As in tests/conftest.py: the broker cleans and rolls within seconds.
_HASTY = {
    "log.cleaner.backoff.ms": "500",
    "log.retention.check.interval.ms": "1000",
    "log.initial.task.delay.ms": "500",
    "log.cleaner.min.cleanable.ratio": "0.1",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "log.segment.bytes": str(4 << 20),
}


class Supervised(Deployment):
    """Workers that a supervisor replaces: none may live for some seconds."""

    def _check_alive(self) -> None:
        """Do nothing: the wait ends anyway."""


class Installation:
    """A running installation, and the parts that a soak may break.

    Attributes:
        directory: folder of all files.
        report: prints what is done.
        broker: the Kafka. Its own port is the soak's; the workers' way is one of `links`.
        links: proxies in front of the broker.
        redis: the Redis of the read model, behind `redis_link`.
        registry: the schema registry, behind `registry_link`.
        deployment: the workers.
        traffic: sends events and records.
        clock: the workers' wall clock.
        windows: the windows that the definitions in force have.
        paused: workers that are suspended.
        started: number of workers that were started.
        crashed: workers that ended by a signal, or while they could reach the broker, and commands that ended
            with a traceback, one line each.
        reprocessed: whether workers may have read inputs again, so that outputs and dead letters come twice.
        hostile: (topic, partition, offset) of the hostile records in the inputs.
    """

    def __init__(self, directory: Path, report: Report, seed: int) -> None:
        use_class_archive()
        self.report = report
        self.windows = WINDOWS[0]
        self.paused: set[str] = set()
        self.crashed: list[str] = []
        self.reprocessed = False
        self.hostile: set[tuple[str, int, int]] = set()
        self.clock = WallClock(directory)
        self.clock.set(time.time_ns() // 1000)
        self.links = [Link(free_port()) for _ in range(LINKS)]
        self.broker = _broker(directory / "kafka", self.links)
        program = find_program()
        assert program is not None, "the extra `demo` has a Redis: make setup"
        self.redis = RedisServer(program, directory / "redis")
        self.redis_link = Link(self.redis.port)
        self.registry = RegistryServer()
        self.cluster = Cluster(self.broker)
        self.traffic = Traffic(self.cluster, self.registry, seed)
        self.directory = directory
        self._expected_ends: set[str] = set()
        self._disturbed_until = 0.0
        self.started = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start everything, and end it."""
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(self.broker.start)
            stack.callback(self.broker.kill)
            self.redis.start()
            stack.callback(self.redis.stop)
            await stack.enter_async_context(self.registry)
            self.registry_link = Link(int(self.registry.url.rsplit(":", 1)[1]))
            for link in (*self.links, self.redis_link, self.registry_link):
                await stack.enter_async_context(link)
            await self.cluster.create({"returns": 3} | dict.fromkeys(INPUTS, 4))
            self.deployment = self._deployment()
            stack.callback(self.deployment.close)
            await self.traffic.start()
            stack.push_async_callback(_within, self.traffic.stop, 10.0)
            supervisor = asyncio.create_task(self._supervise())
            stack.callback(supervisor.cancel)
            yield

    def _deployment(self) -> Supervised:
        return Supervised(
            self.cluster,
            GROUP,
            self.directory,
            RETENTION_PARTITIONS=str(TASKS),
            RETENTION_CONFIG=str(self.configuration(self.windows)),
            RETENTION_REDIS=f"redis://127.0.0.1:{self.redis_link.port}/0",
            RETENTION_SCHEMA_REGISTRY=f"http://127.0.0.1:{self.registry_link.port}",
            RETENTION_SCHEMA_REGISTRY_AUTH=AUTH,
            **self.clock.settings | {"RETENTION_CLOCK_TOLERANCE": str(CLOCK_TOLERANCE)},
        )

    def configuration(self, windows: tuple[str, ...]) -> Path:
        """Return the path of a configuration file with these windows.

        It is written once: a worker that starts may read it at any moment.
        """
        path = self.directory / f"retention-{'-'.join(windows)}.toml"
        if path.exists():
            return path
        inputs = [f'[[inputs]]\ntopic = "{topic}"' for topic in INPUTS]
        inputs += ['[[inputs]]\ntopic = "returns"\nmapping = "returns"']
        path.write_text("\n".join([complete_shop.configuration(windows), *inputs, MAPPING]))
        return path

    def expect_ends(self, seconds: float) -> None:
        """Expect workers that end by themselves, because their broker or clock is wrong for some seconds."""
        self._disturbed_until = max(self._disturbed_until, time.monotonic() + seconds + _GIVING_UP_SECONDS)

    @property
    def awake(self) -> list[WorkerProcess]:
        """Workers that run and are not suspended."""
        return [worker for worker in self.deployment.alive if worker.name not in self.paused]

    def start_worker(self) -> WorkerProcess:
        """Start a worker with the definitions in force, on the next way to the broker."""
        link = self.links[self.started % LINKS]
        self.started += 1
        settings = self.deployment.settings | {
            "RETENTION_BROKER": f"127.0.0.1:{link.port}",
            "RETENTION_CONFIG": str(self.configuration(self.windows)),
        }
        worker = WorkerProcess(f"worker-{self.started}", settings, self.directory)
        self.deployment.workers.append(worker)
        return worker

    def kill(self, worker: WorkerProcess) -> None:
        """Kill a worker, suspended or not."""
        self._expected_ends.add(worker.name)
        worker.kill()

    async def stop(self, worker: WorkerProcess) -> int:
        """Stop a worker gracefully, and return its exit code."""
        self._expected_ends.add(worker.name)
        return await worker.stop(60.0)

    async def heal(self) -> None:
        """Repair everything, and run as many workers as a round ends with."""
        for link in (*self.links, self.redis_link, self.registry_link):
            link.heal()
        self.registry.refusing = False
        self.clock.set(time.time_ns() // 1000)
        if not self.broker.running:
            self.report.log(f"the broker had ended: {self.broker.last_lines(3)}")
            self.broker.kill()
            await asyncio.to_thread(self.broker.start)
        while len(self.deployment.alive) < WORKERS:
            self.start_worker()

    async def _supervise(self) -> None:
        """Start a worker for each that ended by itself, as a supervisor of services does; log its end."""
        while True:
            await asyncio.sleep(_RESTART_SECONDS)
            for worker in [one for one in self.deployment.workers if not one.alive]:
                self.deployment.workers.remove(worker)
                if worker.name not in self._expected_ends:
                    self._log_end(worker)
                    self.start_worker()

    def _log_end(self, worker: WorkerProcess) -> None:
        last = " ".join(worker.log.splitlines()[-2:])
        code = worker.process.returncode
        line = f"{worker.name} ended with exit code {code}: {last[:250]}"
        self.report.ended.append(line)
        if code is None or code < 0 or time.monotonic() > self._disturbed_until:
            self.crashed.append(line)
        self.report.log(line)


def _broker(directory: Path, links: list[Link]) -> EmbeddedKafka:
    """Return a Kafka whose answers lead the clients of each link to that link."""
    port, controller = free_port(), free_port()
    own = {"PLAINTEXT": port} | {f"LINK{number}": link.target for number, link in enumerate(links)}
    shown = {"PLAINTEXT": port} | {f"LINK{number}": link.port for number, link in enumerate(links)}
    names = [*own, "CONTROLLER"]
    wiring = {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": _listeners(own | {"CONTROLLER": controller}),
        "advertised.listeners": _listeners(shown),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
        "inter.broker.listener.name": "PLAINTEXT",
    }
    return EmbeddedKafka(directory, port=port, settings=_HASTY | wiring, jvm_flags=("-Xmx512m",))


def _listeners(ports: dict[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())


async def _within(stop: object, seconds: float) -> None:
    """Await a shutdown for some seconds at most: the broker may be gone."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop(), seconds)
