"""Avro, Protobuf and JSON with a schema in a registry: asked of a real HTTP server that speaks its API."""

import asyncio
import base64
import importlib.util
import io
import json
import ssl
import time
import tomllib
from datetime import UTC, datetime
from decimal import Decimal

import fastavro
import pytest
import trustme
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

from streams.config.load import load as load_settings
from streams.config.schema_registry import RegistryAccess
from streams.mapping import schema_registry
from streams.mapping.mappings import load
from streams.mapping.schema_registry import RegistryUnavailable, SchemaRegistry
from streams.operations import doctor
from streams.secret import Secret
from tests.support.mappings import mapping_reader
from tests.support.registry_server import AUTH, RegistryServer, framed

MAPPING = """
[mappings.m]
format = "{form}"
customer_id = "customer.id"
[[mappings.m.events]]
type = "order.placed"
order_id = "id"
time = "created"
amount = {{ path = "total", money = "major" }}
currency = "currency"
channel = {{ path = "channel", lower = true }}
"""
AT = datetime(2024, 5, 1, 10, tzinfo=UTC)

CUSTOMER = {
    "type": "record",
    "name": "Customer",
    "namespace": "shop",
    "fields": [{"name": "id", "type": "long"}],
}
ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "customer", "type": ["null", "shop.Customer"]},
        {"name": "created", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "currency", "type": "string"},
        {"name": "channel", "type": {"type": "enum", "name": "Channel", "symbols": ["WEB", "STORE"]}},
    ],
}
ID = "0c8a9ad5-26ab-4a37-9d8b-2c0c59c0a2d5"
ROW = {
    "id": ID,
    "customer": {"id": 7},
    "created": AT,
    "total": Decimal("19.99"),
    "currency": "EUR",
    "channel": "WEB",
}


@pytest.fixture
async def server():
    async with RegistryServer() as running:
        yield running


def registry(url, auth=AUTH, **how):
    return SchemaRegistry(RegistryAccess(url=url, auth=auth and Secret(auth), **how))


def reader(server, form, auth=AUTH):
    document = tomllib.loads(MAPPING.format(form=form))
    return load(document, registry=registry(server.url + "/", auth)).reader("m")


def avro(row):
    schema = fastavro.parse_schema(ORDER, named_schemas={"shop.Customer": fastavro.parse_schema(CUSTOMER)})
    content = io.BytesIO()
    fastavro.schemaless_writer(content, schema, row)
    return content.getvalue()


def offer_avro(server):
    server.schemas[7] = {
        "schema": json.dumps(ORDER),
        "references": [{"name": "shop.Customer", "subject": "customer", "version": 3}],
    }
    server.subjects["customer", "3"] = {"subject": "customer", "version": 3, "schema": json.dumps(CUSTOMER)}


async def test_avro_with_references_and_logical_types_is_decoded(server):
    offer_avro(server)
    mapped = reader(server, "avro")
    values = [framed(7, avro(ROW)), framed(7, avro(ROW | {"customer": None}))]
    await mapped.prepare(values)
    await mapped.prepare(values)
    assert server.asked == ["/schemas/ids/7", "/subjects/customer/versions/3?deleted=false"], (
        "each is asked for once"
    )
    [event] = mapped.map_record(values[0]).events
    assert (event.order_id, event.customer_id, event.time, event.amount, event.channel) == (
        ID,
        "7",
        AT,
        1999,
        "web",
    )
    assert mapped.map_record(values[1]).anonymous


def descriptor():
    """shop.proto: an order with a customer, a time and a channel, behind another message; what it imports."""
    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    file.dependency.append("common.proto")
    kinds = descriptor_pb2.FieldDescriptorProto
    file.enum_type.add(name="Channel").value.add(name="WEB", number=0)
    file.enum_type[0].value.add(name="STORE", number=1)
    file.message_type.add(name="Unrelated").field.add(name="x", number=1, type=kinds.TYPE_STRING, label=1)
    order = file.message_type.add(name="Order")
    for number, (name, kind, type_name) in enumerate(
        [
            ("id", kinds.TYPE_INT64, ""),
            ("customer", kinds.TYPE_MESSAGE, ".common.Customer"),
            ("created", kinds.TYPE_MESSAGE, ".google.protobuf.Timestamp"),
            ("total", kinds.TYPE_STRING, ""),
            ("currency", kinds.TYPE_STRING, ""),
            ("channel", kinds.TYPE_ENUM, ".shop.Channel"),
        ],
        start=1,
    ):
        order.field.add(name=name, number=number, type=kind, type_name=type_name or None, label=1)
    common = descriptor_pb2.FileDescriptorProto(name="common.proto", package="common", syntax="proto3")
    common.message_type.add(name="Customer").field.add(name="id", number=1, type=kinds.TYPE_INT32, label=1)
    return file, common


def protobuf(**fields):
    file, common = descriptor()
    pool = descriptor_pool.DescriptorPool()
    known = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(known)
    for one in (known, common, file):
        pool.Add(one)
    order = message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))(total="19.99", **fields)
    if "customer" not in fields:
        order.customer.id = 7
    order.created.seconds = int(AT.timestamp())
    return order.SerializeToString()


def offer_protobuf(server):
    file, common = (base64.b64encode(one.SerializeToString()).decode() for one in descriptor())
    references = [{"name": "common.proto", "subject": "common", "version": 1}]
    server.schemas[9] = {"schemaType": "PROTOBUF", "schema": file, "references": references}
    server.subjects["common", "1"] = {"schemaType": "PROTOBUF", "schema": common}


async def test_protobuf_is_decoded_by_the_registrys_descriptor(server):
    offer_protobuf(server)
    mapped = reader(server, "protobuf")
    second_message = b"\x02\x02"  # one index, 1: both as zigzag
    value = framed(9, protobuf(id=5, currency="EUR", channel=1), second_message)
    await mapped.prepare([value, None])
    assert server.asked == [
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
    assert server.asked == []


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


@pytest.mark.parametrize("auth", [None, "me:wrong"])
async def test_registry_auth_error_is_reported_without_the_password(server, auth):
    with pytest.raises(RegistryUnavailable, match="HTTP 401") as caught:
        await reader(server, "avro", auth).prepare([framed(7, b"")])
    assert "wrong" not in str(caught.value)


async def test_unreachable_registry_is_an_error():
    with pytest.raises(RegistryUnavailable, match="Connect call failed"):
        await registry("http://127.0.0.1:1").fetch("avro", [framed(1, b"")])


async def test_subject_of_a_reference_may_contain_slashes(server):
    offer_avro(server)
    server.schemas[7]["references"][0]["subject"] = "shop/customer"
    server.subjects["shop/customer", "3"] = server.subjects.pop(("customer", "3"))
    mapped = reader(server, "avro")
    value = framed(7, avro(ROW))
    await mapped.prepare([value])
    assert mapped.map_record(value).events


async def test_debezium_record_in_avro_is_mapped(server):
    """The usual connector: an envelope, whose rows have decimals as bytes and times as numbers."""
    row = {
        "type": "record",
        "name": "Value",
        "fields": [
            {"name": "id", "type": "int"},
            {"name": "customer_id", "type": "long"},
            {"name": "created", "type": "long"},
            {
                "name": "total",
                "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
            },
        ],
    }
    fields = [
        {"name": "before", "type": ["null", row], "default": None},
        {"name": "after", "type": ["null", "Value"], "default": None},
        {"name": "op", "type": "string"},
        {"name": "ts_ms", "type": ["null", "long"]},
    ]
    envelope = {"type": "record", "name": "Envelope", "fields": fields}
    server.schemas[3] = {"schemaType": "AVRO", "schema": json.dumps(envelope)}
    document = tomllib.loads(MAPPING.format(form="avro").replace("customer.id", "customer_id"))
    table = document["mappings"]["m"]
    table["envelope"] = "debezium"
    del table["events"][0]["channel"]
    table["events"][0] |= {"time": {"path": "created", "time": "us"}, "currency": {"const": "EUR"}}
    amended = {"type": "order.amended", "on": "update", "when": "_before.total != total", "id": "_ts_ms"}
    table["events"].append(
        amended | {name: table["events"][0][name] for name in ("order_id", "time", "amount")}
    )
    table["events"][1]["amount"] = {"path": "total", "money": "major", "currency": "EUR"}
    mapped = load(document, registry=registry(server.url)).reader("m")

    def change(before, after, op):
        content = io.BytesIO()
        value = {"before": before, "after": after, "op": op, "ts_ms": 5}
        fastavro.schemaless_writer(content, fastavro.parse_schema(json.loads(json.dumps(envelope))), value)
        return framed(3, content.getvalue())

    old = {"id": 1, "customer_id": 7, "created": 1714557600123000, "total": Decimal("19.99")}
    values = [
        change(None, old, "c"),
        change(old, old | {"total": Decimal("9.99")}, "u"),
        change(old, None, "d"),
    ]
    await mapped.prepare(values)
    assert [[event.amount for event in mapped.map_record(value).events] for value in values] == [
        [1999],
        [999, 999],
        [],
    ]


async def test_schema_with_tags_and_rules_is_accepted(server):
    """Confluent's data contracts: what they say beside the schema is of no concern to a reader."""
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


async def test_no_log_holds_the_password(server, caplog):
    caplog.set_level("DEBUG")
    offer_avro(server)
    await reader(server, "avro").prepare([framed(7, b"")])
    reported = [record.getMessage() for record in caplog.records]
    assert reported, "the server's access log at least"
    encoded = base64.b64encode(AUTH.encode()).decode()
    assert not [line for line in reported if encoded in line or "secret" in line]


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
    await mapped.prepare(values, lambda: len(server.asked) < 5 and time.monotonic() < until)
    [reported] = [record for record in caplog.records if record.name == "streams.mapping.schema_registry"]
    assert reported.getMessage().endswith("trying again")


@pytest.mark.parametrize(
    ("auth", "level", "expected"),
    [(AUTH, "ok", " answers"), ("me:no", "fail", "HTTP 401"), (None, "fail", "401")],
)
async def test_doctor_reports_whether_the_registry_grants_access(server, auth, level, expected):
    environ = {"RETENTION_SCHEMA_REGISTRY": server.url, "RETENTION_SCHEMA_REGISTRY_AUTH": auth or ""}
    [finding] = [one async for one in doctor.schema_registry.findings(load_settings(environ=environ))]
    assert (finding.level, expected in finding.what) == (level, True)
    assert [one async for one in doctor.schema_registry.findings(load_settings(environ={}))] == []


async def test_bearer_token_is_sent(server):
    offer_avro(server)
    server.wants = "Bearer abc"
    values = [framed(7, avro(ROW))]
    await registry(server.url, auth=None, token=Secret("abc")).fetch("avro", values)
    with pytest.raises(RegistryUnavailable, match="HTTP 401"):
        await registry(server.url, auth=None, token=Secret("abd")).fetch("avro", values)


async def test_registry_certificate_is_checked_by_the_named_authority(server, tmp_path, monkeypatch):
    """Its own authority where one is named, else the system's; never those of a Python package."""
    if importlib.util.find_spec("certifi"):
        monkeypatch.setattr("certifi.where", lambda: pytest.fail("certifi was asked"))
    authority, path = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    offer_avro(server)
    url = await server.also_by(context)
    values = [framed(7, avro(ROW))]
    await registry(url, ca_file=path).fetch("avro", values)
    with pytest.raises(RegistryUnavailable, match="certificate verify failed"):
        await registry(url).fetch("avro", values)


async def test_client_certificate_is_presented_to_the_registry(server, tmp_path):
    authority, ours = trustme.CA(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    ours.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    paths = {name: tmp_path / name for name in ("ca_file", "cert_file", "key_file")}
    authority.cert_pem.write_to_path(paths["ca_file"])
    shown = ours.issue_cert("retention")
    shown.cert_chain_pems[0].write_to_path(paths["cert_file"])
    shown.private_key_pem.write_to_path(paths["key_file"])
    offer_avro(server)
    url = await server.also_by(context)
    values = [framed(7, avro(ROW))]
    await registry(url, **paths).fetch("avro", values)
    with pytest.raises(RegistryUnavailable):
        await registry(url, ca_file=paths["ca_file"]).fetch("avro", values)
