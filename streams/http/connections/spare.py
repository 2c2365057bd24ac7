"""Answers to connections beyond the limits: probes are answered, and other requests are refused."""

import asyncio
from collections import deque
from typing import Final, cast

from streams.http.connections.limits import MAX_HEADER_BYTES
from streams.http.probes import ProbeResult, Probes

_END_OF_HEADERS: Final = b"\r\n\r\n"
#: Calls of `check`, one a second, until a connection without a request ends.
_CHECKS: Final = 5


class SpareConnection(asyncio.Protocol):
    """Answers one request, and ends.

    Args:
        probes: the probes, by path.
        refusal: response to any other request.
    """

    def __init__(self, probes: Probes, refusal: ProbeResult) -> None:
        self._probes = probes
        self._refusal = refusal
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._checks = 0
        self.is_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request."""
        self._transport = cast("asyncio.Transport", transport)
        if self.is_closed:
            self._transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Make room for another connection."""
        self._transport = None
        self.is_closed = True

    def data_received(self, data: bytes) -> None:
        """Respond once the headers of the request have arrived."""
        self._received += data
        if self._transport is None or self.is_closed:
            return
        if _END_OF_HEADERS in self._received or len(self._received) > MAX_HEADER_BYTES:
            self._transport.write(self._response())
            self._transport.close()
            self.is_closed = True

    def _response(self) -> bytes:
        method, _, rest = self._received.partition(b"\r\n")[0].partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("ascii", "replace")
        probe = self._probes.get(path) if method in {b"GET", b"HEAD"} else None
        result = self._refusal if probe is None else probe()
        return _encoded(result, has_body=method != b"HEAD")

    def check(self) -> None:
        """Abort the connection if no request has arrived. Call it once a second."""
        self._checks += 1
        if self._checks > _CHECKS:
            self.abort()

    def abort(self) -> None:
        """End the connection at once."""
        self.is_closed = True
        if self._transport is not None:
            self._transport.abort()


def _encoded(result: ProbeResult, *, has_body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {result.status.value} {result.status.phrase}\r\nContent-Type: {result.content_type}\r\n"
        f"Content-Length: {len(result.body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (result.body if has_body else b"")


class SpareConnections:
    """The connections beyond the limits. Beyond `limit` of them, a new one ends the oldest.

    A probe sends its request as soon as it is connected, so its answer leaves before others can displace it.

    Args:
        probes: the probes, by path.
        refusal: response to any other request.
        limit: maximum number of them.
    """

    def __init__(self, probes: Probes, refusal: ProbeResult, limit: int) -> None:
        self._probes = probes
        self._refusal = refusal
        self._limit = limit
        self._open: deque[SpareConnection] = deque()

    def add(self) -> SpareConnection:
        """Return the protocol of another connection."""
        self._open = deque(connection for connection in self._open if not connection.is_closed)
        if len(self._open) >= self._limit:
            self._open.popleft().abort()
        connection = SpareConnection(self._probes, self._refusal)
        self._open.append(connection)
        return connection

    def check(self) -> None:
        """End the connections without a request. Call it once a second."""
        for connection in tuple(self._open):
            connection.check()

    def abort(self) -> None:
        """End all of them."""
        for connection in self._open:
            connection.abort()
