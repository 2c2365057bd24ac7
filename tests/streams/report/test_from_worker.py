"""Test the report of a worker's real answers."""

import time
from datetime import UTC, datetime

import msgspec
import pytest
from aiohttp import web

from models.contract.messages import ClosedPeriod
from models.metrics.catalogue import samples_of
from models.metrics.samples import Sample
from streams.errors import RetentionError
from streams.local.ports import free_port
from streams.operations.worker_api import RequestRefused, WorkerUnavailable
from streams.report import content, text_form
from streams.report.from_worker import Worker, material_of
from streams.rollup.publisher import AS_OF, series_value
from streams.secret import Secret
from tests.support import api_worker
from tests.support.partitions import DAY, NOW
from tests.support.reports import PERIODS

TOKEN = "a token of the workers"


def worker(definitions=None):
    """Return a worker of 40 customers: a week ago half of them had stayed, and now all of 20."""
    found = api_worker.Worker(definitions=definitions)
    for number, name in enumerate(api_worker.NAMES):
        for task in found.tasks.values():
            if task.shop.partition.customer(name.encode()).facts.orders:
                task.shop.order("o3", NOW - 17 * DAY, customer=name)
                if number % 2:
                    task.shop.order("o4", NOW - 10 * DAY, customer=name)
    return found


def metrics(found, status=200, further=()):
    """Return the route of the worker's numbers, and of further samples."""

    async def respond(_):
        samples = [*samples_of(found.totals()), Sample(AS_OF, {}, NOW / 1e6), *further]
        body = msgspec.json.encode([series_value(sample, NOW) for sample in samples])
        return web.Response(body=body, status=status)

    return [web.get("/metrics.json", respond)]


async def report(found, period="week", further=(), **served):
    token = served.get("token")
    async with found.served(routes=metrics(found, further=further), **served):
        running = Worker(found.address, token and Secret(token))
        material = await material_of(running, period, None)
    return content.make(material, content.subject_of(material.source.now, period))


async def test_report_has_the_numbers_and_why_they_moved():
    found = await report(worker())
    [explanation] = found.explanations
    assert explanation.title == "customers who stayed"
    assert explanation.sentences[0].startswith(
        "100.0 % in the last 7 days, 50.0 % a week before: +50.0 points"
    )
    stayed = found.sections[0].figures[0]
    assert (stayed.value, stayed.earlier, stayed.judgement) == ("100.0 %", "50.0 %", "good")
    assert not [notice for notice in found.notices if "unknown" in notice]


async def test_parts_of_an_explained_ratio_are_compared_too():
    found = await report(worker())
    figures = {figure.title: figure for figure in found.sections[0].figures}
    assert (figures["Retained"].earlier, figures["Lost"].earlier) == ("20", "20")


async def test_number_that_a_worker_cannot_compare_says_so():
    found = await report(worker())
    figures = {figure.title: figure for figure in found.sections[0].figures}
    assert figures["Active customers"].change == "not compared"
    assert found.remark.startswith("A worker has windows as of now only; with RETENTION_PROMETHEUS")
    assert found.remark in " ".join(text_form.write(found).split())


def alert(name, severity):
    labels = {"alertname": name, "severity": severity}
    return {"state": "firing", "labels": labels, "annotations": {}, "activeAt": "2026-03-05T09:00:00Z"}


async def test_values_and_alerts_of_prometheus_are_reported():
    found = worker()
    series = {"__name__": "retention_customers", "job": "retention", "window": "7d", "set": "end"}
    answers = {
        "/api/v1/alerts": {"alerts": [alert("Watchdog", "none"), alert("RetentionChurnRising", "warning")]},
        "/api/v1/query": {"result": [{"metric": series, "value": [0.0, "10"]}]},
    }

    async def respond(request):
        return web.json_response({"data": answers[request.path]})

    routes = [*metrics(found), *(web.get(path, respond) for path in answers)]
    async with found.served(routes=routes):
        material = await material_of(Worker(found.address, None), "week", found.address)
    made = content.make(material, content.subject_of(material.source.now, "week"))
    figures = {figure.title: figure for section in made.sections for figure in section.figures}
    assert [one.summary for one in made.needs_attention] == ["RetentionChurnRising"]
    assert figures["Active customers"].earlier == "10"
    assert figures["Retained"].earlier == "20"  # as known now, which /explain has
    assert figures["Orders"].change == "not compared"
    assert made.remark == (
        "Compared with what was published a week before, without later corrections. "
        "Of numbers that are not compared, Prometheus has no value a week before."
    )


async def test_report_of_a_period_with_a_token():
    found = await report(worker(PERIODS), "2026-02", token=TOKEN)
    assert found.title == "February 2026"
    assert "Net revenue" in text_form.write(found)


@pytest.mark.parametrize(("is_known", "at"), [(True, " on 4 March 2026, 12:00 UTC"), (False, "")])
async def test_close_of_a_changed_period_is_named(is_known, at):
    found = worker(PERIODS)
    frozen = {"kind": "month", "period": "2026-02", "basis": "as_closed"}
    if is_known:
        found.versions = [version_of("2026-02", datetime(2026, 3, 4, 12, tzinfo=UTC))]
    made = await report(found, "2026-02", further=[Sample("retention_period_orders", frozen, 7)])
    assert made.restated.sentence.startswith(f"February 2026 was closed{at} with other values: orders 7 (now")


def version_of(period, closed):
    """Return the first frozen version of a month."""
    return ClosedPeriod(
        group="shop", kind="month", period=period, version=1, begin=closed, end=closed, closed=closed,
        release="1", definitions="", first_start=False, because=None, changes={}, values=[],
    )  # fmt: skip


async def test_old_numbers_have_a_notice():
    assert time.time() > NOW / 1e6
    assert any(
        notice.startswith("These numbers are of 5 March 2026, 10:00 UTC")
        for notice in (await report(worker())).notices
    )


async def test_report_without_explanations_has_a_notice():
    found = worker()
    for task in found.tasks.values():
        task.caught_up = False
    made = await report(found)
    assert made.explanations == []
    assert any(notice.startswith("Why numbers moved is unknown") for notice in made.notices)


async def test_missing_token_is_an_error():
    found = worker()
    async with found.served(token=TOKEN, routes=metrics(found)):
        with pytest.raises(RequestRefused):
            await material_of(Worker(found.address, None), "week", None)


async def test_worker_that_is_not_ready_is_unavailable():
    found = worker()
    async with found.served(routes=metrics(found, status=503)):
        with pytest.raises(WorkerUnavailable):
            await material_of(Worker(found.address, None), "week", None)


async def test_address_without_a_worker_is_unavailable():
    with pytest.raises(WorkerUnavailable) as raised:
        await material_of(Worker(f"http://127.0.0.1:{free_port()}", None), "week", None)
    assert raised.value.exit_code == 3


async def test_worker_without_numbers_is_an_error():
    async def nothing(_):
        return web.Response(body=b"[]")

    found = worker()
    async with found.served(routes=[web.get("/metrics.json", nothing)]):
        with pytest.raises(RetentionError, match="no numbers yet"):
            await material_of(Worker(found.address, None), "week", None)


async def test_silent_prometheus_is_a_notice():
    found = worker()
    async with found.served(routes=metrics(found)):
        url = f"http://127.0.0.1:{free_port()}"
        material = await material_of(Worker(found.address, None), "week", url)
    assert material.alerts is None
    assert any("Prometheus does not respond" in notice for notice in material.notices)
