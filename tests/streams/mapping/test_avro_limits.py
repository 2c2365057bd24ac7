"""Limits of Avro values: depth, number of values, long numbers; and that valid values pass.

A value that overflowed the decoder's stack would end the process, so these tests would end too.
"""

import io
import json
import time
from decimal import Decimal

import fastavro
import pytest
from fastavro.utils import generate_many

from models.contract.decoding import EventError
from streams.mapping import avro, avro_limits
from streams.mapping.schemas import Schema

LINE = {"type": "record", "name": "Line", "fields": [{"name": "sku", "type": "string"}]}
SELF = {"type": "record", "name": "R", "fields": [{"name": "next", "type": ["null", "R"]}]}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "total", "type": MONEY},
        {"name": "lines", "type": {"type": "array", "items": LINE}},
        {"name": "tags", "type": {"type": "map", "values": ["null", "double", "shop.Line"]}},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["WEB", "APP"]}},
        {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 16}},
        {"name": "flags", "type": [{"type": "array", "items": "boolean"}, "float", "bytes"]},
    ],
}


def fields(**types):
    return {"type": "record", "name": "R", "fields": [{"name": n, "type": t} for n, t in types.items()]}


def decoder(schema, *imported):
    return avro.decoder(
        (Schema(json.dumps(schema)), {one["name"]: Schema(json.dumps(one)) for one in imported})
    )


def encoded(schema, row):
    content = io.BytesIO()
    fastavro.schemaless_writer(content, fastavro.parse_schema(schema), row)
    return content.getvalue()


def varint(number):
    content = io.BytesIO()
    fastavro.schemaless_writer(content, "long", number)
    return content.getvalue()


def nested(levels):
    """Return a value of SELF of that many levels: each but the last is the branch 1 of the union."""
    return b"\x02" * (levels - 1) + b"\x00"


def test_recursive_value_within_the_depth_is_decoded():
    assert decoder(SELF)(nested(2)) == {"next": {"next": None}}
    assert decoder(SELF)(nested(100))


@pytest.mark.parametrize("levels", [101, 5_000, 1_000_000])
def test_recursive_value_beyond_the_depth_is_too_large(levels):
    with pytest.raises(EventError, match="too_large: is nested deeper than 100 levels"):
        decoder(SELF)(nested(levels))


def test_type_that_contains_itself_without_end_is_too_large():
    with pytest.raises(EventError, match="nested deeper"):
        decoder(fields(next="R"))(b"")


def test_long_chain_of_types_is_too_large():
    chain = [fields(a=f"R{n + 1}") | {"name": f"R{n}"} for n in range(2_000)]
    decode = decoder(fields(a="R0"), fields(a="int") | {"name": "R2000"}, *reversed(chain))
    with pytest.raises(EventError, match="nested deeper"):
        decode(b"\x02")


def test_types_that_double_without_bytes_are_too_large():
    doubled = [fields(a=f"R{n + 1}", b=f"R{n + 1}") | {"name": f"R{n}"} for n in range(60)]
    decode = decoder(fields(a="R0"), fields() | {"name": "R60"}, *reversed(doubled))
    with pytest.raises(EventError, match="too_large: holds more than 100,000 values"):
        decode(b"")


@pytest.mark.parametrize("items", ["null", fields() | {"name": "Empty"}, fields(a="null") | {"name": "N"}])
def test_array_of_values_without_bytes_is_bounded(items):
    decode = decoder(fields(a={"type": "array", "items": items}))
    assert len(decode(varint(10) + b"\x00")["a"]) == 10
    with pytest.raises(EventError, match="holds more than 100,000 values"):
        decode(varint(30_000_000) + b"\x00")


def test_array_of_small_records_is_bounded():
    wrapped = fields(a=fields(b=fields(c="int") | {"name": "C"}) | {"name": "B"}) | {"name": "A"}
    decode = decoder(fields(a={"type": "array", "items": wrapped}))
    with pytest.raises(EventError, match="holds more than 100,000 values"):
        decode(varint(50_000) + b"\x02" * 50_000 + b"\x00")


def test_long_array_of_numbers_is_bounded():
    decode = decoder(fields(a={"type": "array", "items": "int"}))
    assert len(decode(varint(90_000) + b"\x02" * 90_000 + b"\x00")["a"]) == 90_000
    with pytest.raises(EventError, match="holds more than 100,000 values"):
        decode(varint(500_000) + b"\x02" * 500_000 + b"\x00")


def test_decimal_of_a_megabyte_is_refused_at_once():
    decode, began = decoder(fields(a=MONEY)), time.process_time()
    with pytest.raises(ValueError, match="more than 64 bytes"):
        decode(varint(1_000_000) + b"\x7f" * 1_000_000)
    assert time.process_time() - began < 1
    row = {"a": Decimal("19.99")}
    assert decode(encoded(fields(a=MONEY), row)) == row


def test_schema_nested_without_end_is_refused():
    text = '{"type":"array","items":' * 400 + '"int"' + "}" * 400
    with pytest.raises(ValueError, match="the schema is nested deeper"):
        avro.decoder((Schema(text), {}))


@pytest.mark.parametrize("value", [b"", b"\xff" * 20, b"\x02", b"\x06", varint(-1)])
def test_broken_value_is_refused_before_it_is_decoded(value):
    limits = avro_limits.AvroLimits(fastavro.parse_schema(SELF), {"R": fastavro.parse_schema(SELF)})
    with pytest.raises(ValueError, match=r"ends early|does not end|no such branch"):
        limits.check(value)


def test_count_of_valid_values_is_exact():
    named = {}
    parsed = fastavro.parse_schema(ORDER, named_schemas=named)
    count = avro_limits._Counters(named).of(parsed)
    for row in generate_many(parsed, 200):
        value = encoded(ORDER, row)
        cursor = avro_limits._Cursor(value)
        count(cursor, 1)
        assert (cursor.at, cursor.values) == (len(value), values_in(row) + len(row["tags"]))  # keys count too


def test_short_values_of_an_ordinary_schema_are_not_counted():
    named = {}
    limits = avro_limits.AvroLimits(fastavro.parse_schema(ORDER, named_schemas=named), named)
    assert limits._shortest > 50_000


def values_in(content):
    if isinstance(content, dict):
        return 1 + sum(values_in(one) for one in content.values())
    return 1 + sum(map(values_in, content)) if isinstance(content, list) else 1
