"""Pages of lists: complete, in JSON and CSV, and only while every task is caught up."""

import asyncio
import csv
import io
import json

import pytest

from models.facts.claims import Answered
from models.facts.fact import Fact
from streams.http.api import scan
from streams.partitioner import tasks_of
from tests.support.api_worker import NAMES, SERIES, TASKS, Worker, fill, get
from tests.support.partitions import DAY, NOW


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


@pytest.mark.parametrize("limit", [1, 7, 40, 1000])
async def test_pages_together_contain_every_item_once(session, limit):
    customers = await pages(session, "/customers?set=end&window=30d", limit)
    assert sorted(profile["customer_id"] for profile in customers) == NAMES
    if limit > 1:
        tickets = await pages(session, "/tickets?breached", limit)
        assert sorted((ticket["customer_id"], ticket["ticket_id"]) for ticket in tickets) == [
            (name, "t1") for name in NAMES
        ]
        assert len(await pages(session, "/tickets?status=open", limit)) == 80


async def test_page_may_end_within_the_items_of_a_customer(session):
    tickets = await pages(session, "/tickets?status=open", 3)
    assert len({(ticket["customer_id"], ticket["ticket_id"]) for ticket in tickets}) == len(tickets) == 80


async def test_page_ends_after_the_longest_scan(session, monkeypatch):
    """A page may be empty: its cursor continues the scan for rare items."""
    monkeypatch.setattr(scan, "PAGE_SECONDS", 0.0)
    monkeypatch.setattr(scan, "_BATCH", 5)
    _, _, body = await get(session, "/customers?lifecycle=prospect")
    page = json.loads(body)
    assert page["items"] == []
    assert page["next"] is not None
    assert await pages(session, "/customers?lifecycle=prospect", 10) == []
    assert len(await pages(session, "/customers?set=end&window=30d", 10)) == 40


async def test_page_names_the_gauge_that_counts_its_items(session):
    page = json.loads((await get(session, "/customers?set=end&window=30d&limit=1"))[2])
    assert page["gauge"] == {"series": SERIES, "value": 40.0, "as_of": "2026-03-05T10:00:00Z"}
    page = json.loads((await get(session, "/customers?set=end&window=30d&risk=late"))[2])
    assert page["gauge"] is None


async def test_csv_has_a_line_per_item_and_a_next_link(session):
    path, found = "/orders?overdue&limit=15&format=csv", []
    while path is not None:
        _, headers, body = await get(session, path)
        found += csv.DictReader(io.StringIO(body.decode()))
        path = headers["Link"].split(">")[0][1:] if "Link" in headers else None
    assert sorted(row["customer_id"] for row in found) == NAMES
    assert {row["overdue_seconds"] for row in found} == {"3600"}
    _, _, body = await get(session, "/customers/customer%2001/why", Accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert {row["type"] for row in rows} == {"order.placed", "ticket.opened", "survey.answered"}
    assert json.loads(rows[0]["says"])["currency"] == "USD"


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


@pytest.mark.parametrize("path", ["/customers?", "/tickets?", "/orders?overdue&"])
async def test_csv_of_a_list_has_formulas_only_if_it_is_exact(path):
    worker = Worker()
    [task] = tasks_of([b"=1+1"], TASKS)
    fill(worker.tasks[task].shop, "=1+1")
    async with worker.served() as session:
        for more, shown in (("", "'=1+1"), ("&exact", "=1+1")):
            _, _, body = await get(session, f"{path}format=csv&limit=1000{more}")
            names = {row["customer_id"] for row in csv.DictReader(io.StringIO(body.decode()))}
            assert names == {shown, *NAMES}


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
