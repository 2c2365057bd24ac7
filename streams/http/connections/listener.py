"""Accepts the connections of the HTTP server within the limits, and ends those that make no progress."""

import asyncio
import errno
import logging
import socket
import time
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from models.query.responses import Problem
from streams.http.api.problem_errors import CONTENT_TYPE
from streams.http.client_address import client_of
from streams.http.connections import limits
from streams.http.connections.admission import Admission
from streams.http.connections.connection import ClientConnection
from streams.http.connections.limits import ConnectionLimits
from streams.http.connections.sockets import listening_sockets
from streams.http.connections.spare import SpareConnections
from streams.http.probes import ProbeResult, Probes

log = logging.getLogger(__name__)

#: Connections that are accepted before other coroutines run: about 2 ms.
_ACCEPTED_AT_ONCE: Final = 16
#: Errors of `accept` that last: file descriptors or memory are used up.
_LASTING_ERRORS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_RETRY_SECONDS: Final = 0.5
#: Seconds for the current requests when the listener stops.
_SHUTDOWN_SECONDS: Final = 5.0
_CHECK_SECONDS: Final = 1.0
#: Seconds between two log lines about refused connections.
_LOG_SECONDS: Final = 60.0

#: Options of aiohttp's `RequestHandler`. No path takes a body, so none is decompressed.
_HANDLER_OPTIONS: Final = {
    "access_log": None,
    "keepalive_timeout": limits.HEADER_SECONDS,
    "lingering_time": limits.BODY_SECONDS,
    "max_line_size": limits.MAX_HEADER_BYTES,
    "max_field_size": limits.MAX_HEADER_BYTES,
    "max_headers": limits.MAX_HEADERS,
    "auto_decompress": False,
}
_REFUSAL: Final = ProbeResult(
    HTTPStatus.SERVICE_UNAVAILABLE,
    msgspec.json.encode(
        Problem(
            HTTPStatus.SERVICE_UNAVAILABLE.phrase,
            HTTPStatus.SERVICE_UNAVAILABLE.value,
            "too many connections are open; RETENTION_CONNECTIONS_PER_ADDRESS limits those of one address",
        )
    ),
    CONTENT_TYPE,
)


class ConnectionListener:
    """Accepts connections, and keeps them within the limits.

    asyncio's own server accepts without a limit. Once the process has no file descriptor left, it logs each
    attempt and answers no client.

    Args:
        app: the application that handles the requests.
        probes: the probes, which are answered beyond the limits too.
        limits: maximum numbers of connections.
        logger: logger of failed requests.

    Attributes:
        addresses: bound addresses, as `getsockname` returns them.
    """

    def __init__(
        self, app: web.Application, probes: Probes, limits: ConnectionLimits, logger: logging.Logger
    ) -> None:
        # A handler ends with its connection, so that nothing is computed for a client that is gone.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS)
        self._options = {**_HANDLER_OPTIONS, "logger": logger}
        self._admission: Admission[ClientConnection] = Admission(limits)
        self._spare = SpareConnections(probes, _REFUSAL, limits.spare)
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._checking: asyncio.Task[None] | None = None
        self._connecting: set[asyncio.Task[None]] = set()
        self._logged = -_LOG_SECONDS
        self.addresses: list[Any] = []

    async def start(self, host: str, port: int) -> None:
        """Listen on all addresses of a host.

        Args:
            host: name or address.
            port: port; 0 takes any that is free.

        Raises:
            OSError: the host is unknown, or an address cannot be bound.
        """
        await self._runner.setup()
        try:
            self._sockets = await listening_sockets(host, port)
        except OSError:
            await self._runner.cleanup()
            raise
        self.addresses = [each.getsockname() for each in self._sockets]
        self._accepting = [asyncio.create_task(self._accept_all(each)) for each in self._sockets]
        self._checking = asyncio.create_task(self._check_all())

    async def stop(self) -> None:
        """Stop listening, wait for the current requests, and close the other connections."""
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        for each in self._sockets:
            each.close()
        await self._runner.cleanup()
        if self._checking is not None:
            self._checking.cancel()
        for connection in self._admission:
            connection.abort()
        self._spare.abort()
        await asyncio.gather(*self._connecting)

    async def _accept_all(self, listening: socket.socket) -> None:
        accepted = 0
        while True:
            try:
                connected, address = await asyncio.get_running_loop().sock_accept(listening)
            except OSError as error:
                if error.errno in _LASTING_ERRORS:
                    self._warn("cannot accept connections: %s", error.strerror)
                    await asyncio.sleep(_RETRY_SECONDS)
                continue
            self._accept(connected, client_of(address[0]))
            accepted += 1
            if accepted % _ACCEPTED_AT_ONCE == 0:
                await asyncio.sleep(0)  # `sock_accept` does not wait while connections are queued

    def _accept(self, connected: socket.socket, client: str) -> None:
        protocol = self._connection(client) or self._spare.add()
        task = asyncio.create_task(_connect(protocol, connected))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def _connection(self, client: str) -> ClientConnection | None:
        """Return another connection of a client; None beyond the limits."""
        server = self._runner.server
        if server is None or not self._admission.admit(client):
            self._warn("refused a connection of %s: %s", client, self._admission.describe(client))
            return None
        connection = ClientConnection(server, self._admission.discard, client, self._options)
        self._admission.add(connection)
        return connection

    async def _check_all(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            for connection in self._admission:
                connection.check()
            self._spare.check()

    def _warn(self, message: str, *arguments: object) -> None:
        """Log a warning, once a minute: an attack must not fill the log."""
        if time.monotonic() - self._logged >= _LOG_SECONDS:
            self._logged = time.monotonic()
            log.warning(message, *arguments)


async def _connect(protocol: asyncio.Protocol, connected: socket.socket) -> None:
    """Attach a protocol to a socket. The client may have disconnected already."""
    try:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, connected)
    except OSError as error:
        connected.close()
        protocol.connection_lost(error)
