"""A fault repairs what it broke, also if it is cancelled."""

import asyncio
import contextlib
import random
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis

from streams.local.redis import RedisServer, find_program
from tests.soak.faults import FAULTS
from tests.soak.proxy import Link
from tests.support.registry_server import RegistryServer
from tests.support.worker_process import WallClock

SECONDS = 0.03
SEEDS = range(8)


class Report:
    """Keeps the log lines of a fault."""

    def __init__(self):
        self.lines = []

    def log(self, line):
        self.lines.append(line)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    with RedisServer(find_program(), tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def installation(redis, tmp_path):
    """Return an installation without Kafka and workers."""
    async with RegistryServer() as registry, Link(redis.port) as redis_link:
        port = int(registry.url.rsplit(":", 1)[1])
        async with Link(port) as registry_link, Link(port) as one, Link(port) as other:
            yield SimpleNamespace(
                report=Report(),
                links=[one, other],
                redis=redis,
                redis_link=redis_link,
                registry=registry,
                registry_link=registry_link,
                clock=WallClock(tmp_path),
                traffic=SimpleNamespace(add_schema=lambda: None),
            )


async def works(installation):
    """Return whether Redis, the registry and each link answer."""
    async with Redis(port=installation.redis_link.port, socket_timeout=5.0) as redis:
        assert await redis.ping()
    for link in (installation.registry_link, *installation.links):
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        writer.write(b"GET /schemas/ids/1 HTTP/1.1\r\nHost: registry\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(5.0):
            assert b" 401 " in await reader.readline()
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return not installation.registry.refusing and installation.registry.answer is None


@pytest.mark.parametrize("name", ["cut", "freeze", "delay", "half-close", "redis", "registry", "clock"])
async def test_fault_logs_and_repairs_what_it_broke(installation, name):
    for seed in SEEDS:
        await FAULTS[name].strike(installation, random.Random(seed), SECONDS)
        assert await works(installation)
    assert len(installation.report.lines) == len(SEEDS)


@pytest.mark.parametrize("name", ["cut", "freeze", "delay", "redis", "registry"])
async def test_cancelled_fault_repairs_what_it_broke(installation, name):
    for seed in SEEDS:
        striking = FAULTS[name].strike(installation, random.Random(seed), 60.0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(striking, SECONDS)
        assert await works(installation)
