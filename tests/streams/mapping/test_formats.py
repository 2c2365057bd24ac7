"""Rows inside envelopes, and the key, headers and timestamp beside them."""

import json
from types import SimpleNamespace

import pytest

from tests.support.mappings import TABLE, reported
from tests.support.mappings import mapping_reader as reader

CDC = """
[mappings.m]
envelope = "debezium"
customer_id = "customer_id"
[[mappings.m.events]]
type = "order.placed"
on = ["create", "read", "update"]
order_id = "id"
time = { path = "created_at", time = "us" }
amount = { path = "amount", scale = 2, money = "major" }
currency = "currency"
[[mappings.m.events]]
type = "order.amended"
on = "update"
when = "_before.amount != amount"
id = { template = "{id}-{_ts_ms}" }
order_id = "id"
time = { path = "_source.ts_ms", time = "ms" }
amount = { path = "amount", scale = 2, money = "major", currency = "currency" }
[[mappings.m.events]]
type = "order.cancelled"
on = "delete"
order_id = "id"
customer_id = { first = ["customer_id", "_key.customer_id"] }
time = { path = "_ts_ms", time = "ms" }
"""


BEFORE = {"id": 1, "customer_id": 7, "created_at": 1714557600123000, "amount": "B88=", "currency": "EUR"}


AFTER = BEFORE | {"amount": "Cw=="}  # 0.11


def change(op, before, after):
    return {
        "before": before,
        "after": after,
        "op": op,
        "source": {"ts_ms": 1714557700000},
        "ts_ms": 1714557700500,
    }


@pytest.fixture(params=["plain", "with schema", "in whole", "in whole, with schema"])
def captured(request):
    text = CDC.replace('"_before.amount', '"to_string(_before.amount)') if "whole" in request.param else CDC
    if "whole" in request.param:
        text = text.replace("!= amount", "!= to_string(amount)")
    mapped = reader(text)

    def make(payload, key=None):
        value = {"schema": {"type": "struct"}, "payload": payload} if "schema" in request.param else payload
        record = SimpleNamespace(topic="t", key=key, timestamp=1, headers=[])
        return mapped.map_record(json.dumps(value).encode(), record)

    return make


def test_database_change_yields_events_of_the_difference(captured):
    for op in ("c", "r"):
        [placed] = captured(change(op, None, BEFORE)).events
        assert (placed.order_id, placed.amount, placed.customer_id) == ("1", 1999, "7")
    placed, amended = captured(change("u", BEFORE, AFTER)).events
    assert (placed.amount, amended.amount, amended.id) == (11, 11, "1-1714557700500")
    assert reported([amended])[0]["time"] == "2024-05-01T10:01:40Z"
    assert len(captured(change("u", BEFORE, BEFORE)).events) == 1
    assert len(captured(change("u", None, AFTER)).events) == 2  # a table that does not say what was before


def test_deletes_truncates_and_tombstones(captured):
    [cancelled] = captured(change("d", BEFORE, None)).events
    assert reported([cancelled])[0]["type"] == "order.cancelled"
    bare = captured(change("d", None, None), key=b'{"customer_id": 7}')
    assert bare.errors[0].message.startswith("mapping m, order.cancelled, `order_id` from `id` (nothing)")
    for nothing in (change("t", None, None), change("m", None, None)):
        found = captured(nothing)
        assert (found.events, found.errors, found.anonymous) == ([], [], False)


def test_invalid_envelope_is_reported(captured):
    assert "not a Debezium envelope: `op` is missing" in captured({"id": 1}).errors[0].message
    assert "`op` 'x' is unknown" in captured(change("x", None, BEFORE)).errors[0].message


@pytest.mark.parametrize("when", ["", 'when = "length(id) > `0`"\n'])
def test_a_schema_without_payload_is_a_tombstone(when):
    found = reader(CDC + when).map_record(b'{"schema": null, "payload": null}')
    assert (found.events, found.errors, found.anonymous) == ([], [], False)


@pytest.mark.parametrize("when", ["", 'when = "length(id) > `0`"\n'])
def test_kafka_connect_envelope_is_unwrapped(when):
    mapped = reader(TABLE.replace("customer_id", 'envelope = "connect"\ncustomer_id') + when)
    row = {"id": "a", "customer": 2, "at": "2024-05-01T10:00:00Z", "cents": 5, "status": "paid"}
    [event] = mapped.map_record(json.dumps({"schema": {}, "payload": row}).encode()).events
    assert event.order_id == "a"
    assert "not a Connect envelope" in mapped.map_record(json.dumps(row).encode()).errors[0].message
    assert mapped.map_record(b'{"schema": null, "payload": null}').errors == []
    [error] = mapped.map_record(b'{"schema": {}, "payload": [1]}').errors
    assert error.reason == "invalid_field"


SURROUNDED = """
[mappings.m]
[[mappings.m.events]]
type = "experience.shared"
id = { template = "{_topic}-{_key}-{_timestamp}" }
time = { path = "_timestamp", time = "ms" }
customer_id = "_headers.customer"
platform = { path = "_key", match = "^(.)" }
"""


def test_key_headers_and_timestamp_are_fields():
    headers = [("customer", b"c-1"), ("empty", None)]
    record = SimpleNamespace(topic="t", key=b"k-1", timestamp=1714557600123, headers=headers)
    [event] = reader(SURROUNDED).map_record(b'{"_topic": "a field of that name"}', record).events
    assert (event.id, event.customer_id, event.platform) == ("t-k-1-1714557600123", "c-1", "k")
