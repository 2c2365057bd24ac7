"""The cells of cohorts, and the customers behind each."""

import csv
import io
import json
from datetime import date

import pytest

from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions
from tests.support.api_worker import NAMES, Worker, get
from tests.support.partitions import DAY, NOW

COHORTS = CohortDefinitions(unit="20d", periods=3, complete_from=date(2025, 1, 1))


@pytest.fixture(scope="module")
def worker():
    """Return a worker with 40 customers of January: an order 40 days ago, one yesterday, some one more."""
    worker = Worker(definitions=Definitions(cohorts=COHORTS))
    for task in worker.tasks.values():
        for name in NAMES[::2]:
            if task.shop.partition.customer(name.encode()).facts.orders:
                task.shop.order("o3", NOW - 30 * DAY, customer=name)
    return worker


async def cells(session, query=""):
    status, _, body = await get(session, f"/cohorts{query}")
    assert status == 200, body
    return json.loads(body)


async def test_cells_come_by_month_and_age_with_the_mean_last(worker):
    async with worker.served() as session:
        found = await cells(session)
    assert [(cell["cohort"], cell["age"]) for cell in found["items"]] == [
        ("2026-01", 0),
        ("2026-01", 1),
        ("mean", 0),
        ("mean", 1),
        ("mean", 2),
    ]
    assert found["items"][0] == {
        "cohort": "2026-01",
        "age": 0,
        "kind": "nth",
        "eligible": 40,
        "hits": 20,
        "ratio": 0.5,
        "value": 15.0,
        "currency": "USD",
        "complete": True,
    }
    assert found["customers"]["2026-01"] == 40


async def test_lists_have_the_lengths_of_their_cells(worker):
    async with worker.served() as session:
        for kind in ("nth", "by", "unbounded"):
            found = (await cells(session, f"?kind={kind}"))["items"]
            for cell in (cell for cell in found if cell["cohort"] != "mean"):
                path = f"/customers?cohort={cell['cohort']}&age={cell['age']}&kind={kind}&limit=1000"
                sizes = [len(json.loads((await get(session, path + hit))[2])["items"]) for hit in HITS]
                assert sizes == [cell["eligible"], cell["hits"], cell["eligible"] - cell["hits"]]


HITS = ("", "&hit=true", "&hit=false")


@pytest.mark.parametrize(
    ("months", "selected"),
    [("from=2026-02", set()), ("to=2025-12", set()), ("from=2026-01&to=2026-01", {"2026-01"})],
)
async def test_months_are_selected_and_the_mean_stays(worker, months, selected):
    async with worker.served() as session:
        found = await cells(session, f"?{months}")
    assert {cell["cohort"] for cell in found["items"]} == {"mean", *selected}
    assert found["items"][-1]["cohort"] == "mean"
    assert found["items"][-3]["eligible"] == 40


async def test_csv_has_a_row_for_each_cell(worker):
    async with worker.served() as session:
        _, headers, body = await get(session, "/cohorts", Accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert headers["Content-Type"].startswith("text/csv")
    assert (rows[0]["cohort"], rows[0]["hits"], rows[4]["ratio"]) == ("2026-01", "20", "")


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/cohorts?kind=some", 400, "expected one of nth, by, unbounded"),
        ("/cohorts?from=2026-13", 400, "`from` is '2026-13': expected a month such as 2026-05"),
        ("/cohorts?until=2026-03", 400, "known here: exact, format, from, kind, segment, to"),
        ("/cohorts?from=2026-03&to=2026-02", 400, "later than `to`"),
        ("/customers?age=1&kind=nth", 400, "`age` requires `cohort`"),
        ("/customers?cohort=2026-01&age=1", 400, "`age` and `kind` require each other"),
        ("/customers?cohort=2026-01&hit=true", 400, "`hit` requires `age` and `kind`"),
        ("/customers?cohort=2026-01&age=3&kind=nth", 400, "the last period is 2"),
    ],
)
async def test_invalid_parameter_is_named(worker, path, status, detail):
    async with worker.served() as session:
        found = await get(session, path)
    assert found[0] == status
    assert detail in json.loads(found[2])["detail"]


@pytest.mark.parametrize(("path", "status"), [("/cohorts", 404), ("/customers?cohort=2026-01", 400)])
async def test_request_without_cohorts_names_the_missing_table(path, status):
    async with Worker().served() as session:
        found = await get(session, path)
    assert found[0] == status
    assert "`[cohorts]`" in json.loads(found[2])["detail"]


async def test_leader_answers_for_another_worker(worker):
    other = Worker(owned=[], definitions=worker.definitions)
    async with worker.served() as _, other.served() as session:
        other.addresses = {0: worker.address}
        found = await cells(session, "?kind=by")
    assert found["items"][0]["eligible"] == 40
