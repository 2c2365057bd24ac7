"""The routes of the live page, over HTTP."""

import asyncio
import csv
import io
import json
import re

import aiohttp
import pytest
from aiohttp import web

from models.definitions.definitions import Definitions
from streams.http.live_page import routes
from streams.http.live_page.listeners import Listeners
from streams.http.live_page.routes import LivePage
from tests.support.http_server import connect, listening
from tests.support.live_page import Worker, number, rate


@pytest.fixture
async def served(monkeypatch):
    monkeypatch.setattr(routes, "_UPDATE_SECONDS", 0.05)
    page = LivePage(Worker(), {"bootstrap_servers": "127.0.0.1:1"}, Definitions(), "event")
    app = web.Application()
    page.add_to(app)
    async with listening(app) as address, aiohttp.ClientSession(address) as session:
        yield page, session


async def events(response, count):
    found = []
    async with asyncio.timeout(10):
        while len(found) < count:
            line = (await response.content.readline()).decode()
            if line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            if line.startswith("data: "):
                found.append((name, json.loads(line.removeprefix("data: "))))
    return found


async def test_page_may_load_only_its_own_files(served):
    _, session = served
    async with session.get("/") as response:
        text = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?://", text) is None
    for path in re.findall(r'(?:src|href)="(/page/[^"]+)"', text):
        async with session.get(path) as response:
            assert response.status == 200, path
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/page/", "/page/../live_page.py", "/page/%2e%2e/live_page.py"])
async def test_unknown_path_is_not_found(served, path):
    _, session = served
    async with session.get(path) as response:
        assert response.status in {403, 404}


async def test_browser_gets_a_snapshot_and_then_changes(served):
    page, session = served
    async with session.get("/stream") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert [name for name, _ in await events(response, 2)] == ["update", "update"]
        page._metrics_view.series.apply([rate(0.5)])
        page._metrics_view.complete = True
        found = await events(response, 4)
        assert [name for name, _ in found].count("snapshot") == 1
        [snapshot] = [data for name, data in found if name == "snapshot"]
        assert snapshot["series"] == {'retention_rate_ratio{method="cohort",window="30d"}': [0.5, 2.0]}
        page._metrics_view.series.apply([rate(0.75)])
        later = await events(response, 2)
        assert [data["series"] for _, data in later if "series" in data] == [
            {'retention_rate_ratio{method="cohort",window="30d"}': [0.75, 2.0]}
        ]


async def test_head_of_the_stream_returns_at_once(served):
    """A response to HEAD would wait for a body that never ends."""
    page, session = served
    async with session.head("/stream") as response:
        assert response.status == 405
    assert not page._listeners


async def test_stop_ends_open_streams():
    page = LivePage(Worker(), {"bootstrap_servers": "127.0.0.1:1"}, Definitions(), "event")
    app = web.Application()
    page.add_to(app)
    async with aiohttp.ClientSession() as session, asyncio.timeout(4):
        async with listening(app) as address:
            response = await session.get(f"{address}/stream")
            await events(response, 1)
        await response.content.read()


async def test_stream_beyond_the_limit_is_unavailable(served):
    page, session = served
    page._listeners = Listeners(1)
    async with session.get("/stream") as first:
        await events(first, 1)
        async with session.get("/stream") as second:
            assert second.status == 503
    async with asyncio.timeout(5):
        while page._listeners:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)


async def test_listeners_that_never_read_do_not_lock_out_others(served):
    page, session = served
    page._listeners = Listeners(20)
    request = b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"
    held = [await connect(session._base_url, request, local="127.0.0.2") for _ in range(50)]
    async with asyncio.timeout(5):
        while len(page._listeners) < 20:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)
        async with session.get("/stream") as response:
            await events(response, 1)
    for _, writer in held:
        writer.close()


async def test_metrics_json_returns_all_series(served):
    page, session = served
    async with session.get("/metrics.json") as response:
        assert response.status == 503, "the topic has not been read yet"
    page._metrics_view.series.apply([rate(0.5)])
    page._metrics_view.complete = True
    for query, expected in (("", 1), ("?metric=retention_rate_ratio&window=30d", 1), ("?window=7d", 0)):
        async with session.get(f"/metrics.json{query}") as response:
            assert response.status == 200
            found = await response.json()
        assert [row["value"] for row in found] == [0.5] * expected
    async with session.get("/metrics.json", headers={"Accept": "text/csv"}) as response:
        assert response.content_type == "text/csv"
        [row] = csv.DictReader(io.StringIO(await response.text()))
    assert (row["metric"], row["value"]) == ("retention_rate_ratio", "0.5")
    assert json.loads(row["labels"])["window"] == "30d"


async def test_csv_of_metrics_has_no_formula(served):
    """A producer names experiments, and the spreadsheets of some countries separate cells by semicolons."""
    page, session = served
    shown = number("retention_experiment_rate_ratio", 0.5, 2, experiment="a;=1+1", variant="b", window="7d")
    page._metrics_view.series.apply([shown])
    page._metrics_view.complete = True
    async with session.get("/metrics.json?format=csv") as response:
        assert "a;'=1+1" in await response.text()
