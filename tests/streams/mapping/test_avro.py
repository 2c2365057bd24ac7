"""Avro of a registry: imported schemas, logical types, and Debezium's envelope."""

import io
import json
import tomllib
from decimal import Decimal

import fastavro

from streams.mapping.mappings import load
from tests.support.registry_schemas import AT, ID, MAPPING, ROW, avro, offer_avro, reader, registry
from tests.support.registry_server import framed


async def test_avro_with_references_and_logical_types_is_decoded(server):
    offer_avro(server)
    mapped = reader(server, "avro")
    values = [framed(7, avro(ROW)), framed(7, avro(ROW | {"customer": None}))]
    await mapped.prepare(values)
    await mapped.prepare(values)
    assert server.requests == ["/schemas/ids/7", "/subjects/customer/versions/3?deleted=false"], (
        "each is requested once"
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
