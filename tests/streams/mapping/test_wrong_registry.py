"""Wrong answers of a schema registry are described, and end the worker after a time."""

import asyncio
import gzip
import json

import pytest

from streams.config.schema_registry import RegistryAccess
from streams.mapping import schema_registry, schema_registry_client
from streams.mapping.schema_registry import RegistryUnavailable, RegistryWrong, SchemaRegistry
from streams.secret import Secret
from tests.support.registry_server import AUTH, framed

REDIRECT = {"status": 302, "headers": {"Location": "https://me:secret@login.example/in?token=secret"}}
ORDER = {"type": "record", "name": "Order", "fields": [{"name": "customer", "type": "Customer"}]}
CUSTOMER = {"type": "record", "name": "Customer", "fields": [{"name": "id", "type": "long"}]}
VALUE = framed(7, b"\x02")


@pytest.fixture
def registry(server):
    return SchemaRegistry(RegistryAccess(url=server.url, auth=Secret(AUTH)))


def offer(server, *, of_customer=()):
    """Offer the schema 7, which imports the customer's."""
    references = [{"name": "Customer", "subject": "customer", "version": 1}]
    server.schemas[7] = {"schema": json.dumps(ORDER), "references": references}
    server.subjects["customer", "1"] = {"schema": json.dumps(CUSTOMER), "references": list(of_customer)}


async def refusal(registry):
    """Return the message with which a value of the schema 7 is refused."""
    await asyncio.wait_for(registry.fetch("avro", [VALUE]), 10)
    with pytest.raises(ValueError, match="schema 7") as refused:
        registry.decode("avro", VALUE)
    return str(refused.value)


async def test_redirect_names_its_target_without_secrets(server, registry):
    server.answer, server.status, server.headers = "", 302, REDIRECT["headers"]
    with pytest.raises(RegistryWrong) as wrong:
        await registry.fetch("avro", [VALUE])
    assert "responds wrongly: HTTP 302, a redirect to https://me:***@login.example/in" in wrong.value.message
    assert "not available" not in str(wrong.value)
    assert "secret" not in str(wrong.value)


async def test_wrong_answers_end_the_wait_after_a_minute(server, registry, monkeypatch):
    monkeypatch.setattr(schema_registry, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(schema_registry, "_PATIENCE_SECONDS", 0.05)
    server.answer = "<html>"
    with pytest.raises(RegistryWrong, match="its answer holds no schema"):
        await asyncio.wait_for(registry.fetch_with_retries("avro", [VALUE], lambda: True), 10)


async def test_registry_that_is_down_is_waited_for(server, registry, monkeypatch):
    monkeypatch.setattr(schema_registry, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(schema_registry, "_PATIENCE_SECONDS", 0.0)
    server.refusing = True
    wait = registry.fetch_with_retries("avro", [VALUE], lambda: len(server.requests) < 10)
    await asyncio.wait_for(wait, 10)
    assert len(server.requests) >= 10


async def test_wrong_answer_about_one_schema_rejects_its_records(server, registry):
    server.schemas[7] = REDIRECT
    assert "schema 7 cannot be read: HTTP 302, a redirect to" in await refusal(registry)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_busy_or_closed_registry_is_not_called_wrong(server, registry, status):
    server.answer, server.status = "", status
    with pytest.raises(RegistryUnavailable, match=f"HTTP {status}") as unavailable:
        await registry.fetch("avro", [VALUE])
    assert not isinstance(unavailable.value, RegistryWrong)


@pytest.mark.parametrize("subject", ["customer", "order"])
async def test_schema_that_imports_itself_is_refused(server, registry, subject):
    offer(server, of_customer=[{"name": "Order", "subject": subject, "version": 1}])
    back = [{"name": "Back", "subject": "customer", "version": 1}]
    server.subjects["order", "1"] = {"schema": json.dumps(ORDER), "references": back}
    assert "schema 7 cannot be used: customer version 1 imports itself" in await refusal(registry)
    assert len(server.requests) <= 3


async def test_schema_with_too_many_imports_is_refused(server, registry, monkeypatch):
    monkeypatch.setattr(schema_registry, "_MOST_IMPORTS", 3)
    offer(server, of_customer=[{"name": f"R{n}", "subject": "leaf", "version": n} for n in range(5)])
    for version in range(5):
        leaf = CUSTOMER | {"name": f"R{version}"}
        server.subjects["leaf", str(version)] = {"schema": json.dumps(leaf)}
    assert "it imports more than 3 others" in await refusal(registry)


async def test_imports_shared_by_two_schemas_are_no_circle(server, registry):
    leaf = {"name": "Leaf", "subject": "leaf", "version": 1}
    offer(server, of_customer=[leaf])
    server.schemas[7]["references"].append(leaf | {"name": "Leaf2"})
    server.subjects["leaf", "1"] = {"schema": '"long"'}
    await registry.fetch("avro", [VALUE])
    assert registry.decode("avro", VALUE) == {"customer": {"id": 1}}


@pytest.mark.parametrize("packed", [False, True])
async def test_endless_answer_is_refused(server, registry, monkeypatch, packed):
    monkeypatch.setattr(schema_registry_client, "_MOST_BYTES", 1024 * 1024)
    body = b" " * 3_000_000
    headers = {"Content-Encoding": "gzip"} if packed else {}
    server.schemas[7] = {"status": 200, "headers": headers, "body": gzip.compress(body) if packed else body}
    assert "its answer has more than 1 MiB" in await refusal(registry)


async def test_invalid_gzip_of_a_registry_is_an_outage(server, registry):
    server.schemas[7] = {"status": 200, "headers": {"Content-Encoding": "gzip"}, "body": b"no gzip"}
    with pytest.raises(RegistryUnavailable):
        await registry.fetch("avro", [VALUE])
