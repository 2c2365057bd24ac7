"""The proxy breaks connections as a network does, and repairs them."""

import asyncio
import contextlib

import pytest

from tests.soak.proxy import Link


async def answer(reader, writer):
    while line := await reader.readline():
        writer.write(line)
    writer.close()


@pytest.fixture
async def link():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with Link(server.sockets[0].getsockname()[1]) as link:
        yield link
    server.close()


@contextlib.asynccontextmanager
async def connected(link):
    """Yield a function that sends a line and returns the answer, empty if the connection has ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)

    async def ask(seconds=5.0):
        writer.write(b"hello\n")
        async with asyncio.timeout(seconds):
            return await reader.readline()

    try:
        yield ask
    finally:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_link_delivers_in_both_directions(link):
    async with connected(link) as ask:
        assert await ask() == b"hello\n"


async def test_cut_link_resets_connections_until_repaired(link):
    async with connected(link) as ask:
        await ask()
        link.cut()
        with pytest.raises(ConnectionResetError):
            await ask()
    async with connected(link) as ask:
        with pytest.raises(ConnectionResetError):
            await ask()
    link.heal()
    async with connected(link) as ask:
        assert await ask() == b"hello\n"


async def test_frozen_link_delivers_once_repaired(link):
    async with connected(link) as ask:
        link.freeze()
        with pytest.raises(TimeoutError):
            await ask(0.05)
        link.heal()
        assert await ask() == b"hello\n"


async def test_slow_link_delivers_late(link):
    async with connected(link) as ask:
        link.slow_down(0.05)
        begin = asyncio.get_running_loop().time()
        assert await ask() == b"hello\n"
        assert asyncio.get_running_loop().time() - begin >= 0.09


async def test_half_closed_link_ends_the_answers_only(link):
    async with connected(link) as ask:
        await ask()
        link.half_close()
        assert await ask() == b""


async def test_link_resets_where_no_server_listens():
    async with Link(1) as lonely, connected(lonely) as ask:
        with pytest.raises(ConnectionResetError):
            await ask()
