"""Schemas are fetched once, from a real HTTP server that speaks the registry's API."""

import asyncio
import json
import time

import pytest

from streams.mapping import schema_registry
from streams.mapping.schema_registry import RegistryUnavailable
from tests.support.mappings import mapping_reader
from tests.support.registry_schemas import (
    AT,
    MAPPING,
    ROW,
    avro,
    offer_avro,
    offer_protobuf,
    protobuf,
    reader,
)
from tests.support.registry_server import framed


async def test_protobuf_is_decoded_by_the_registrys_descriptor(server):
    offer_protobuf(server)
    mapped = reader(server, "protobuf")
    second_message = b"\x02\x02"  # one index, 1: both as zigzag
    value = framed(9, protobuf(id=5, currency="EUR", channel=1), second_message)
    await mapped.prepare([value, None])
    assert server.requests == [
        "/schemas/ids/9?format=serialized",
        "/subjects/common/versions/1?deleted=false&format=serialized",
    ]
    [event] = mapped.map_record(value).events
    assert (event.order_id, event.customer_id, event.time, event.amount, event.channel) == (
        "5",
        "7",
        AT,
        1999,
        "store",
    )
    bare = mapped.map_record(framed(9, protobuf(id=5), second_message))  # proto3 cannot tell "" from nothing
    assert "currency is missing" in bare.errors[0].message


async def test_json_needs_no_registry(server):
    mapped = mapping_reader(MAPPING.format(form="json-schema"))
    row = {
        "id": "a",
        "customer": {"id": 7},
        "created": "2024-05-01T10:00:00Z",
        "total": 19.99,
        "currency": "EUR",
    }
    for value in (framed(1, json.dumps(row).encode()), json.dumps(row).encode()):
        assert mapped.map_record(value).events[0].amount == 1999
    assert server.requests == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"id": 1}', "is not avro in the schema registry's framing"),
        (b"\0\0\0", "is not avro in the schema registry's framing"),
        (framed(8, b""), "schema 8 is not in the registry"),
        (framed(9, b""), "schema 9 is PROTOBUF, not avro"),
        (framed(6, b""), "schema 6 cannot be used"),
        (framed(7, b"\xff"), "is not avro of schema 7"),
    ],
)
async def test_undecodable_value_is_a_dead_letter(server, value, expected):
    offer_avro(server)
    offer_protobuf(server)
    server.schemas[6] = {"schema": '{"type": "recrod"}'}
    mapped = reader(server, "avro")
    await mapped.prepare([value])
    [error] = mapped.map_record(value).errors
    assert error.reason == "not_json"
    assert error.message.startswith(f"mapping m: {expected}")


async def test_broken_schema_is_logged_in_one_line(server, caplog):
    """Commands log to the terminal too, where a traceback looks like a defect."""
    offer_avro(server)
    server.schemas[6] = {"schema": '{"\n\u001b[2J'}
    await reader(server, "avro").prepare([framed(6, b"")])
    [line] = [one for one in caplog.records if "schema 6" in one.getMessage()]
    assert line.exc_info is None
    assert line.getMessage().startswith("schema 6 cannot be used: JSONDecodeError: ")
    assert line.getMessage().isprintable()


async def test_ids_without_a_schema_take_no_memory_for_good(server, monkeypatch):
    """Any producer can write four billion of them; a record still gets the error of its own id."""
    monkeypatch.setattr(schema_registry, "_MOST_UNUSABLE", 10)
    offer_avro(server)
    mapped = reader(server, "avro")
    value = framed(7, avro(ROW))
    await mapped.prepare([value])
    for first in range(100, 160, 20):
        unknown = [framed(number, b"") for number in range(first, first + 20)]
        await mapped.prepare(unknown)
        assert all(mapped.map_record(one).errors for one in unknown)
    await mapped.prepare([value])
    assert len(mapped._registry._decoders) <= 1 + 2 * 20
    assert mapped.map_record(value).events


async def test_id_that_another_task_dropped_rejects_its_record(server, monkeypatch):
    """Two tasks share the registry: one maps a record after the other has fetched schemas."""
    monkeypatch.setattr(schema_registry, "_MOST_UNUSABLE", 1)
    mapped = reader(server, "avro")
    await mapped.prepare([framed(1, b""), framed(2, b"")])
    await mapped.prepare([framed(3, b"")])
    [error] = mapped.map_record(framed(1, b"")).errors
    assert error.reason == "not_json"


async def test_unavailable_registry_is_waited_for(server):
    offer_avro(server)
    value = framed(7, avro(ROW))
    server.refusing = True
    mapped = reader(server, "avro")
    with pytest.raises(RegistryUnavailable, match="HTTP 503"):
        await mapped.prepare([value])
    waiting = asyncio.create_task(mapped.prepare([value], lambda: True))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    server.refusing = False
    await asyncio.wait_for(waiting, 10)
    assert mapped.map_record(value).events
    await reader(server, "avro").prepare([value], lambda: False)  # its task has another owner by now


async def test_schema_with_tags_and_rules_is_accepted(server):
    """Confluent's data contracts: a reader ignores their fields other than the schema."""
    offer_avro(server)
    contract = {
        "metadata": {"tags": {"**.id": ["PII"]}, "properties": {"owner": "shop"}, "sensitive": ["owner"]},
        "ruleSet": {"domainRules": [{"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL"}]},
    }
    server.schemas[7] |= contract
    server.subjects["customer", "3"] |= contract
    mapped = reader(server, "avro")
    value = framed(7, avro(ROW))
    await mapped.prepare([value])
    assert mapped.map_record(value).events


@pytest.mark.parametrize("answer", ["<html>", "[]", "{}", "null", '{"schema": 5}', ""])
@pytest.mark.parametrize("status", [200, 404])
async def test_response_of_another_server_makes_no_dead_letters(server, answer, status):
    """A page at a wrong address has no schemas: records must not become dead letters of it."""
    server.answer, server.status = answer, status
    with pytest.raises(RegistryUnavailable):
        await reader(server, "avro").prepare([framed(7, b"")])


async def test_unreachable_registry_is_logged_every_ten_seconds(server, caplog, monkeypatch):
    monkeypatch.setattr("streams.mapping.schema_registry._RETRY_SECONDS", 0.01)
    server.refusing = True
    mapped, values = reader(server, "avro"), [framed(7, b"")]
    until = time.monotonic() + 10
    await mapped.prepare(values, lambda: len(server.requests) < 5 and time.monotonic() < until)
    [reported] = [record for record in caplog.records if record.name == "streams.mapping.schema_registry"]
    assert reported.getMessage().endswith("trying again")
