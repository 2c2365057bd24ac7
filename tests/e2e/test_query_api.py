"""Each of two workers on a real Kafka answers queries for all customers, also after one is killed."""

import asyncio
import csv
import io
import json
import time
from collections import Counter
from urllib.parse import quote

import aiohttp
import pytest

from tests.oracle import World
from tests.oracle.profiles import profiles
from tests.oracle.shop import active, is_overdue
from tests.support.events import Style, history, latest
from tests.support.strategies import DEFINITIONS, rfc3339

TOKEN = "a secret of the shop's"


class ApiClient:
    """A client of one worker's query API."""

    def __init__(self, session, worker):
        self._session = session
        self.base = f"http://127.0.0.1:{worker.port}"

    async def get(self, path, **headers):
        headers = {"Authorization": f"Bearer {TOKEN}"} | headers
        async with self._session.get(self.base + path, headers=headers) as response:
            return response.status, response.headers, await response.read()

    async def json(self, path):
        status, _, body = await self.get(path)
        assert status == 200, body
        return json.loads(body)

    async def all(self, path):
        """Return the items of all pages."""
        items, query = [], ""
        while True:
            page = await self.json(path + query)
            items += page["items"]
            if page["next"] is None:
                return items
            query = f"&cursor={page['next']}"

    async def problem(self, path, **headers):
        status, sent, body = await self.get(path, **headers)
        assert sent["Content-Type"] == "application/problem+json"
        problem = json.loads(body)
        assert problem["status"] == status
        return status, problem


async def test_every_worker_answers_for_all_customers(deploy):
    events = history(3, size=1200)
    now = latest(events)
    deployment = deploy(RETENTION_TOKEN=TOKEN)
    await deployment.started(2)
    await deployment.cluster.produce(events, [Style()])
    world, expected = World(events, now, DEFINITIONS), profiles(events, now, DEFINITIONS)
    async with aiohttp.ClientSession() as session:
        one, other = (ApiClient(session, worker) for worker in deployment.workers)
        await everything_is_read(other, expected, rfc3339(now))
        await answers_alike(one, other, world, expected)
        await check_errors(one, other)
        await survives(deployment, one, other, expected)
    assert TOKEN not in "".join(worker.log for worker in deployment.workers)


async def everything_is_read(client, expected, as_of):
    """Wait until a query returns the oracle's customers, and the gauges show their number."""
    wanted = sorted((name, profile["lifecycle"], profile["orders"]) for name, profile in expected.items())
    tiers = Counter(profile["tier"] for profile in expected.values())
    async with asyncio.timeout(60):
        while True:
            answers = [await client.get(f"/customers?{query}limit=1000") for query in ("", "tier=member&")]
            page, members = (json.loads(body) for _, _, body in answers)
            # A task that reads its input again answers 503.
            if {status for status, _, _ in answers} == {200} and page["as_of"] == as_of:
                found = [(one["customer_id"], one["lifecycle"], one["orders"]) for one in page["items"]]
                counted = members["gauge"] and members["gauge"]["value"]
                if sorted(found) == wanted and len(members["items"]) == counted == tiers["member"]:
                    return
            await asyncio.sleep(0.1)


async def answers_alike(one, other, world, expected):
    uses = []
    for name in sorted(expected)[::5]:
        path = f"/customers/{quote(name, safe='')}"
        assert (await one.get(path))[2] == (await other.get(path))[2]
        assert (await one.json(path))["lifecycle"] == expected[name]["lifecycle"]
        why = await other.json(f"{path}/why?limit=1000")
        uses += [event["counts_for"] for event in why["events"]]
        known = {event["id"] for event in world_events(world, name)}
        named = [event["id"] for event in why["events"] if event["type"] != "action.asked"]
        assert sorted(named) == sorted(known)
    assert len(list(filter(None, uses))) > len(uses) / 2
    window = world.windows["365d"]
    end = {customer.name for customer in active(world, world.hour, window)}
    for client in (one, other):
        listed = await client.all("/customers?set=end&window=365d&limit=7")
        assert len(listed) == len(end)
        assert {profile["customer_id"] for profile in listed} == end
        overdue = {(o["customer_id"], o["order_id"]) for o in await client.all("/orders?overdue&limit=3")}
        late = [order for c in world.customers for order in c.orders if is_overdue(world, order)]
        assert len(overdue) == len(late) > 0
    assert await one.all("/tickets?breached&limit=4") == await other.all("/tickets?breached&limit=1000") != []
    rows, path = [], "/customers?limit=1000"
    while path is not None:  # a page ends after a second, on a busy machine too
        status, headers, body = await one.get(path, Accept="text/csv")
        rows += csv.DictReader(io.StringIO(body.decode()))
        assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/csv")
        path = headers["Link"].split(">")[0][1:] if "Link" in headers else None
    assert {row["customer_id"]: row["lifecycle"] for row in rows} == {
        name: profile["lifecycle"] for name, profile in expected.items()
    }
    _, headers, _ = await other.get("/customers?limit=2&format=csv")
    assert 'rel="next"' in headers["Link"]


def world_events(world, name):
    return [event for customer in world.customers if customer.name == name for event in customer.events]


async def check_errors(one, other):
    for client in (one, other):
        for name in ("nobody", "somebody else", "a/b"):
            status, problem = await client.problem(f"/customers/{quote(name, safe='')}")
            assert (status, problem["detail"]) == (404, f"unknown customer {name!r}")
        status, problem = await client.problem("/customers?lifecycle=lost")
        assert (status, problem["parameter"]) == (400, "lifecycle")
        assert (await client.problem("/tickets", Authorization="Bearer wrong"))[0] == 401
        assert (await client.problem("/metrics.json", Authorization=""))[0] == 401
        assert (await client.json("/metrics.json?metric=retention_caught_up"))[0]["value"] == 1
        for path in ("/", "/page/page.js", "/metrics", "/live", "/ready", "/openapi.json"):
            assert (await client.get(path, Authorization=""))[0] == 200


async def survives(deployment, one, other, expected):
    """Assert that queries fail for a while after a kill, and that no partial list is returned."""
    deployment.workers[1].kill()
    failed, deadline = 0, time.monotonic() + 60
    while True:
        status, headers, body = await one.get("/customers?limit=1000")
        if status == 200:
            assert len(json.loads(body)["items"]) == len(expected)
            break
        assert (status, headers["Retry-After"].isdigit()) == (503, True), body
        failed += 1
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
    assert failed
    with pytest.raises(aiohttp.ClientError):
        await other.get("/customers")
