"""Scans of several clients alternate, and end with the connection of their client."""

import asyncio
from contextlib import nullcontext

import pytest

from streams.http.api import scan
from streams.http.api.remote_tasks import CLIENT_HEADER, TASK_HEADER
from streams.http.api.scan_scheduler import ScanScheduler
from tests.support.api_worker import Worker, get
from tests.support.http_server import connect

REQUEST = b"GET /customers?lifecycle=prospect HTTP/1.1\r\nHost: x\r\n\r\n"


async def scanned(scheduler, client, batches, done):
    """Scan in `batches` batches, and append the client to `done` after each."""
    async with scheduler.scan(client):
        for _ in range(batches):
            async with scheduler.batch():
                done.append(client)


async def test_client_with_many_scans_alternates_with_others():
    scheduler, done = ScanScheduler(), []
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(scanned(scheduler, "greedy", 5, done))
        group.create_task(scanned(scheduler, "modest", 5, done))
    assert done[:10] == ["greedy", "modest"] * 5


async def test_one_batch_runs_between_two_rounds_of_the_loop():
    scheduler, done, rounds = ScanScheduler(), [], 0
    async with asyncio.TaskGroup() as group:
        scans = [group.create_task(scanned(scheduler, str(client), 5, done)) for client in range(20)]
        while not all(task.done() for task in scans):
            rounds += 1
            await asyncio.sleep(0)
    assert rounds >= len(done) == 100


async def test_cancelled_scan_makes_room_for_the_next():
    scheduler, done = ScanScheduler(), []
    endless = asyncio.create_task(scanned(scheduler, "a", 1_000_000, done))
    waiting = asyncio.create_task(scanned(scheduler, "a", 1, done))
    await asyncio.sleep(0)
    endless.cancel()
    async with asyncio.timeout(5):
        await waiting
    assert not scheduler._clients


@pytest.fixture
def endless(monkeypatch):
    """Make every scan endless. Return the customers that it has looked at."""
    looked = []
    monkeypatch.setattr(scan, "PAGE_SECONDS", 1e9)
    monkeypatch.setattr(scan, "_next_keys", lambda *_: [b"customer 01"])
    monkeypatch.setattr("models.query.customers.Customers.find", lambda *_: looked.append(1))
    return looked


async def test_scan_ends_with_its_connection(endless):
    worker = Worker()
    async with worker.served(), asyncio.timeout(10):
        _, writer = await connect(worker.address, REQUEST)
        while not endless:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
        writer.close()
        seen = -1
        while seen != len(endless):
            seen = len(endless)
            await asyncio.sleep(0.05)


async def test_forwarded_scan_ends_with_the_connection_of_its_client(endless):
    forwarder, owner = Worker([1, 2]), Worker([0])
    async with forwarder.served("t"), owner.served("t"), asyncio.timeout(10):
        forwarder.addresses = {0: owner.address}
        _, writer = await connect(forwarder.address, REQUEST[:-2] + b"Authorization: Bearer t\r\n\r\n")
        while not endless:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
        writer.close()
        seen = -1
        while seen != len(endless):
            seen = len(endless)
            await asyncio.sleep(0.05)


async def test_forwarded_request_names_its_client(monkeypatch):
    named = []
    monkeypatch.setattr(ScanScheduler, "scan", lambda _, client: named.append(client) or nullcontext())
    worker = Worker()
    async with worker.served() as session:
        await get(session, "/customers")
        await get(session, "/customers", **{CLIENT_HEADER: "192.0.2.7"})
        await get(session, "/customers", **{TASK_HEADER: "0", CLIENT_HEADER: "192.0.2.7"})
    assert set(named[:-1]) == {"127.0.0.1"}
    assert named[-1] == "192.0.2.7"


async def test_client_with_the_token_names_no_other_client(monkeypatch):
    """Only the proof of a worker makes it a forwarded request."""
    named = []
    monkeypatch.setattr(ScanScheduler, "scan", lambda _, client: named.append(client) or nullcontext())
    one, other = Worker([0, 2]), Worker([1])
    async with one.served("t") as session, other.served("t"):
        one.addresses = {1: other.address}
        forged = {TASK_HEADER: "0", CLIENT_HEADER: "192.0.2.7", "Authorization": "Bearer t"}
        assert (await get(session, "/customers", **forged))[0] == 200
        assert (await get(session, "/customers?limit=1000", Authorization="Bearer t"))[0] == 200
    assert set(named) == {"127.0.0.1"}
    assert len(named) == 4
