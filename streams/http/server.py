"""The worker's HTTP server: live page, `/metrics`, `/metrics.json`, `/ready`, `/live`, and the query API."""

import errno
import logging
import os
import socket

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from streams.errors import PortInUse, RetentionError
from streams.http.advertised_address import advertised
from streams.http.api.local_tasks import LocalTasks
from streams.http.api.problem_middleware import problems
from streams.http.api.remote_tasks import RemoteTasks
from streams.http.api.routes import Api
from streams.http.auth import guard
from streams.http.live_page.routes import LivePage
from streams.monitoring.exporter import BusinessCollector, WorkerCollector
from streams.read_model.exporter import ReadModelCollector
from streams.worker.worker import Worker

log = logging.getLogger(__name__)


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a failed request is our failure: what is no HTTP is answered with 400, and may hold an id."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


log.addFilter(_is_ours)


def registry(worker: Worker) -> CollectorRegistry:
    """Everything that a worker exports; computed at scrape."""
    collected = CollectorRegistry()
    ProcessCollector(registry=collected)
    PlatformCollector(registry=collected)
    GCCollector(registry=collected)
    collected.register(BusinessCollector(lambda: worker.publisher))
    collected.register(WorkerCollector(worker.counters, worker))
    if worker.read_model is not None:
        collected.register(ReadModelCollector(worker.read_model))
    return collected


class Server:
    """Serves one worker's pages while it runs.

    Attributes:
        address: URL at which other workers reach this one; known once the server has started.
    """

    def __init__(self, worker: Worker, host: str, port: int) -> None:
        self._worker = worker
        self._host = host
        self._port = port
        self.address = f"http://{host}:{port}"
        self._registry = registry(worker)
        self._live_page = LivePage(
            worker,
            worker.app.client_options,
            worker.settings.definitions,
            worker.settings.clock,
            worker.settings.prometheus,
        )
        owners = RemoteTasks(worker.app.owners, lambda: self.address)
        self._api = Api(
            LocalTasks(worker.tasks.get),
            owners,
            worker.settings.partitions,
            worker.settings.definitions,
            self._live_page.series.value,
        )
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            PortInUse: somebody else does.
            RetentionError: the host is none of this machine, or the port not for us.
        """
        app = web.Application(middlewares=[problems, guard(self._worker.settings.token)])
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/live", self._live)
        self._live_page.add_to(app)
        self._api.add_to(app)
        self._runner = web.AppRunner(app, access_log=None, logger=log, handle_signals=False)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(self._host, self._port) from None
            if isinstance(error, socket.gaierror):
                problem = f"host {self._host} cannot be found: {error.strerror}"
            else:  # asyncio may give a number, or only words
                reason = os.strerror(error.errno) if error.errno else str(error)
                problem = f"port {self._port} of {self._host} cannot be bound: {reason}"
            raise RetentionError(
                problem,
                "set RETENTION_HOST to an address of this machine, and RETENTION_PORT to a port free to use",
            ) from None
        # Before the worker joins its group, which tells the other members.
        self.address = advertised(self._worker.settings, self._runner.addresses[0][1])

    @property
    def url(self) -> str:
        """Where the live page is, once it has started."""
        port = self._runner.addresses[0][1] if self._runner else self._port
        return f"http://{self._host}:{port}/"

    async def stop(self) -> None:
        """Answer what is being asked, and close."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        try:
            encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        except (TypeError, ValueError):  # a version that is no version
            encode, content_type = choose_encoder("")
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _ready(self, _: web.Request) -> web.Response:
        """200 once every task of this worker is restored and caught up."""
        ready = self._worker.is_restored and self._worker.caught_up()
        return web.json_response(
            {"ready": ready, "tasks": self._worker.owned(), "restoring": self._worker.tasks.opening_count},
            status=200 if ready else 503,
        )

    async def _live(self, _: web.Request) -> web.Response:
        """200 while the event loop answers at all."""
        return web.json_response({"live": True})
