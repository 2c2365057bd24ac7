"""Explanations of a ratio's change over HTTP."""

import csv
import io
import json

import pytest

from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from models.facts import claims
from models.metrics.explained import hash_behind
from models.partition.published import PublishedRatio
from streams.http.api import strata_scan
from tests.support.api_worker import NAMES, Worker, get
from tests.support.partitions import DAY, HOUR, NOW

#: All customers ordered 40 days ago and yesterday, so none has left now.
PATH = "/explain?metric=retention_churn_ratio&window=30d&against=1w"
SERIES = 'retention_churn_ratio{window="30d"}'


def worker(owned=range(3)):
    """Return a worker of 40 customers. Half of them had left a week ago; three quarters have one order."""
    found = Worker(owned)
    for number, name in enumerate(NAMES):
        for task in found.tasks.values():
            if not task.shop.partition.customer(name.encode()).facts.orders:
                continue
            if number % 2:
                task.shop.order("o3", NOW - 20 * DAY, customer=name)
            if not number % 4:
                task.shop.order("o4", NOW - 66 * DAY, customer=name)
    return found


async def explained(session, path=PATH, **headers):
    status, _, body = await get(session, path, **headers)
    assert status == 200, body
    return json.loads(body)


async def test_answer_covers_the_customers_of_all_tasks():
    async with worker().served() as session:
        found = await explained(session)
    assert (found["after"]["numerator"], found["after"]["denominator"]) == (0, 40)
    assert (found["before"]["numerator"], found["before"]["denominator"]) == (20, 40)
    assert found["change"] == -0.5
    assert found["distinguishable"] is True
    assert found["largest"] == {"stratum": "1", "effect": "rate", "value": pytest.approx(-0.25)}
    assert [term["stratum"] for term in found["terms"]] == ["1", "2-3"]
    assert found["terms"][0]["list"] == "/customers?set=lost&window=30d&tenure=1"
    assert found["restated"] is None
    assert (found["before"]["at"], found["after"]["at"]) == ("2026-02-26T10:00:00Z", "2026-03-05T10:00:00Z")


async def test_pages_of_a_task_add_up(monkeypatch):
    async with worker().served() as session:
        whole = await explained(session)
        monkeypatch.setattr(strata_scan, "PAGE_SECONDS", 0.0)
        monkeypatch.setattr(strata_scan, "_BATCH", 3)
        assert await explained(session) == whole


async def test_any_worker_answers_for_the_tasks_of_others():
    one, other = worker([0, 2]), worker([1])
    one.tasks[0].partition.published.record(NOW - 7 * DAY - HOUR, {SERIES: PublishedRatio(10, 40)})
    async with one.served("t") as session, other.served("t") as second:
        one.addresses = other.addresses = {0: one.address, 1: other.address, 2: one.address}
        auth = {"Authorization": "Bearer t"}
        found = await explained(session, **auth)
        assert await explained(second, **auth) == found
    assert found["before"]["denominator"] == 40
    assert found["restated"] == {
        "at": "2026-02-26T09:00:00Z",
        "published": 0.25,
        "known_now": 0.5,
        "difference": 0.25,
    }


@pytest.mark.parametrize(
    ("changed", "is_restated"), [({"windows": ("30d",)}, True), ({"horizon_days": 900}, False)]
)
async def test_value_by_other_definitions_is_not_called_late_data(changed, is_restated):
    """Another list of windows changes no published value of this one."""
    present, former = worker(), Definitions(**changed)
    hashes = {"retention_churn_ratio": hash_behind("retention_churn_ratio", former)}
    present.tasks[0].partition.published.record(NOW - 7 * DAY, {SERIES: PublishedRatio(10, 40)}, hashes)
    async with present.served() as session:
        assert bool((await explained(session))["restated"]) == is_restated


@pytest.mark.parametrize(
    "query",
    [
        "metric=retention_churn_ratio&window=7d",
        "metric=retention_rate_ratio&window=7d",
        "metric=retention_rate_ratio&window=30d&segment=first",
        "metric=retention_sla_breach_ratio&window=24h&sla=first_response",
        "metric=retention_sla_breach_ratio&window=24h&sla=first_response&by=channel",
        "metric=retention_refund_ratio&window=7d",
        "metric=retention_refund_ratio&window=7d&basis=full&segment=first",
        "metric=retention_refund_ratio&window=7d&basis=value&segment=coupon",
    ],
)
async def test_lists_are_as_long_as_the_numerators_of_their_terms(query):
    segments = (
        Segment(name="first", origin="first_channel", values=("web", "app")),
        Segment(name="coupon", origin="coupon", values=("SPRING",)),
    )
    worker = Worker(definitions=Definitions(segments=segments))
    for number, name in enumerate(NAMES):
        for task in worker.tasks.values():
            if task.shop.partition.customer(name.encode()).facts.orders:
                task.shop.order("o0", NOW - 60 * DAY, customer=name, channel="app" if number % 3 else "web")
                task.shop.order("o9", NOW - 9 * DAY, customer=name)
                if number % 2:
                    task.shop.process(claims.Cancelled, "o1", NOW - HOUR, customer=name)
                else:
                    paid = 1000 if number % 4 else 500
                    task.shop.process(claims.Completed, "r1", NOW - HOUR, "o1", paid, customer=name)
    listed = expected = 0
    async with worker.served() as session:
        found = await explained(session, f"/explain?{query}")
        for term in found["terms"]:
            page = await explained(session, f"{term['list']}&limit=1000")
            listed += len(page["items"])
            expected += (term["after"] or 0) * term["after_number"]
    is_of_money = "basis=value" in query
    assert listed == 20 if is_of_money else listed == pytest.approx(expected)
    assert expected > 0


async def test_csv_has_a_line_for_each_stratum():
    async with worker().served() as session:
        status, headers, body = await get(session, f"{PATH}&format=csv")
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "text/csv")
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert [row["stratum"] for row in rows] == ["1", "2-3"]


@pytest.mark.parametrize(
    ("query", "parameter", "detail"),
    [
        ("metric=retention_nps&window=30d", "metric", "expected one of retention_churn_ratio"),
        ("metric=retention_churn_ratio&window=1h", "window", "expected one of 7d, 30d"),
        ("metric=retention_churn_ratio&window=30d&against=2w", "against", "expected one of 1w, 4w"),
        ("metric=retention_churn_ratio&window=30d&by=channel", "by", "expected one of tenure"),
        ("metric=retention_churn_ratio&window=30d&segment=country", "segment", "no such segment"),
        ("metric=retention_churn_ratio", "window", "a window of the metric, such as `30d`"),
        ("metric=retention_churn_ratio&window=30d&segment=", "segment", "no such segment"),
        ("metric=retention_churn_ratio&window=30d&sla=resolution", "sla", "is only valid for"),
        ("metric=retention_sla_breach_ratio&window=1h", "sla", "requires `sla`: one of first_response"),
        ("metric=retention_sla_breach_ratio&window=1h&sla=promise&segment=country", "segment", "use `by`"),
        ("metric=retention_sla_breach_ratio&window=1h&sla=next_response", "sla", "expected one of first"),
        ("metric=retention_sla_breach_ratio&window=1h&sla=promise&by=team", "by", "requires `teams`"),
        ("metric=retention_churn_ratio&window=30d&basis=value", "basis", "is only valid for"),
    ],
)
async def test_invalid_parameter_is_named(session, query, parameter, detail):
    status, _, body = await get(session, f"/explain?{query}")
    problem = json.loads(body)
    assert (status, problem["parameter"]) == (400, parameter)
    assert detail in problem["detail"]
