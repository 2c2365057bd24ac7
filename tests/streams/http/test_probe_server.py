"""Probes that are answered in a thread while the event loop is busy."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from http import HTTPStatus
from http.client import HTTPConnection

import pytest

from streams.http import probe_server
from streams.http.probe_server import ProbeServer
from streams.http.probe_snapshot import READY_SECONDS, ProbeSnapshot
from streams.http.probes import ProbeResult

PATIENCE = 60.0


class Clock:
    """Monotonic seconds, which the test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Worker:
    """The probes of a worker that is live, and ready or not."""

    def __init__(self):
        self.ready = True

    @property
    def probes(self):
        return {
            "/live": lambda: ProbeResult(HTTPStatus.OK, b'{"live":true}'),
            "/ready": lambda: ProbeResult(
                HTTPStatus.OK if self.ready else HTTPStatus.SERVICE_UNAVAILABLE, b"{}"
            ),
        }


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def snapshot(worker, clock):
    return ProbeSnapshot(worker.probes, PATIENCE, clock)


def statuses(snapshot):
    return [snapshot.probes[path]().status for path in ("/live", "/ready")]


def test_fresh_snapshot_returns_the_worker_s_results(snapshot, worker):
    assert statuses(snapshot) == [200, 200]
    worker.ready = False
    snapshot.renew()
    assert statuses(snapshot) == [200, 503]


def test_busy_loop_stays_live_and_is_not_ready(snapshot, clock):
    clock.now += READY_SECONDS + 1
    assert statuses(snapshot) == [200, 503]
    assert json.loads(snapshot.probes["/ready"]().body) == {"ready": False, "busy_seconds": 16.0}


def test_stuck_loop_is_not_live_after_the_patience(snapshot, clock):
    clock.now += PATIENCE
    assert statuses(snapshot) == [503, 503]
    assert json.loads(snapshot.probes["/live"]().body) == {"live": False, "busy_seconds": 60.0}


def test_loop_that_runs_again_is_live_again(snapshot, clock):
    clock.now += 10 * PATIENCE
    snapshot.renew()
    assert statuses(snapshot) == [200, 200]


@pytest.fixture
async def port(snapshot):
    server = ProbeServer(snapshot)
    await server.start("127.0.0.1", 0)
    yield server.addresses[0][1]
    await server.stop()


def ask(port, path, method="GET"):
    """Return status and body, without the event loop of the test."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    response = connection.getresponse()
    return response.status, response.read()


async def test_probes_are_answered_while_the_loop_is_blocked(port):
    assert ask(port, "/live") == (200, b'{"live":true}')  # `ask` blocks the loop of the test
    assert ask(port, "/ready?verbose") == (200, b"{}")


async def test_probes_are_answered_during_a_computation(port):
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(port, "/live")))
    asking.start()
    end = time.monotonic() + 5
    while not answers and time.monotonic() < end:
        sum(range(1000))  # the loop gets no turn, and the interpreter's lock is taken
    asking.join()
    assert time.monotonic() < end
    assert answers == [(200, b'{"live":true}')]


async def test_running_loop_stays_live(snapshot, clock, monkeypatch):
    monkeypatch.setattr(probe_server, "_RENEW_SECONDS", 0)
    server = ProbeServer(snapshot)
    await server.start("127.0.0.1", 0)
    clock.now += 10 * PATIENCE
    for _ in range(3):
        await asyncio.sleep(0)
    assert statuses(snapshot) == [200, 200]
    await server.stop()


async def test_other_paths_are_not_found(port):
    status, body = ask(port, "/metrics")
    assert status == 404
    assert json.loads(body)["detail"] == "this port serves /live and /ready"


async def test_silent_clients_do_not_keep_probes_waiting(port):
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    assert ask(port, "/live")[0] == 200
    for each in silent:
        each.close()


async def test_silent_client_is_ended(snapshot, monkeypatch):
    monkeypatch.setattr(probe_server, "_CHECK_SECONDS", 0.01)
    server = ProbeServer(snapshot)
    await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.addresses[0])
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()
    await server.stop()


async def test_stopped_server_refuses_connections(snapshot):
    server = ProbeServer(snapshot)
    await server.start("127.0.0.1", 0)
    port = server.addresses[0][1]
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/live")
