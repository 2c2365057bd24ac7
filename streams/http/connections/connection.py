"""A connection whose writes have a time limit."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from aiohttp import web

from streams.http.connections.limits import WRITE_BYTES, WRITE_SECONDS


class ClientConnection(web.RequestHandler):
    """A connection to a client, which ends if the client does not read.

    aiohttp limits the time for the headers of a request (its `keepalive_timeout`) and for a body
    (`lingering_time`). It waits for a client that does not read without a limit, and so does asyncio, also
    after a `close()` of the transport.

    Args:
        server: aiohttp's server.
        ended: called with the connection when it has ended.
        client: address of the client.
        options: options of aiohttp's `RequestHandler`.

    Attributes:
        client: address of the client.
        opened: monotonic seconds of its start.
    """

    __slots__ = ("_ended", "_is_aborted", "_stalled", "_unsent", "_wire", "client", "opened")

    def __init__(
        self, server: web.Server, ended: Callable[[Any], None], client: str, options: Mapping[str, Any]
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self.client = client
        self.opened = time.monotonic()
        self._ended = ended
        self._wire: asyncio.Transport | None = None  # aiohttp drops its own reference when it closes
        self._is_aborted = False
        self._unsent = 0
        self._stalled = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to process requests, unless the connection has been aborted already."""
        super().connection_made(transport)
        self._wire = cast("asyncio.Transport", transport)
        if self._is_aborted:
            self._wire.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Cancel the request under way."""
        self._wire = None
        self._ended(self)
        super().connection_lost(exc)

    def abort(self) -> None:
        """End the connection at once, with everything that is not sent yet."""
        self._is_aborted = True
        if self._wire is not None:
            self._wire.abort()

    def check(self) -> None:
        """Abort the connection if the client has read too little. Call it once a second.

        Calls are counted instead of seconds: a worker that did not run has not written either.
        """
        if self._wire is None:
            return
        unsent = self._wire.get_write_buffer_size()
        if unsent == 0 or unsent <= self._unsent - WRITE_BYTES:
            self._unsent, self._stalled = unsent, 0
            return
        self._unsent = max(self._unsent, unsent)
        self._stalled += 1
        if self._stalled > WRITE_SECONDS:
            self.abort()
