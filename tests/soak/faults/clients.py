"""HTTP clients that misbehave: they never finish a request, never read the answer, or send junk."""

import asyncio
import contextlib
import random
import socket
from collections.abc import Awaitable, Callable

from tests.soak.installation import Installation

#: Fewer than a worker accepts of one address, and more.
_CONNECTIONS = (40, 150)
_PROBE_SECONDS = 10.0
_RECEIVE_BUFFER = 4096

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter, float], Awaitable[None]]


async def misbehave(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Open connections that misbehave to every worker, and count the probes that are answered meanwhile."""
    name, number = rng.choice([*CLIENTS]), rng.choice(_CONNECTIONS)
    ports = [worker.port for worker in installation.awake]
    installation.report.log(f"{number} clients for each worker {name} for {seconds:.1f} s")
    clients = [
        asyncio.create_task(_client(port, CLIENTS[name], seconds)) for port in ports for _ in range(number)
    ]
    try:
        await asyncio.sleep(seconds / 2)
        answered = await asyncio.gather(*map(_is_live, ports))
        await asyncio.sleep(seconds / 2)
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    installation.report.count_probes(answered)


async def _client(port: int, act: Client, seconds: float) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        endpoint = socket.socket()
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        endpoint.setblocking(False)
        await asyncio.get_running_loop().sock_connect(endpoint, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=endpoint, limit=_RECEIVE_BUFFER)
        try:
            async with asyncio.timeout(seconds):
                await act(reader, writer, seconds)
        finally:
            writer.transport.abort()


async def _never_finish(_: asyncio.StreamReader, writer: asyncio.StreamWriter, _seconds: float) -> None:
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    while True:
        writer.write(b"X-More: 1\r\n")
        await writer.drain()
        await asyncio.sleep(1.0)


async def _never_send_the_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    writer.write(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n{")
    await asyncio.sleep(seconds)


async def _never_read(_: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    writer.transport.pause_reading()
    writer.write(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await asyncio.sleep(seconds)


async def _leave_scans(_: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    writer.write(b"GET /customers?set=lost&window=30d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await asyncio.sleep(min(0.2, seconds))


async def _send_junk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: float) -> None:
    junk = random.Random(writer.get_extra_info("sockname")[1])
    heads = [b"\x16\x03\x01\x02\x00" * 50, b"GET /" + b"a" * 20_000, b"GET / HTTP/1.1\r\nA: " + b"b" * 99_999]
    writer.write(junk.choice([*heads, junk.randbytes(5000)]) + b"\r\n\r\n")
    await reader.read()


CLIENTS: dict[str, Client] = {
    "never finish a request": _never_finish,
    "never send the body": _never_send_the_body,
    "never read the stream": _never_read,
    "leave their scans": _leave_scans,
    "send junk": _send_junk,
}


async def _is_live(port: int) -> bool:
    """Return whether a worker answers its liveness probe within some seconds."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return answer.startswith(b"HTTP/1.1 200")
