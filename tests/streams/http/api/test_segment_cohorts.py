"""Cohorts of the customers with a value of a segment, which a scan of all customers counts."""

import json
from datetime import date

import pytest

from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from tests.support.api_worker import NAMES, TASKS, Worker, get
from tests.support.partitions import DAY, NOW

DEFINITIONS = Definitions(
    cohorts=CohortDefinitions(unit="20d", periods=3, complete_from=date(2025, 1, 1)),
    segment_windows=("30d",),
    segments=(
        Segment(name="channel", origin="first_channel", values=("web", "app")),
        Segment(name="coupon", origin="coupon", values=("SPRING",)),
    ),
)
COUNTS = ("eligible", "hits")


@pytest.fixture(scope="module")
def worker():
    return make_worker()


def make_worker(owned=range(TASKS)):
    """Return a worker. Every third of its customers has an earlier first order, by the app."""
    worker = Worker(owned, DEFINITIONS)
    for task in worker.tasks.values():
        for number, name in enumerate(NAMES):
            if number % 3 == 0 and task.partition.customer(name.encode()).facts.orders:
                task.shop.order("o3", NOW - (45 + number) * DAY, customer=name, channel="app", amount=700)
    return worker


async def cells_of(session, query):
    status, _, body = await get(session, f"/cohorts?{query}")
    assert status == 200, body
    return json.loads(body)["items"]


@pytest.mark.parametrize("kind", ["nth", "by", "unbounded"])
async def test_cells_of_all_values_add_up_to_those_without(worker, kind):
    async with worker.served() as session:
        whole = await cells_of(session, f"kind={kind}")
        parts = [
            await cells_of(session, f"kind={kind}&segment=channel:{value}")
            for value in ("web", "app", "other", "unknown")
        ]
    cells = {(cell["cohort"], cell["age"]): cell for cell in whole}
    assert len(cells) > 5
    for name, cell in cells.items():
        of_values = [each for part in parts for each in part if (each["cohort"], each["age"]) == name]
        for count in COUNTS:
            assert sum(each[count] for each in of_values) == cell[count], name
        net = sum((each["value"] or 0) * each["eligible"] for each in of_values)
        assert net == pytest.approx((cell["value"] or 0) * cell["eligible"])


async def test_list_has_the_length_of_its_cell(worker):
    async with worker.served() as session:
        for cell in await cells_of(session, "kind=by&segment=channel:app"):
            if cell["cohort"] != "mean":
                path = f"/customers?cohort={cell['cohort']}&age={cell['age']}&kind=by&segment=channel:app"
                items = json.loads((await get(session, f"{path}&hit=true&limit=1000"))[2])["items"]
                assert len(items) == cell["hits"]


async def test_workers_answer_for_each_others_tasks(worker):
    one, other = make_worker([0, 2]), make_worker([1])
    async with worker.served() as session:
        expected = await cells_of(session, "segment=channel:app")
    async with one.served("t") as session, other.served("t") as second:
        one.addresses = other.addresses = {0: one.address, 1: other.address, 2: one.address}
        for client in (session, second):
            client.headers["Authorization"] = "Bearer t"
            assert await cells_of(client, "segment=channel:app") == expected


async def test_long_scan_continues_where_a_part_ended(worker, monkeypatch):
    monkeypatch.setattr("streams.http.api.scan.PAGE_SECONDS", 0.0)
    monkeypatch.setattr("streams.http.api.scan._BATCH", 3)
    async with worker.served() as session:
        mean = [cell for cell in await cells_of(session, "segment=channel:web") if cell["cohort"] == "mean"]
    assert mean[0]["eligible"] == len(NAMES) - len(NAMES[::3])


async def test_missing_task_yields_no_part_of_the_answer():
    async with make_worker([0, 1]).served() as session:
        status, _, body = await get(session, "/cohorts?segment=channel:web")
    assert status == 503
    assert "task 2 has no owner" in json.loads(body)["detail"]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (
            "/cohorts?segment=coupon:SPRING",
            "expected one of channel:web, channel:app, channel:other, channel:unknown",
        ),
        (
            "/customers?segment=channel:fax",
            "`segment` is 'channel:fax': expected one of channel:web, channel:app, channel:other",
        ),
        ("/tickets?segment=channel", "`segment` is 'channel': expected one of channel:web"),
        ("/orders?overdue&segment=team:a", "channel:unknown, coupon:SPRING, coupon:other, coupon:unknown"),
    ],
)
async def test_unknown_value_names_those_that_exist(worker, path, detail):
    async with worker.served() as session:
        status, _, body = await get(session, path)
    assert status == 400
    assert detail in json.loads(body)["detail"]


async def test_shop_without_segments_gets_the_name_of_the_setting():
    async with Worker().served() as session:
        status, _, body = await get(session, "/tickets?segment=team:billing")
    assert status == 400
    assert "requires a segment of customers or tickets in `[[segments]]`" in json.loads(body)["detail"]
