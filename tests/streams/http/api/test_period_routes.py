"""Calendar periods as known now and as closed, and the changes in between."""

import csv
import io
import json

import pytest
from jsonschema import Draft202012Validator
from msgspec import structs

from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.metrics.closings import period_hash
from models.metrics.periods import PeriodTotals
from streams.http.api.openapi import document
from streams.rollup.closed_periods import ClosedPeriods, Key
from tests.support.api_worker import Worker, get
from tests.support.partitions import DAY, NOW

PERIODS = PeriodDefinitions(kinds=("month", "quarter"))


@pytest.fixture(scope="module")
def worker():
    """Return a worker on 5 March, whose 40 customers ordered in January and in March.

    January was closed with 38 orders, and reopened once with 39.
    """
    worker = Worker(definitions=Definitions(periods=PERIODS))
    closed = ClosedPeriods("shop", worker.definitions)
    closed.close(PeriodTotals(worker.totals()), 0)
    known = dict(closed.snapshot())
    january = with_orders(known[Key("month", "2026-01", 1)], 38)
    again = structs.replace(with_orders(january, 39), version=2, because="late till", changes={"late": 1})
    worker.versions = [one for one in known.values() if one.period != "2026-01"] + [again, january]
    return worker


def with_orders(version, orders):
    values = [
        structs.replace(one, value=orders) if one.metric == "retention_period_orders" else one
        for one in version.values
    ]
    return structs.replace(version, values=values)


async def ask(worker, path):
    async with worker.served() as session:
        status, _, body = await get(session, path)
    return status, json.loads(body)


def orders_of(period):
    [found] = [one for one in period["values"] if one["metric"] == "retention_period_orders"]
    return [found[basis] for basis in ("running", "as_now", "as_closed", "restated")]


async def test_month_has_both_bases_and_all_versions(worker):
    status, january = await ask(worker, "/periods/month/2026-01")
    assert status == 200
    assert (january["state"], january["closes"]) == ("closed", "2026-02-04T00:00:00Z")
    assert orders_of(january) == [None, 40, 39, 1]
    first, again = january["versions"]
    assert (first["version"], first["first_start"], first["because"]) == (1, True, None)
    assert (again["version"], again["because"]) == (2, "late till")
    frozen = [
        one["value"]
        for version in (first, again)
        for one in version["values"]
        if one["metric"] == "retention_period_orders"
    ]
    assert frozen == [38, 39]


@pytest.mark.parametrize("route", ["/periods", "/periods/{kind}/{period}"])
async def test_response_has_its_openapi_schema(worker, route):
    status, found = await ask(worker, route.format(kind="month", period="2026-01"))
    described = document()
    answer = described["paths"][route]["get"]["responses"][str(status)]
    schema = answer["content"]["application/json"]["schema"] | {"components": described["components"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(found)] == []


async def test_list_has_the_periods_of_a_kind(worker):
    _, found = await ask(worker, "/periods?kind=month")
    by_name = {one["period"]: one for one in found["items"]}
    assert list(by_name)[-3:] == ["2026-01", "2026-02", "2026-03"]
    assert [by_name[name]["state"] for name in list(by_name)[-3:]] == ["closed", "closed", "running"]
    assert orders_of(by_name["2026-03"]) == [40, None, None, None]
    assert by_name["2026-02"]["versions"][0].keys() == {
        "version", "closed", "release", "definitions", "first_start", "because"
    }  # fmt: skip
    _, every = await ask(worker, "/periods")
    assert {one["kind"] for one in every["items"]} == {"month", "quarter"}


async def test_csv_has_a_row_for_each_series(worker):
    async with worker.served() as session:
        _, headers, body = await get(session, "/periods/month/2026-01", Accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert headers["Content-Type"].startswith("text/csv")
    [orders] = [row for row in rows if row["metric"] == "retention_period_orders"]
    assert list(orders.values())[:4] == ["month", "2026-01", "retention_period_orders", "{}"]
    assert (orders["as_now"], orders["as_closed"], orders["restated"]) == ("40", "39", "1")


async def test_changes_before_the_latest_version_do_not_count(worker, monkeypatch):
    """The state counts since the close. A reset clears the counts."""
    monkeypatch.setattr(PeriodTotals, "changes", lambda *_: {"late": 4, "merged": 2, "erased": 0})
    _, january = await ask(worker, "/periods/month/2026-01")
    assert january["changes"] == {"late": 3, "merged": 2}
    monkeypatch.setattr(PeriodTotals, "changes", lambda *_: {"late": 0, "merged": 2})
    _, january = await ask(worker, "/periods/month/2026-01")
    assert january["changes"] == {"merged": 2}


async def test_other_definitions_are_a_cause(worker, monkeypatch):
    monkeypatch.setattr(worker, "versions", [structs.replace(worker.versions[-1], definitions="other")])
    _, january = await ask(worker, "/periods/month/2026-01")
    assert january["changes"] == {"configuration": 1}
    assert january["versions"][0]["definitions"] != period_hash(worker.definitions)


async def test_closed_month_beyond_the_horizon_keeps_its_value(worker, monkeypatch):
    old = structs.replace(worker.versions[-1], period="2020-05")
    monkeypatch.setattr(worker, "versions", [old])
    status, found = await ask(worker, "/periods/month/2020-05")
    assert (status, orders_of(found)) == (200, [None, None, 38, None])


async def test_month_over_and_not_closed_has_its_closing_time():
    """February ended five days before; a delay of ten days lets it close later."""
    late = PeriodDefinitions(kinds=("month",), close_after="10d")
    _, found = await ask(Worker(definitions=Definitions(periods=late)), "/periods/month/2026-02")
    assert (found["state"], found["closes"], found["versions"]) == ("over", "2026-03-11T00:00:00Z", [])


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/periods?kind=week", 400, "`kinds` in the table `[periods]` has month, quarter"),
        ("/periods?kind=day", 400, "expected one of"),
        ("/periods/week/2026-03-02", 404, "no kind of period 'week'"),
        ("/periods/month/2026-04", 404, "/periods?kind=month lists those that exist"),
        ("/periods/month/2026-01?kind=month", 400, "known here: exact, format"),
    ],
)
async def test_unknown_period_is_named(worker, path, status, detail):
    found = await ask(worker, path)
    assert found[0] == status
    assert detail in found[1]["detail"]


@pytest.mark.parametrize("path", ["/periods", "/periods/month/2026-01"])
async def test_shop_without_periods_gets_the_name_of_the_setting(path):
    status, found = await ask(Worker(), path)
    assert status == 404
    assert "`[periods]`" in found["detail"]


async def test_leader_answers_for_another_worker_about_periods(worker):
    other = Worker(owned=[], definitions=worker.definitions)
    async with worker.served() as _, other.served() as session:
        other.addresses = {0: worker.address}
        one = json.loads((await get(session, "/periods/month/2026-01"))[2])
        every = json.loads((await get(session, "/periods?kind=quarter"))[2])
    assert orders_of(one) == [None, 40, 39, 1]
    assert every["items"][-1]["period"] == "2026-Q1"


async def test_worker_that_is_not_caught_up_advises_to_try_again(worker, monkeypatch):
    monkeypatch.setattr(worker, "frozen_periods", lambda: None)
    status, _ = await ask(worker, "/periods")
    assert status == 503


def test_orders_of_the_worker_are_in_january_and_march():
    assert (NOW - DAY, NOW - 40 * DAY) == (1772618400000000, 1769248800000000)
