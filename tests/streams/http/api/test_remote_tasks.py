"""A foreign member of the group: the requests that it gets, and the answers that reach a client."""

import gzip
import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from yarl import URL

from streams.http.api import remote_tasks
from streams.partitioner import tasks_of
from tests.support.api_worker import NAMES, TASKS, Worker, get

TOKEN = "a secret of the shop's"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NAME = next(name for name in NAMES if tasks_of([name.encode()], TASKS) == [1])
JSON = {"Content-Type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json"}


class Stranger:
    """A server that advertises itself as the owner of task 1, with a prepared answer."""

    def __init__(self, status=200, headers=JSON, body=b"{}"):
        self.answer = (status, headers, body)
        self.received = []

    async def _handle(self, request):
        self.received.append((request.raw_path, dict(request.headers)))
        status, headers, body = self.answer
        return web.Response(status=status, headers=headers, body=body)

    @asynccontextmanager
    async def served(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield "http://{}:{}".format(*runner.addresses[0])
        await runner.cleanup()


@asynccontextmanager
async def session_beside(stranger, token=None):
    worker = Worker([0, 2])
    async with worker.served(token) as session, stranger.served() as address:
        worker.addresses = {0: worker.address, 1: address, 2: worker.address}
        yield session


async def test_token_is_not_sent_to_an_advertised_address():
    stranger = Stranger()
    async with session_beside(stranger, TOKEN) as session:
        for path in ("/customers", f"/customers/{NAME}", f"/customers/{NAME}/why"):
            assert (await get(session, path, **BEARER))[0] == 502
    assert len(stranger.received) == 3
    assert TOKEN not in str(stranger.received)


async def test_unsigned_answer_does_not_reach_the_client():
    forged = json.dumps({"customer_id": NAME, "identities": ["forged"], "merges": []}).encode()
    worker = Worker([1, 2])
    stranger = Stranger(body=forged)
    async with worker.served(TOKEN) as session, stranger.served() as address:
        worker.addresses = {0: address}
        status, _, body = await get(session, f"/customers/{NAME}/identities", **BEARER)
        assert (status, b"forged" in body) == (502, False)
        assert "RETENTION_TOKEN" in json.loads(body)["detail"]
    async with worker.served() as session, stranger.served() as address:  # without a token, all is open
        worker.addresses = {0: address}
        assert (await get(session, f"/customers/{NAME}/identities"))[0] == 200


async def test_captured_request_opens_no_worker():
    """The owner of an address passes a request on, to the worker it came from and to the real owner."""
    stranger, owner = Stranger(), Worker([1])
    async with session_beside(stranger, TOKEN) as session, owner.served(TOKEN) as other:
        await get(session, f"/customers/{NAME}", **BEARER)
        [(path, headers)] = stranger.received
        for target in (session, other):
            async with target.get(URL(path, encoded=True), headers=headers) as response:
                assert response.status == 401
                assert json.loads(await response.read())["detail"] == "the signature is wrong"


async def test_repeated_request_of_a_worker_is_refused(monkeypatch):
    one, other = Worker([0, 2]), Worker([1])
    sent = []
    sign = remote_tasks.WorkerProof.sign

    def record(proof, request):
        sent.append((request, sign(proof, request)))
        return sent[-1][1]

    monkeypatch.setattr(remote_tasks.WorkerProof, "sign", record)
    async with one.served(TOKEN) as session, other.served(TOKEN) as second:
        one.addresses = {1: other.address}
        assert (await get(session, f"/customers/{NAME}", **BEARER))[0] == 200
        [(request, signed)] = sent
        headers = {
            "Authorization": signed.authorization,
            remote_tasks.TASK_HEADER: request.task,
            remote_tasks.CLIENT_HEADER: request.client,
        }
        status, _, body = await get(second, request.target, **headers)
        assert (status, json.loads(body)["detail"]) == (401, "the request has arrived before")


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ((200, {"Content-Type": "text/html"}, b"<script>"), "content type 'text/html'"),
        ((200, JSON, b"not JSON"), "content of another type"),
        ((200, JSON, b'{"customer_id": 7}'), "content of another type"),
        ((200, JSON, b"[" * 5000), "content of another type"),
        ((200, JSON | {"Content-Encoding": "gzip"}, gzip.compress(b"{}")), "compressed body"),
        ((200, JSON, b" " * 4096), "more than"),
        ((404, JSON, b"{}"), "content type 'application/json'"),
        ((404, PROBLEM, b'{"title": "x", "status": 400, "detail": "y"}'), "a problem of status 400"),
        ((401, PROBLEM, b'{"title": "x", "status": 401, "detail": "y"}'), "set the same token"),
        (
            (307, PROBLEM | {"Location": "https://example.com/customers/a"},
             b'{"title": "x", "status": 307, "detail": "y"}'),
            "redirects to something else",
        ),
        (
            (307, PROBLEM | {"Location": "//example.com/a"}, b'{"title": "x", "status": 307, "detail": "y"}'),
            "redirects to something else",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/customers", f"/customers/{NAME}", f"/customers/{NAME}/why?format=csv"])
async def test_answer_of_another_shape_is_a_bad_gateway(monkeypatch, path, answer, detail):
    monkeypatch.setattr(remote_tasks, "MAX_ANSWER_BYTES", 4000 if answer[2] == b" " * 4096 else 1 << 20)
    async with session_beside(Stranger(*answer)) as session:
        status, headers, body = await get(session, path)
    problem = json.loads(body)
    assert (status, headers["Content-Type"]) == (502, PROBLEM["Content-Type"])
    assert detail in problem["detail"]
    assert "script" not in problem["detail"]


async def test_unknown_fields_and_headers_do_not_reach_the_client():
    ids = {"customer_id": "a", "identities": [], "merges": [], "evil": "<script>"}
    worker, stranger = (
        Worker([1, 2]),
        Stranger(headers=JSON | {"Set-Cookie": "a=b"}, body=json.dumps(ids).encode()),
    )
    async with worker.served() as session, stranger.served() as address:
        worker.addresses = {0: address}
        status, headers, body = await get(session, "/customers/a/identities")
    assert (status, json.loads(body)) == (200, {"customer_id": "a", "identities": [], "merges": []})
    assert "Set-Cookie" not in headers


async def test_forwarded_answer_is_the_owners():
    one, other = Worker([0, 2]), Worker([1])
    async with one.served(TOKEN) as session, other.served(TOKEN) as owner:
        one.addresses, other.addresses = {1: other.address}, {0: one.address, 2: one.address}
        for path in ("", "/why?limit=2", "?format=csv", "/why?format=csv", "/why?limit=1001"):
            direct, forwarded = [
                await get(each, f"/customers/{NAME}{path}", **BEARER) for each in (owner, session)
            ]
            assert forwarded[::2] == direct[::2]
            assert forwarded[1].get("Link") == direct[1].get("Link")
            assert forwarded[1]["Content-Type"] == direct[1]["Content-Type"]
