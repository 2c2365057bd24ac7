"""The worker's HTTP server: probes, metrics, the live page, and how it stops."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.request import urlopen

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from yarl import URL

from streams.config.load import load
from streams.errors import PortInUse, RetentionError
from streams.http.live_page import metrics_view
from streams.http.server import Server
from streams.kafka.topics import INPUTS, Names
from streams.local.ports import free_port
from streams.service import prepare_topics
from streams.worker.build import build_worker
from tests.support.http_server import status_of
from tests.support.kafka_calls import producer

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def settings_of(bootstrap, group, **more):
    flags = {"broker": bootstrap, "group": group, "partitions": 2, "clock": "event", "port": free_port()}
    return load(flags | {"topic_prefix": group} | more, {})  # the derived topics belong to one group


def built(settings):
    """Return a worker that is not started."""
    derived = Names.of(settings)
    names = (*INPUTS, *Names(settings.group).internal, *derived.derived, derived.dead_letters)
    return build_worker(settings, dict.fromkeys(names, 2))


@asynccontextmanager
async def served(worker, settings):
    server = Server(worker, settings.host, settings.port)
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://{settings.host}:{settings.port}") as session:
            yield session
    finally:
        await server.stop()


@pytest.fixture
def settings(unique):
    """Return settings of a worker that is built and not started."""
    return settings_of("127.0.0.1:1", unique)


@pytest.fixture
async def idle(settings):
    async with served(built(settings), settings) as session:
        yield session


async def get(session, path, **headers):
    async with session.get(path, headers=headers) as response:
        return response.status, response.headers["Content-Type"], await response.text()


async def test_metrics_are_plain_text_with_an_invalid_accept_header(idle):
    accepted = "text/plain;version=1.x;=;;,application/openmetrics-text;version=0.x"
    status, content_type, _ = await get(idle, "/metrics", Accept=accepted)
    assert status == 200
    assert content_type.startswith("text/plain")


async def test_metrics_are_plain_text_by_default(idle):
    status, content_type, text = await get(idle, "/metrics")
    assert status == 200
    assert content_type.startswith("text/plain")
    names = {family.name for family in parse(text)}
    assert {"retention_worker_info", "retention_worker_events", "process_cpu_seconds", "python_info"} <= names


async def test_metrics_are_open_metrics_on_request(idle):
    status, content_type, text = await get(idle, "/metrics", Accept=OPENMETRICS)
    assert status == 200
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")
    assert "retention_worker" in {family.name for family in parse_openmetrics(text)}


async def test_worker_without_assignment_is_live_and_not_ready(idle):
    assert (await get(idle, "/live"))[0] == 200
    status, _, text = await get(idle, "/ready")
    assert status == 503
    ready = json.loads(text)
    assert (ready["ready"], ready["tasks"]) == (False, 0)


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/customer", 404, "unknown path /customer; did you mean /customers?"),
        ("GET", "/nowhere", 404, "unknown path /nowhere (see /openapi.json)"),
        (
            "GET",
            "/customers/a%2Fb/",
            404,
            "unknown path /customers/a%2Fb/; remove the slash at the end: /customers/a%2Fb",
        ),
        (
            "POST",
            "/tickets",
            405,
            "method POST is not allowed here; use GET, HEAD (see /openapi.json)",
        ),
        (
            "GET",
            "/metrics.json?metric=retention_churn_rato",
            400,
            "unknown metric 'retention_churn_rato'; did you mean retention_churn_ratio",
        ),
        ("GET", "/metrics.json?metric=nonesuch", 400, "unknown metric 'nonesuch'"),
        ("GET", "/metrics.json?window=8d", 400, "`window` is '8d': expected one of 1h, 24h, 7d"),
        ("GET", "/metrics.json?name=x", 400, "unknown parameter `name`; known here: exact, format"),
    ],
)
async def test_error_is_a_problem_in_json(idle, method, path, status, detail):
    async with idle.request(method, URL(path, encoded=True)) as response:
        problem = json.loads(await response.read())
        assert (response.status, response.content_type) == (status, "application/problem+json")
    assert problem["status"] == status
    assert problem["detail"].startswith(detail)
    assert status != 405 or response.headers["Allow"] == "GET, HEAD"


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("path", ["/customers/çelik", "http://[/"])
async def test_invalid_url_is_rejected_and_not_logged(settings, caplog, path):
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.0 400 ")
    # There is no broker, which the view of the metrics says whenever it gets to it.
    assert [each for each in caplog.records if each.name != metrics_view.__name__] == []


EXPLAIN = "/explain?metric=retention_churn_ratio&window=30d"
PRIVATE = ("/customers", "/customers/c-1", "/customers/c-1/why", "/tickets", "/orders?overdue", EXPLAIN)
PAGES = ("/", "/page/page.js", "/metrics.json", "/openapi.json", "/nowhere")
#: Programs reach these by any name, such as Prometheus by the name of a container.
PROBES = ("/metrics", "/live", "/ready")


async def statuses(session, paths, **headers):
    return {path: (await get(session, path, **headers))[0] for path in paths}


async def test_page_of_another_site_reads_nothing(idle):
    """DNS rebinding: the name of the other site has the worker's address now."""
    found = await statuses(idle, (*PRIVATE, *PAGES, "/stream"), Host="rebound.example.net:6066")
    assert set(found.values()) == {421}
    assert 421 not in (await statuses(idle, PROBES, Host="worker:6066")).values()


@pytest.mark.parametrize("host", ["localhost:6066", "127.0.0.1", "[::1]:80", "192.0.2.7:80", "LOCALHOST."])
async def test_worker_serves_its_own_addresses(idle, host):
    assert 421 not in (await statuses(idle, PRIVATE, Host=host)).values()


async def test_setting_adds_served_hosts(unique):
    settings = settings_of("127.0.0.1:1", unique, hosts="retention.example.com,*.svc", advertise="one:7000")
    async with served(built(settings), settings) as session:
        for host in ("retention.example.com", "retention.shop.svc:6066", "one:7000"):
            assert (await get(session, "/", Host=host))[0] == 200
        assert (await get(session, "/", Host="svc"))[0] == 421


async def test_request_with_the_token_may_have_any_host(unique):
    settings = settings_of("127.0.0.1:1", unique, token="s3cret")
    async with served(built(settings), settings) as session:
        found = await statuses(session, PRIVATE, Host="proxy.example.com", Authorization="Bearer s3cret")
        assert set(found.values()) == {503}, "no task runs"
        assert set((await statuses(session, PAGES[:2], Host="proxy.example.com")).values()) == {421}


@pytest.mark.parametrize(
    ("flags", "refused"),
    [({}, True), ({"open": "true"}, False), ({"token": "t"}, False), ({"host": "127.0.0.1"}, False)],
)
async def test_exposed_worker_without_a_token_refuses_customers(unique, caplog, flags, refused):
    settings = settings_of("127.0.0.1:1", unique, **({"host": "0.0.0.0"} | flags))
    async with served(built(settings), settings) as session:
        found = await statuses(session, PRIVATE, Authorization="Bearer t")
        assert set(found.values()) == {403 if refused else 503}
        assert set((await statuses(session, (*PAGES[:2], "/metrics"))).values()) == {200}
        cohorts = await statuses(session, ("/cohorts", "/cohorts?segment=a:b"), Authorization="Bearer t")
        assert [*cohorts.values()] == [404, 403 if refused else 404]
        _, _, text = await get(session, "/customers", Authorization="Bearer t")
    assert refused == ("RETENTION_TOKEN" in json.loads(text)["detail"])
    warned = [record.getMessage() for record in caplog.records if "no token is set" in record.getMessage()]
    assert len(warned) == (settings.host == "0.0.0.0" and settings.token is None)


async def test_setting_limits_the_connections_of_an_address(unique):
    settings = settings_of("127.0.0.1:1", unique, connections_per_address="1")
    async with served(built(settings), settings) as session:
        assert (await get(session, "/"))[0] == 200  # and the connection stays open
        assert await status_of(f"http://127.0.0.1:{settings.port}", "/") == 503


async def test_request_with_a_body_is_refused(idle):
    async with idle.get("/metrics", data=b"x") as response:
        assert response.status == 413
    async with idle.post("/metrics", data=b"x") as response:
        assert response.status == 405


async def test_port_in_use_is_explained(settings):
    worker = build_worker(settings, {})
    reported = pytest.raises(PortInUse, match=f"port {settings.port} of 127.0.0.1 is in use")
    with socket.create_server((settings.host, settings.port)), reported as caught:
        await Server(worker, settings.host, settings.port).start()
    assert "RETENTION_PORT" in caught.value.hint


async def test_probe_port_in_use_frees_the_other_port(unique):
    settings = settings_of("127.0.0.1:1", unique, probe_port=free_port())
    reported = pytest.raises(PortInUse, match=f"port {settings.probe_port} of 127.0.0.1 is in use")
    with socket.create_server((settings.host, settings.probe_port)), reported as caught:
        await Server(build_worker(settings, {}), settings.host, settings.port).start()
    assert "RETENTION_PROBE_PORT" in caught.value.hint
    socket.create_server((settings.host, settings.port)).close()


async def test_probe_port_responds_while_the_loop_is_blocked(unique):
    settings = settings_of("127.0.0.1:1", unique, probe_port=free_port())
    async with served(built(settings), settings):
        # The request blocks the event loop of the worker.
        with urlopen(f"http://127.0.0.1:{settings.probe_port}/live", timeout=5) as response:  # noqa: ASYNC210
            assert json.load(response) == {"live": True}


@pytest.mark.parametrize(
    ("host", "expected"), [("192.0.2.1", "cannot be bound"), ("nowhere.invalid", "cannot be found")]
)
async def test_foreign_host_is_explained(settings, host, expected):
    with pytest.raises(RetentionError, match=f"{host} {expected}"):
        await Server(build_worker(settings, {}), host, settings.port).start()


async def test_port_is_free_after_a_stop(settings):
    worker = build_worker(settings, {})
    for _ in range(2):
        async with served(worker, settings) as session:
            assert (await get(session, "/live"))[0] == 200


@asynccontextmanager
async def running(bootstrap, group):
    """Run a whole worker in this process."""
    settings = settings_of(bootstrap, group)
    worker = build_worker(settings, await prepare_topics(settings))
    async with served(worker, settings) as session:
        await worker.app.start()
        try:
            yield session
        finally:
            await worker.app.stop()


async def until(session, path, condition):
    """Return the first response that satisfies the condition."""
    async with asyncio.timeout(40):
        while True:
            answer = await get(session, path)
            if condition(answer):
                return answer
            await asyncio.sleep(0.1)


async def test_worker_is_ready_once_its_tasks_are_caught_up(kafka, unique):
    # Of now, because other tests have sent events to the same topics, and the latest one sets the clock.
    order = {
        "id": unique,
        "type": "order.placed",
        "time": datetime.now(UTC).isoformat(),
        "customer_id": unique,
        "order_id": "o1",
        "amount": 1,
        "currency": "USD",
    }
    async with running(kafka, unique) as session:
        _, _, text = await until(session, "/ready", lambda answer: answer[0] == 200)
        assert json.loads(text) == {"ready": True, "kafka": True, "tasks": 2, "restoring": 0}
        async with producer(kafka) as sender:
            await sender.send_and_wait("orders", json.dumps(order).encode())
        counted = 'retention_customers{set="end",window="7d"}'
        _, _, text = await until(
            session,
            "/metrics",
            lambda answer: counted in answer[2] and "retention_caught_up 1.0" in answer[2],
        )
        _, _, text = await until(session, "/metrics", lambda answer: f"{counted} 0.0" not in answer[2])
        assert 'retention_worker_events_total{topic="orders"}' in text
