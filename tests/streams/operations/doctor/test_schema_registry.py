"""The doctor asks the schema registry."""

import pytest

from streams.config.load import load
from streams.operations import doctor
from tests.support.registry_server import AUTH, RegistryServer


@pytest.fixture
async def server():
    async with RegistryServer() as running:
        yield running


async def findings(environ):
    return [one async for one in doctor.schema_registry.findings(load(environ=environ))]


@pytest.mark.parametrize(
    ("auth", "level", "expected"),
    [(AUTH, "ok", " answers"), ("me:no", "fail", "HTTP 401"), (None, "fail", "401")],
)
async def test_doctor_reports_whether_the_registry_grants_access(server, auth, level, expected):
    environ = {"RETENTION_SCHEMA_REGISTRY": server.url, "RETENTION_SCHEMA_REGISTRY_AUTH": auth or ""}
    [finding] = await findings(environ)
    assert (finding.level, expected in finding.what) == (level, True)
    assert await findings({}) == []


async def test_doctor_reports_a_redirect_without_secrets(server):
    location = "https://me:secret@login.example/in?token=secret"
    server.answer, server.status, server.headers = "", 302, {"Location": location}
    environ = {"RETENTION_SCHEMA_REGISTRY": server.url, "RETENTION_SCHEMA_REGISTRY_AUTH": AUTH}
    [finding] = await findings(environ)
    assert finding.level == "fail"
    assert "a redirect to https://me:***@login.example/in" in finding.what
