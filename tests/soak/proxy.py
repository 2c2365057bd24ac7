"""A TCP port in front of a server, whose connections a soak cuts, freezes, slows down or half-closes."""

import asyncio
import contextlib
import socket
import struct
from typing import Self

from streams.local.ports import free_port

_CHUNK = 1 << 16


class Link:
    """A proxy on loopback, with a port of its own.

    Args:
        target: port of the server on 127.0.0.1.

    Attributes:
        port: port of the proxy.
        target: port of the server.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.target = target
        self._delay = 0.0
        self._refusing = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._abort()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @property
    def connections(self) -> int:
        """Number of connections that clients hold."""
        return len(self._clients)

    def cut(self) -> None:
        """Reset all connections, and every new one: the server's host is down, or a firewall rejects."""
        self._refusing = True
        self._abort()

    def freeze(self) -> None:
        """Deliver no byte, and close nothing: packets are dropped, and TCP sends them again later."""
        self._flowing.clear()

    def slow_down(self, seconds: float) -> None:
        """Deliver each chunk of bytes later, in both directions."""
        self._delay = seconds

    def half_close(self) -> None:
        """End the direction from the server to the client of every present connection, and not the other."""
        for writer in self._clients:
            with contextlib.suppress(OSError, RuntimeError):
                writer.write_eof()

    def heal(self) -> None:
        """Deliver everything at once again."""
        self._refusing = False
        self._delay = 0.0
        self._flowing.set()

    def _abort(self) -> None:
        for writer in self._writers:
            _reset(writer)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self._clients.add(writer)
        try:
            if self._refusing or not await self._connect(reader, writer):
                _reset(writer)
        finally:
            self._writers.discard(writer)
            self._clients.discard(writer)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Carry bytes until both sides have ended. Return whether the server could be reached."""
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return False
        self._writers.add(to_server)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, to_server))
                both.create_task(self._pump(from_server, writer))
        except* OSError:
            pass
        finally:
            self._writers.discard(to_server)
            to_server.close()
        return True

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            if self._delay:
                await asyncio.sleep(self._delay)
            await self._flowing.wait()
            if not writer.is_closing() and not writer.transport.is_closing():
                with contextlib.suppress(RuntimeError):  # written after a half-close: the bytes are lost
                    writer.write(chunk)
                await writer.drain()
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by a reset, not by an end of file."""
    with contextlib.suppress(OSError):
        endpoint = writer.get_extra_info("socket")
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
