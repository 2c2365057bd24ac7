"""The HTTP server of a worker: probes, `/metrics`, the query API and the live page."""

import errno
import logging
import os
import socket

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from streams.config.missing_token import missing_token_of
from streams.config.schema import SETTINGS
from streams.errors import PortInUse, RetentionError
from streams.http.advertised_address import advertised_url
from streams.http.api.local_tasks import LocalTasks
from streams.http.api.problem_middleware import problem_responses
from streams.http.api.remote_tasks import RemoteTasks
from streams.http.api.routes import Api
from streams.http.auth import require_token
from streams.http.connections.limits import limits_of
from streams.http.connections.listener import ConnectionListener
from streams.http.guards import refuse_bodies, refuse_customers
from streams.http.live_page.routes import LivePage
from streams.http.probe_server import ProbeServer
from streams.http.probe_snapshot import ProbeSnapshot
from streams.http.probes import add_probes, probes_of
from streams.http.served_hosts import require_served_host, served_hosts
from streams.http.worker_proof import proof_of
from streams.kafka.topics import Names
from streams.monitoring.exporter import BusinessCollector, WorkerCollector
from streams.read_model.exporter import ReadModelCollector
from streams.worker.worker import Worker

log = logging.getLogger(__name__)


def _is_server_error(record: logging.LogRecord) -> bool:
    """Return whether to log a failed request.

    A request that is not valid HTTP gets a response with 400. Its text may contain a customer id.
    """
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


log.addFilter(_is_server_error)


def registry(worker: Worker) -> CollectorRegistry:
    """Return a registry of all metrics of a worker, which are computed at scrape."""
    collectors = CollectorRegistry()
    ProcessCollector(registry=collectors)
    PlatformCollector(registry=collectors)
    GCCollector(registry=collectors)
    collectors.register(BusinessCollector(lambda: worker.publisher))
    collectors.register(WorkerCollector(worker.counters, worker))
    if worker.read_model is not None:
        collectors.register(ReadModelCollector(worker.read_model))
    return collectors


class Server:
    """Serves one worker over HTTP.

    Args:
        worker: the worker.
        host: address to listen on.
        port: port to listen on; 0 takes any that is free.

    Attributes:
        address: URL at which other workers reach this one. It is correct once the server has started.
    """

    def __init__(self, worker: Worker, host: str, port: int) -> None:
        self._worker = worker
        self._host = host
        self._port = port
        self.address = f"http://{host}:{port}"
        self._missing_token = missing_token_of(worker.settings)
        self._registry = registry(worker)
        self._live_page = LivePage(
            worker,
            worker.app.client_options,
            worker.settings.definitions,
            worker.settings.clock,
            worker.settings.prometheus,
            topic=Names.of(worker.settings).metrics,
            missing_token=self._missing_token,
        )
        self._proof = proof_of(worker.settings.token, worker.settings.group)
        self._api = Api(
            LocalTasks(worker.tasks.get),
            RemoteTasks(worker.app.owners, lambda: self.address, self._proof),
            worker.settings.partitions,
            worker.settings.definitions,
            self._live_page.series.value,
            cohorts=lambda: None if worker.publisher is None else worker.publisher.cohorts(),
            periods=lambda: None if worker.publisher is None else worker.publisher.frozen_periods(),
        )
        self._probes = probes_of(worker)
        limits = limits_of(worker.settings.connections_per_address)
        self._listener = ConnectionListener(self._application(), self._probes, limits, log)
        self._probe_server: ProbeServer | None = None

    async def start(self) -> None:
        """Start to listen.

        Raises:
            PortInUse: another process listens on the port.
            RetentionError: the host is unknown or not an address of this machine, or binding the port is
                not permitted.
        """
        await self._listen()
        if self._missing_token is not None:
            log.warning("%s; %s", self._missing_token.what, self._missing_token.advice)
        # Set before the worker joins its group, because the join publishes the address.
        self.address = advertised_url(self._worker.settings, self._bound_port())

    async def _listen(self) -> None:
        try:
            await self._listener.start(self._host, self._port)
        except OSError as error:
            raise self._bind_error(error, "port", self._port) from None
        if self._worker.settings.probe_port is not None:
            await self._listen_for_probes(self._worker.settings.probe_port)

    async def _listen_for_probes(self, port: int) -> None:
        server = ProbeServer(ProbeSnapshot(self._probes, self._worker.settings.probe_patience))
        try:
            await server.start(self._host, port)
        except OSError as error:
            await self._listener.stop()
            raise self._bind_error(error, "probe_port", port) from None
        self._probe_server = server

    def _application(self) -> web.Application:
        settings = self._worker.settings
        app = web.Application(
            middlewares=[
                refuse_bodies,
                require_token(settings.token, self._proof, lambda: self.address),
                problem_responses,
                require_served_host(served_hosts(settings), has_token=settings.token is not None),
                refuse_customers(self._missing_token),
            ]
        )
        app.router.add_get("/metrics", self._metrics)
        add_probes(app, self._probes)
        self._live_page.add_to(app)
        self._api.add_to(app)
        return app

    def _bind_error(self, error: OSError, setting: str, port: int) -> RetentionError:
        """Return the error for a port that cannot be bound, which names the setting of the port."""
        variable = SETTINGS[setting].variable
        if error.errno == errno.EADDRINUSE:
            option = " or --port" if setting == "port" else ""
            return PortInUse(self._host, port, f"set {variable}{option} to a free one")
        if isinstance(error, socket.gaierror):
            problem = f"host {self._host} cannot be found: {error.strerror}"
        else:  # asyncio sets `errno` or only a text
            reason = os.strerror(error.errno) if error.errno else str(error)
            problem = f"port {port} of {self._host} cannot be bound: {reason}"
        return RetentionError(
            problem, f"set RETENTION_HOST to an address of this machine, and {variable} to a free port"
        )

    @property
    def url(self) -> str:
        """URL of the live page."""
        return f"http://{self._host}:{self._bound_port()}/"

    def _bound_port(self) -> int:
        addresses = self._listener.addresses
        return int(addresses[0][1]) if addresses else self._port

    async def stop(self) -> None:
        """Stop to listen, after the current requests."""
        await self._listener.stop()
        if self._probe_server is not None:
            await self._probe_server.stop()

    async def _metrics(self, request: web.Request) -> web.Response:
        try:
            encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        except (TypeError, ValueError):  # an invalid `version` in the header
            encode, content_type = choose_encoder("")
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})
