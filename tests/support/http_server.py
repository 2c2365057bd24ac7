"""An application that listens as a worker does, and clients with sockets of their own."""

import asyncio
import logging
import resource
import sys
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web

from streams.http.connections.limits import ConnectionLimits, limits_of
from streams.http.connections.listener import ConnectionListener
from streams.http.probes import ProbeResult, add_probes

LIMITS = ConnectionLimits(total=1000, per_address=100)
PROBES = {"/live": lambda: ProbeResult(HTTPStatus.OK, b"{}")}


@asynccontextmanager
async def listening(app, limits=LIMITS):
    """Serve an application on a free port. Yield its URL."""
    listener = ConnectionListener(app, PROBES, limits, logging.getLogger("streams.http.server"))
    await listener.start("127.0.0.1", 0)
    try:
        yield "http://{}:{}".format(*listener.addresses[0])
    finally:
        await listener.stop()


async def connect(url, sent=b"", local="127.0.0.1"):
    """Return a connection's reader and writer, after it has sent something."""
    host, _, port = str(url).strip("/").removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), local_addr=(local, 0))
    writer.write(sent)
    return reader, writer


async def status_of(url, path, **options):
    """Return the status of a response on a connection of its own."""
    reader, writer = await connect(url, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), **options)
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


@asynccontextmanager
async def limited_process(descriptors):
    """Serve in a process that may have a few file descriptors. Yield its URL and the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(descriptors), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield (await process.stdout.readline()).decode().strip(), process
    finally:
        process.stdin.close()
        await process.wait()


async def _serve():
    app = web.Application()
    add_probes(app, PROBES)
    async with listening(app, limits_of(100)) as url:
        print(url, flush=True)  # noqa: T201 - read by `limited_process`
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    descriptors = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    asyncio.run(_serve())
