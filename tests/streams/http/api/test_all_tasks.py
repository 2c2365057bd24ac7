"""Requests for tasks of other workers, and the answers of two workers with a wrong set-up."""

import json

from tests.support.api_worker import NAMES, TASKS, Worker, get


async def test_requests_are_forwarded_to_the_owner_of_a_task():
    one, other = Worker([0, 2]), Worker([1])
    async with one.served("t") as session, other.served("t") as second:
        one.addresses = other.addresses = {0: one.address, 1: other.address, 2: one.address}
        auth = {"Authorization": "Bearer t"}
        for client in (session, second):
            status, _, body = await get(client, "/customers?limit=1000&set=end&window=30d", **auth)
            assert status == 200, body
            assert sorted(p["customer_id"] for p in json.loads(body)["items"]) == NAMES
            for name in NAMES[:6]:
                status, _, body = await get(client, f"/customers/{name}", **auth)
                assert json.loads(body)["customer_id"] == name
        assert (await get(session, "/customers"))[0] == 401
        ids = f"/customers/{NAMES[0]}/identities"
        for client, task, path in ((session, other.tasks[1], "/customers"), (second, one.tasks[0], ids)):
            task.caught_up = False
            status, _, body = await get(client, path, **auth)
            assert status == 503
            assert "has not caught up" in json.loads(body)["detail"]
            task.caught_up = True
    # The other worker has stopped.
    async with one.served() as session:
        status, headers, body = await get(session, "/customers")
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "the owner of task 1 at" in json.loads(body)["detail"]


async def test_two_workers_with_one_address_are_reported():
    worker = Worker([0])
    async with worker.served() as session:
        worker.addresses = dict.fromkeys(range(TASKS), worker.address)
        status, _, body = await get(session, "/customers")
        assert status == 503
        assert "RETENTION_ADVERTISE" in json.loads(body)["detail"]
        worker.addresses = {}
        assert "has no owner" in json.loads((await get(session, "/customers"))[2])["detail"]


async def test_forwarded_request_is_not_forwarded_again():
    one, other = Worker([0, 2]), Worker([0, 2])
    async with one.served() as session, other.served():
        one.addresses, other.addresses = {1: other.address}, {1: one.address}
        status, _, body = await get(session, "/customers")
        assert status == 503
        assert json.loads(body)["detail"] == "task 1 is moving to another worker"


async def test_two_workers_with_two_tokens_are_reported():
    one, other = Worker([0, 2]), Worker([1])
    async with one.served("a") as session, other.served("b"):
        one.addresses = {1: other.address}
        status, _, body = await get(session, "/customers", Authorization="Bearer a")
        assert status == 502
        assert "RETENTION_TOKEN" in json.loads(body)["detail"]
