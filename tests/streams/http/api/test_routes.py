"""The API of one or two workers over partitions in memory, compared with its OpenAPI document."""

import asyncio
import csv
import gzip
import io
import json
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator
from yarl import URL

from models.facts.claims import Answered
from models.facts.control import Merge
from models.facts.fact import REGISTRY_ADDRESS, Fact
from streams.http.api import scan
from streams.http.api.local_tasks import LocalTasks
from streams.http.api.openapi import document
from streams.http.api.routes import Api
from streams.partitioner import tasks_of
from tests.support.api_worker import NAMES, SERIES, TASKS, Worker, get
from tests.support.partitions import DAY, HOUR, NOW, Shop

ROOT = Path(__file__).parents[4]


@pytest.fixture
async def asked():
    async with Worker().served() as session:
        yield session


async def pages(session, path, limit):
    found, query = [], ""
    while True:
        status, _, body = await get(session, f"{path}&limit={limit}{query}")
        assert status == 200, body
        page = json.loads(body)
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        query = f"&cursor={page['next']}"


PATHS = [
    ("/customers?set=end&window=30d", "/customers"),
    ("/customers?lifecycle=prospect", "/customers"),
    ("/customers/customer%2007", "/customers/{customer_id}"),
    ("/customers/customer%2007/why", "/customers/{customer_id}/why"),
    ("/customers/nobody", "/customers/{customer_id}"),
    ("/customers/%FF%FF", "/customers/{customer_id}"),
    ("/customers/%ED%A0%80/why", "/customers/{customer_id}/why"),
    ("/customers?tier=lead", "/customers"),
    ("/tickets?breached", "/tickets"),
    ("/tickets?due_within=2d&cursor=none", "/tickets"),
    ("/orders?overdue", "/orders"),
]


@pytest.fixture(scope="module")
def described():
    return json.loads((ROOT / "schemas/openapi.json").read_text())


def test_document_is_valid_openapi():
    official = json.loads(gzip.decompress((ROOT / "tests/data/openapi/3.1.json.gz").read_bytes()))
    validator = Draft202012Validator(official)
    assert [error.message for error in validator.iter_errors(document())] == []
    assert not validator.is_valid(document() | {"paths": {"/x": {"get": {"responses": []}}}})
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("path", "route"), PATHS)
async def test_response_matches_its_openapi_schema(asked, described, path, route):
    status, headers, body = await get(asked, path)
    answer = described["paths"][route]["get"]["responses"][str(status)]
    if "$ref" in answer:
        answer = described["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    schema = answer["content"][headers["Content-Type"]]["schema"] | {"components": described["components"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(json.loads(body))] == []
    assert headers["Cache-Control"] == "no-store"


async def test_openapi_document_has_every_route(asked):
    app = web.Application()
    Api(LocalTasks({}.get), None, 1, Shop().definitions, {}.get).add_to(app)
    routes = {resource.canonical for resource in app.router.resources()} - {"/openapi.json"}
    assert routes | {"/metrics.json"} == set(document()["paths"])
    assert json.loads((await get(asked, "/openapi.json"))[2]) == document()


@pytest.mark.parametrize("limit", [1, 7, 40, 1000])
async def test_pages_together_contain_every_item_once(asked, limit):
    customers = await pages(asked, "/customers?set=end&window=30d", limit)
    assert sorted(profile["customer_id"] for profile in customers) == NAMES
    if limit > 1:
        tickets = await pages(asked, "/tickets?breached", limit)
        assert sorted((ticket["customer_id"], ticket["ticket_id"]) for ticket in tickets) == [
            (name, "t1") for name in NAMES
        ]
        assert len(await pages(asked, "/tickets?status=open", limit)) == 80


async def test_page_may_end_within_the_items_of_a_customer(asked):
    tickets = await pages(asked, "/tickets?status=open", 3)
    assert len({(ticket["customer_id"], ticket["ticket_id"]) for ticket in tickets}) == len(tickets) == 80


async def test_page_ends_after_the_longest_scan(asked, monkeypatch):
    """A page may be empty: its cursor continues the scan for rare items."""
    monkeypatch.setattr(scan, "PAGE_SECONDS", 0.0)
    monkeypatch.setattr(scan, "_BATCH", 5)
    _, _, body = await get(asked, "/customers?lifecycle=prospect")
    page = json.loads(body)
    assert page["items"] == []
    assert page["next"] is not None
    assert await pages(asked, "/customers?lifecycle=prospect", 10) == []
    assert len(await pages(asked, "/customers?set=end&window=30d", 10)) == 40


async def test_page_names_the_gauge_that_counts_its_items(asked):
    page = json.loads((await get(asked, "/customers?set=end&window=30d&limit=1"))[2])
    assert page["gauge"] == {"series": SERIES, "value": 40.0, "as_of": "2026-03-05T10:00:00Z"}
    page = json.loads((await get(asked, "/customers?set=end&window=30d&risk=late"))[2])
    assert page["gauge"] is None


async def test_csv_has_a_line_per_item_and_a_next_link(asked):
    path, found = "/orders?overdue&limit=15&format=csv", []
    while path is not None:
        _, headers, body = await get(asked, path)
        found += csv.DictReader(io.StringIO(body.decode()))
        path = headers["Link"].split(">")[0][1:] if "Link" in headers else None
    assert sorted(row["customer_id"] for row in found) == NAMES
    assert {row["overdue_seconds"] for row in found} == {"3600"}
    _, _, body = await get(asked, "/customers/customer%2001/why", Accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert {row["type"] for row in rows} == {"order.placed", "ticket.opened", "survey.answered"}
    assert json.loads(rows[0]["says"])["currency"] == "USD"


async def test_events_of_a_customer_are_paged(asked):
    path, found = "/customers/customer%2001/why?limit=2", []
    while path is not None:
        _, headers, body = await get(asked, path)
        found.append([event["time"] for event in json.loads(body)["events"]])
        assert all(event["counts_for"] for event in json.loads(body)["events"])
        path = headers["Link"].split(">")[0][1:] if "Link" in headers else None
    assert [len(times) for times in found] == [2, 2, 1]
    times = [time for page in found for time in page]
    assert times == sorted(times)


@pytest.mark.parametrize("path", ["/customers", "/customers/customer%2001/why", "/orders?overdue"])
@pytest.mark.parametrize("what", ["running", "caught_up"])
async def test_request_fails_while_a_task_is_not_caught_up(path, what):
    worker = Worker()
    for task in worker.tasks.values():
        setattr(task, what, False)
    async with worker.served() as session:
        status, headers, body = await get(session, path)
        assert (status, headers["Content-Type"]) == (503, "application/problem+json")
        assert int(headers["Retry-After"]) > 0
        assert json.loads(body)["detail"].startswith("task ")


async def test_page_fails_if_its_task_is_revoked_during_the_scan(monkeypatch):
    worker = Worker()
    monkeypatch.setattr(scan, "_BATCH", 5)
    looked = []

    def find(_, candidate, *__):
        looked.append(candidate.key)
        if len(looked) == 3:
            worker.tasks.pop(0)

    monkeypatch.setattr("models.query.customers.Customers.find", find)
    async with worker.served() as session:
        status, _, _ = await get(session, "/customers")
    assert status == 503
    assert len(looked) == 5


async def test_scan_of_all_customers_yields_to_the_event_loop():
    worker = Worker()
    shop = worker.tasks[0].shop
    for number in range(2000):
        shop.partition.process_one(f"more {number}", Fact("", Answered(NOW - DAY, "e", 0, 3)))
    yields = 0

    async def count_yields():
        nonlocal yields
        while True:
            yields += 1
            await asyncio.sleep(0)

    async with worker.served() as session:
        turning = asyncio.create_task(count_yields())
        before = yields
        await get(session, "/customers?tier=vip&limit=1000")
        turning.cancel()
        assert yields - before > 2000 / scan._BATCH


async def test_requests_are_forwarded_to_the_owner_of_a_task():
    one, other = Worker([0, 2]), Worker([1])
    async with one.served("t") as session, other.served("t") as second:
        one.addresses = other.addresses = {0: one.address, 1: other.address, 2: one.address}
        auth = {"Authorization": "Bearer t"}
        for asker in (session, second):
            status, _, body = await get(asker, "/customers?limit=1000&set=end&window=30d", **auth)
            assert status == 200, body
            assert sorted(p["customer_id"] for p in json.loads(body)["items"]) == NAMES
            for name in NAMES[:6]:
                status, _, body = await get(asker, f"/customers/{name}", **auth)
                assert json.loads(body)["customer_id"] == name
        assert (await get(session, "/customers"))[0] == 401
        ids = f"/customers/{NAMES[0]}/identities"
        for asker, task, path in ((session, other.tasks[1], "/customers"), (second, one.tasks[0], ids)):
            task.caught_up = False
            status, _, body = await get(asker, path, **auth)
            assert status == 503
            assert "has not caught up" in json.loads(body)["detail"]
            task.caught_up = True
    # The other worker has stopped.
    async with one.served() as session:
        status, headers, body = await get(session, "/customers")
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "the owner of task 1 at" in json.loads(body)["detail"]


def merge(tasks, event, customer, into):
    """Apply an event `customer.merged`, with all messages that it sends to tasks."""
    claim = Merge(at=NOW - HOUR, event=event, customer=customer, into=into)
    tasks[0].partition.process_one(REGISTRY_ADDRESS, Fact("", claim))
    while any(sent := [task.partition.drain_messages() for task in tasks.values()]):
        for to, fact in (character for characters in sent for character in characters):
            for number in tasks if to is None else tasks_of([to.encode()], TASKS):
                tasks[number].partition.process_one(to or "", fact)


@asynccontextmanager
async def merged():
    """Run two workers that own different parts of a merged customer."""
    one, other = Worker([0, 2]), Worker([1])
    at = {tasks_of([name.encode()], TASKS)[0]: name for name in NAMES}
    merge(one.tasks | other.tasks, "m1", at[0], at[1])
    merge(one.tasks | other.tasks, "m2", at[2], at[0])
    async with one.served("t") as session, other.served("t") as second:
        one.addresses = other.addresses = {0: one.address, 1: other.address, 2: one.address}
        for each in (session, second):
            each.headers["Authorization"] = "Bearer t"
        yield (session, second), at[1], [at[0], at[2]]


async def test_merged_id_redirects_to_the_canonical_id(described):
    async with merged() as (askers, name, others):
        for asker, identity, what in product(
            askers, others, ["", "/why", "?format=json", "/why?format=json"]
        ):
            path = f"/customers/{quote(identity)}{what}"
            async with asker.get(URL(path, encoded=True), allow_redirects=False) as response:
                assert response.status == 307
                assert response.headers["Location"] == f"/customers/{quote(name)}{what}"
                problem = json.loads(await response.read())
            assert problem["detail"] == f"customer {identity!r} was merged into {name!r}"
            described_at = f"/customers/{{customer_id}}{what.partition('?')[0]}"
            answers = described["paths"][described_at]["get"]["responses"]
            assert answers["307"] == {"$ref": "#/components/responses/307"}
            assert json.loads((await get(asker, path))[2])["customer_id"] == name


async def test_identities_list_every_id_and_its_merge():
    async with merged() as (askers, name, others):
        for asker, identity in product(askers, [name, *others]):
            path = f"/customers/{quote(identity)}/identities"
            found = json.loads((await get(asker, path))[2])
            assert (found["customer_id"], found["identities"]) == (name, sorted(others))
            assert [(each["id"], each["customer_id"], each["into"]) for each in found["merges"]] == [
                ("m1", others[0], name),
                ("m2", others[1], others[0]),
            ]
            rows = csv.DictReader(io.StringIO((await get(asker, path, Accept="text/csv"))[2].decode()))
            assert [row["id"] for row in rows] == ["m1", "m2"]
        assert json.loads((await get(askers[1], "/customers/nobody/identities"))[2]) == {
            "customer_id": "nobody",
            "identities": [],
            "merges": [],
        }


async def test_events_of_a_merged_customer_include_the_merges():
    async with merged() as (askers, name, others):
        for asker in askers:
            path, found = f"/customers/{quote(name)}/why?limit=4", []
            while path is not None:
                _, headers, body = await get(asker, path)
                found += json.loads(body)["events"]
                path = headers["Link"].split(">")[0][1:] if "Link" in headers else None
            assert len(found) == 3 * 5 + 2
            merges = [event for event in found if event["type"] == "customer.merged"]
            assert [(event["id"], event["says"], event["counts_for"]) for event in merges] == [
                ("m1", {"customer_id": others[0], "into": name}, ["merged"]),
                ("m2", {"customer_id": others[1], "into": others[0]}, ["merged"]),
            ]


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


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer s3cret", 200),
        ("bearer s3cret", 200),
        ("Bearer S3cret", 401),
        ("Bearer", 401),
        ("Basic s3cret", 401),
        ("s3cret", 401),
        ("", 401),
    ],
)
async def test_request_needs_the_token(authorization, status):
    async with Worker().served("s3cret") as session:
        for path in ("/customers", "/customers/customer%2001", "/tickets", "/orders?overdue"):
            assert (await get(session, path, Authorization=authorization))[0] == status
        assert (await get(session, "/openapi.json"))[0] == 200
        assert (await get(session, "/nothing"))[0] == 404
        _, headers, _ = await get(session, "/%63ustomers")
        assert headers["WWW-Authenticate"] == "Bearer"
