"""Responds to probes at a port of their own, in a thread that a busy event loop does not block."""

import asyncio
import logging
import socket
import threading
from http import HTTPStatus
from typing import Any, Final

import msgspec

from models.query.responses import Problem
from streams.http.api.problem_errors import CONTENT_TYPE
from streams.http.connections.sockets import listening_sockets
from streams.http.connections.spare import SpareConnections
from streams.http.probe_snapshot import ProbeSnapshot
from streams.http.probes import ProbeResult

log = logging.getLogger(__name__)

_RENEW_SECONDS: Final = 1.0
_CHECK_SECONDS: Final = 1.0
#: Connections that wait for their answer at the same time. Each ends after one answer, or after 5 s.
_MAX_CONNECTIONS: Final = 16

_REFUSAL: Final = ProbeResult(
    HTTPStatus.NOT_FOUND,
    msgspec.json.encode(
        Problem(HTTPStatus.NOT_FOUND.phrase, HTTPStatus.NOT_FOUND.value, "this port serves /live and /ready")
    ),
    CONTENT_TYPE,
)


class ProbeServer:
    """Serves `/live` and `/ready` in a thread with an event loop of its own.

    Args:
        snapshot: results of the probes, which the event loop that starts this server renews.

    Attributes:
        addresses: bound addresses, as `getsockname` returns them.
    """

    def __init__(self, snapshot: ProbeSnapshot) -> None:
        self._snapshot = snapshot
        self._connections = SpareConnections(snapshot.probes, _REFUSAL, _MAX_CONNECTIONS)
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._renewing: asyncio.Task[None] | None = None
        self.addresses: list[Any] = []

    async def start(self, host: str, port: int) -> None:
        """Listen on all addresses of a host.

        Args:
            host: name or address.
            port: port; 0 takes any that is free.

        Raises:
            OSError: the host is unknown, or an address cannot be bound.
        """
        sockets = await listening_sockets(host, port)
        self.addresses = [each.getsockname() for each in sockets]
        self._snapshot.renew()
        self._renewing = asyncio.create_task(self._renew())
        self._loop = asyncio.new_event_loop()
        # A daemon thread never keeps a worker from ending.
        self._thread = threading.Thread(
            target=self._run, args=(self._loop, sockets), name="probes", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """Stop listening, and wait for the end of the thread."""
        if self._renewing is not None:
            self._renewing.cancel()
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            await asyncio.to_thread(self._thread.join)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            self._snapshot.renew()

    # What runs in the thread.

    def _run(self, loop: asyncio.AbstractEventLoop, sockets: list[socket.socket]) -> None:
        # Without a free file descriptor, asyncio reports every attempt to accept.
        loop.set_exception_handler(lambda _, context: log.debug("%s", context["message"]))
        loop.run_until_complete(self._serve(loop, sockets))
        loop.close()

    async def _serve(self, loop: asyncio.AbstractEventLoop, sockets: list[socket.socket]) -> None:
        """Accept connections until the server stops."""
        servers = [await loop.create_server(self._connections.add, sock=each) for each in sockets]
        checking = asyncio.create_task(self._check())
        await self._stopping.wait()
        checking.cancel()
        for server in servers:
            server.close()
        self._connections.abort()
        await asyncio.gather(checking, return_exceptions=True)  # transports close meanwhile

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            self._connections.check()
