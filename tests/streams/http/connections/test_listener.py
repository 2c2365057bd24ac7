"""Clients that misbehave, on real sockets."""

import asyncio
import socket
from pathlib import Path

import pytest
from aiohttp import web

from streams.http.connections import listener
from streams.http.connections.limits import (
    BODY_SECONDS,
    HEADER_SECONDS,
    SEND_BUFFER_BYTES,
    WRITE_BYTES,
    WRITE_SECONDS,
    ConnectionLimits,
)
from streams.http.connections.sockets import listening_sockets
from streams.http.guards import refuse_bodies
from tests.support.http_server import connect, limited_process, listening, status_of

ROOT = Path(__file__).parents[4]
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
UNFINISHED = REQUEST[:-2] + b"X-Slow: "
LARGE_BYTES = 4 << 20


class Site:
    """An application with a small, a large and an endless response.

    Attributes:
        ended: set when the endless response has ended.
        requests: number of requests that were handled.
    """

    def __init__(self):
        self.ended = asyncio.Event()
        self.requests = 0
        self.app = web.Application()
        for path, handle in (("/", self.small), ("/large", self.large), ("/endless", self.endless)):
            self.app.router.add_route("*", path, handle)

    async def small(self, _):
        self.requests += 1
        return web.Response(text="hello")

    async def large(self, _):
        return web.Response(body=bytes(LARGE_BYTES))

    async def endless(self, request):
        response = web.StreamResponse()
        try:
            await response.prepare(request)
            while True:
                await response.write(bytes(1 << 14))
        finally:
            self.ended.set()


@pytest.fixture
async def site():
    return Site()


@pytest.fixture
def _hurried(monkeypatch):
    """Shorten the time limits to fractions of a second."""
    monkeypatch.setattr(listener, "_CHECK_SECONDS", 0.02)
    monkeypatch.setitem(listener._HANDLER_OPTIONS, "keepalive_timeout", 0.3)
    monkeypatch.setitem(listener._HANDLER_OPTIONS, "lingering_time", 0.1)


async def until_closed(reader):
    """Return the bytes that arrive until the server ends the connection."""
    async with asyncio.timeout(5):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def send_slowly(writer):
    """Send a byte now and then, so that every read of the server makes progress."""
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.02)


def unread(url, request):
    """Return a socket that has sent a request, and whose small buffer is never read."""
    host, _, port = url.removeprefix("http://").partition(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((host, int(port)))
    client.sendall(request)
    return client


async def test_request_is_answered(site):
    async with listening(site.app) as url:
        assert await status_of(url, "/") == 200


async def test_probe_is_answered_beyond_the_limit(site):
    async with listening(site.app, ConnectionLimits(total=20, per_address=10)) as url:
        held = [await connect(url, UNFINISHED) for _ in range(60)]
        assert await status_of(url, "/live") == 200
        assert await status_of(url, "/") == 503
        assert await status_of(url, "/", local="127.0.0.2") == 200
        for _, writer in held:
            writer.close()


async def test_probe_is_answered_without_descriptors():
    """Without a limit, 300 connections use up all descriptors, and each attempt to accept one is logged."""
    async with limited_process(descriptors=200) as (url, process):
        held = [await connect(url, UNFINISHED, f"127.0.0.{2 + number % 3}") for number in range(300)]
        async with asyncio.timeout(10):  # before unfinished requests end
            for _ in range(20):
                assert await status_of(url, "/live") == 200
        for _, writer in held:
            writer.close()
    assert len((await process.stderr.read()).splitlines()) <= 1


async def test_refused_connections_are_logged_once(site, caplog):
    async with listening(site.app, ConnectionLimits(total=20, per_address=1)) as url:
        _, held = await connect(url, UNFINISHED)
        assert [await status_of(url, "/") for _ in range(5)] == [503] * 5
        held.close()
    [record] = caplog.records
    assert "refused a connection of 127.0.0.1" in record.getMessage()


@pytest.mark.usefixtures("_hurried")
async def test_silent_connection_beyond_the_limit_is_ended(site):
    async with listening(site.app, ConnectionLimits(total=20, per_address=1)) as url:
        _, held = await connect(url, REQUEST.replace(b"/", b"/endless", 1))
        reader, writer = await connect(url, UNFINISHED)
        assert await until_closed(reader) == b""
        for each in (held, writer):
            each.close()


async def test_unread_responses_wait_in_a_small_buffer():
    """The buffer that the system chooses grows to megabytes, and hides that a client does not read."""
    [one] = await listening_sockets("127.0.0.1", 0)
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * SEND_BUFFER_BYTES  # Linux doubles it
    one.close()


async def test_closed_connections_do_not_count(site):
    async with listening(site.app, ConnectionLimits(total=20, per_address=2)) as url:
        for _ in range(10):
            reader, writer = await connect(url, REQUEST.replace(b"1.1", b"1.0"))
            assert b"200 OK" in await until_closed(reader)
            writer.close()


def test_connections_have_the_documented_time_limits():
    """The tests below use shorter ones."""
    options = listener._HANDLER_OPTIONS
    assert (options["keepalive_timeout"], options["lingering_time"]) == (HEADER_SECONDS, BODY_SECONDS)
    documented = (ROOT / "docs/api.md").read_text(encoding="utf-8").partition("## Limits")[2]
    assert f"between two requests of a connection | {HEADER_SECONDS:.0f} s |" in documented
    assert f"or its last bytes | {WRITE_SECONDS} s |" in documented


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("sent", [b"", b"GET", UNFINISHED, REQUEST, REQUEST + UNFINISHED])
async def test_connection_without_a_request_is_ended(site, sent):
    async with listening(site.app) as url:
        reader, writer = await connect(url, sent)
        answer = await until_closed(reader)
        assert answer.count(b"200 OK") == site.requests == (REQUEST in sent)
        writer.close()


@pytest.mark.usefixtures("_hurried")
async def test_headers_that_arrive_byte_by_byte_are_ended(site):
    async with listening(site.app) as url:
        reader, writer = await connect(url, UNFINISHED)
        sending = asyncio.create_task(send_slowly(writer))
        assert await until_closed(reader) == b""
        sending.cancel()
        writer.close()


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize(
    "body", [b"Content-Length: 1000000\r\n\r\nx", b"Transfer-Encoding: chunked\r\n\r\n5\r\n"]
)
async def test_unfinished_body_is_not_awaited(site, body):
    async with listening(site.app) as url:
        reader, writer = await connect(url, b"POST" + REQUEST[3:-2] + body)
        assert b"hello" in await until_closed(reader)
        writer.close()


@pytest.mark.usefixtures("_hurried")
async def test_unread_response_is_ended(site):
    async with listening(site.app) as url:
        client = unread(url, REQUEST.replace(b"/", b"/endless", 1))
        async with asyncio.timeout(5):
            await site.ended.wait()
        client.close()


@pytest.mark.usefixtures("_hurried")
async def test_unread_response_is_ended_without_its_handler(site):
    limits = ConnectionLimits(total=1, per_address=1)
    async with listening(site.app, limits) as url, asyncio.timeout(5):
        request = REQUEST.replace(b"/", b"/large", 1).replace(b"Host", b"Connection: close\r\nHost")
        client = unread(url, request)
        while await status_of(url, "/") != 200:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)
        client.close()


@pytest.mark.usefixtures("_hurried")
async def test_slow_reader_gets_the_whole_response(site):
    async with listening(site.app) as url:
        reader, writer = await connect(url, REQUEST.replace(b"/", b"/large", 1))
        await reader.readuntil(b"\r\n\r\n")
        received = 0
        while chunk := await reader.read(min(4 * WRITE_BYTES, LARGE_BYTES - received)):
            received += len(chunk)
            await asyncio.sleep(0.01)
        assert received == LARGE_BYTES
        writer.close()


async def test_disconnect_cancels_the_handler(site):
    async with listening(site.app) as url:
        reader, writer = await connect(url, REQUEST.replace(b"/", b"/endless", 1))
        await reader.readline()
        writer.close()
        async with asyncio.timeout(5):
            await site.ended.wait()


async def test_pipelined_requests_are_answered_in_order(site):
    async with listening(site.app) as url:
        reader, writer = await connect(url, REQUEST * 100 + REQUEST.replace(b"1.1", b"1.0"))
        assert (await until_closed(reader)).count(b"200 OK") == 101
        writer.close()


@pytest.mark.parametrize(
    "headers", [b"X: " + b"x" * 9000, b"\r\n".join(b"X%d: x" % number for number in range(100))]
)
async def test_huge_headers_are_refused(site, headers):
    async with listening(site.app) as url:
        reader, writer = await connect(url, REQUEST[:-2] + headers + b"\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"400"
        writer.close()


@pytest.mark.parametrize(("path", "expected"), [("/", 413), ("/none", 404)])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param("Content-Encoding: gzip\r\nContent-Length: 7", b"no gzip", id="gzip"),
        pytest.param(
            "Content-Encoding: gzip\r\nTransfer-Encoding: chunked", b"2\r\nno\r\n0\r\n\r\n", id="chunks"
        ),
        pytest.param("Content-Encoding: deflate\r\nContent-Length: 9", b"\xff" * 9, id="deflate"),
        pytest.param("Content-Encoding: br\r\nContent-Length: 9", b"\xff" * 9, id="brotli"),
        pytest.param("Transfer-Encoding: chunked", b"no number\r\n", id="no chunk"),
        pytest.param("Content-Length: 1000", b"short", id="short"),
    ],
)
async def test_broken_body_leaves_no_traceback(site, caplog, path, expected, headers, body):
    site.app.middlewares.append(refuse_bodies)
    async with listening(site.app) as url:
        reader, writer = await connect(url, f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode())
        status = int((await reader.readline()).split()[1])
        writer.write(body)  # aiohttp reads it after the response, to go on with the connection
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 10)
        writer.close()
    assert status == expected
    assert [record for record in caplog.records if record.levelname != "INFO"] == []
