"""Objects that wrap one value: MongoDB's extended JSON, decimals with a scale of their own."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from streams.mapping.wrapped_values import unwrapped
from tests.support.mappings import mapping_reader

DATE = datetime(2026, 6, 10, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$oid": "65f0c0ffee"}, "65f0c0ffee"),
        ({"$numberLong": "9007199254740993"}, 9007199254740993),
        ({"$numberInt": "7"}, 7),
        ({"$numberDouble": "19.99"}, 19.99),
        ({"$numberDecimal": "19.99"}, Decimal("19.99")),
        ({"$date": 1781100000000}, DATE),
        ({"$date": {"$numberLong": "1781100000000"}}, DATE),
        ({"$date": "2026-06-10T14:00:00Z"}, DATE),
        ({"$timestamp": {"t": 1781100000, "i": 1}}, DATE),
        (
            {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}},
            "00010203-0405-0607-0809-0a0b0c0d0e0f",
        ),
        ({"$undefined": True}, None),
        ({"scale": 2, "value": "B88="}, Decimal("19.99")),
        ({"scale": 2, "value": b"\x07\xcf"}, Decimal("19.99")),
        ({"scale": -2, "value": "B88="}, Decimal(199900)),
    ],
)
def test_wrapped_value_is_the_value(value, expected):
    assert unwrapped(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": 1},
        {"$numberLong": "x"},
        {"$date": []},
        {"scale": 2, "value": 7},
        {"scale": "2", "value": "B88="},
    ],
)
def test_other_object_stays_an_object(value):
    assert unwrapped(value) == value


MONGODB = """
[mappings.m]
envelope = "debezium"
customer_id = "customer"
[[mappings.m.events]]
type = "order.placed"
order_id = "_id"
time = "created"
amount = { path = "total", money = "major", currency = "EUR" }
currency = { const = "EUR" }
cart_id = { template = "cart-{cart}" }
"""


@pytest.mark.parametrize(
    "total", [{"$numberDecimal": "19.99"}, {"$numberDouble": "19.99"}, 19.99, {"scale": 2, "value": "B88="}]
)
@pytest.mark.parametrize(
    "extra", ["", "\nskip = { none = 'length(keys(@)) == `0`' }"], ids=["compiled", "interpreted"]
)
def test_document_of_debeziums_mongodb_connector_is_read(total, extra):
    document = {
        "_id": {"$oid": "65f0c0ffee"},
        "customer": {"$numberLong": "7"},
        "created": {"$date": 1781100000000},
        "total": total,
        "cart": {"$numberLong": "5"},
    }
    mapping = MONGODB.replace('envelope = "debezium"', f'envelope = "debezium"{extra}')
    reader = mapping_reader(mapping)
    change = {"op": "c", "after": json.dumps(document), "ts_ms": 1781100000001}
    [event] = reader.map_record(json.dumps(change).encode()).events
    assert (event.order_id, event.customer_id, event.time) == ("65f0c0ffee", "7", DATE)
    assert (event.amount, event.cart_id) == (1999, "cart-5")


def test_path_into_a_wrapped_value_is_read():
    mapping = MONGODB.replace('"_id"', "'_id.\"$oid\"'").replace(
        '"created"', '{ path = "created.\\"$date\\"", time = "ms" }'
    )
    reader = mapping_reader(mapping)
    document = {"_id": {"$oid": "x"}, "customer": "c", "created": {"$date": 1781100000000}, "total": 1}
    [event] = reader.map_record(json.dumps({"op": "c", "after": json.dumps(document)}).encode()).events
    assert (event.order_id, event.time) == ("x", DATE)
