"""Structured CloudEvents are the events that they hold."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract.decoding import EventError, decode
from models.contract.events import KINDS
from tests.support.strategies import DEFINITIONS, event_sets

ORDER = {
    "id": "e1",
    "type": "order.shipped",
    "time": "2026-01-02T03:04:05Z",
    "customer_id": "ann",
    "order_id": "o1",
}
ENVELOPE = {
    "specversion": "1.0",
    "id": "envelope",
    "source": "/shop",
    "type": "com.example.shop",
    "time": "1999-01-01T00:00:00Z",
    "datacontenttype": "application/json",
    "subject": "o1",
    "traceparent": "00-1-2-01",
}


def encoded(content):
    return json.dumps(content).encode()


def read(**envelope):
    return decode("orders", encoded(ENVELOPE | envelope))


def without(event, *names):
    return {name: value for name, value in event.items() if name not in names}


def test_field_of_the_data_wins_over_the_envelope():
    assert read(data=ORDER) == decode("orders", encoded(ORDER))


@pytest.mark.parametrize("lacking", [{}, {"id": None, "type": None, "time": None}], ids=["absent", "null"])
def test_field_missing_in_the_data_comes_from_the_envelope(lacking):
    data = without(ORDER, "id", "type", "time") | lacking
    envelope_fields = {"id": "e2", "type": "order.delivered", "time": "2026-02-02T00:00:00Z"}
    assert read(data=data, **envelope_fields) == decode("orders", encoded(ORDER | envelope_fields))


def test_other_attributes_of_the_envelope_are_ignored():
    with pytest.raises(EventError, match="customer_id"):
        read(data=without(ORDER, "customer_id"), subject="ann")


def test_base64_data_is_decoded():
    data = base64.b64encode(encoded(ORDER)).decode()
    assert read(data_base64=data) == decode("orders", encoded(ORDER))
    assert read(data=None, data_base64=data) == decode("orders", encoded(ORDER))


def test_null_in_optional_data_field_is_accepted():
    assert read(data=ORDER | {"channel": None}) == decode("orders", encoded(ORDER))


def test_plain_event_may_have_an_envelope_field():
    plain = encoded(ORDER | {"specversion": "0.3", "data": 1})
    assert decode("orders", plain) == decode("orders", encoded(ORDER))


@pytest.mark.parametrize(
    ("envelope", "reason", "message"),
    [
        ({"data": ORDER, "specversion": "0.3"}, "invalid_field", "only 1.0"),
        ({"data": ORDER, "specversion": 1}, "invalid_field", "`specversion`"),
        ({"data": "text"}, "not_json", "not a JSON object"),
        ({"data": json.dumps(ORDER)}, "not_json", "not a JSON object"),
        ({"data": None}, "invalid_field", "`data_base64`"),
        ({"data_base64": "%"}, "invalid_field", "not base64"),
        ({"data_base64": base64.b64encode(b"{").decode()}, "not_json", "not a JSON object"),
        ({"data": without(ORDER, "type")}, "unknown_type", "com.example.shop"),
        ({"data": ORDER | {"order_id": ""}}, "invalid_field", "order_id"),
        ({"data": ENVELOPE | {"data": ORDER}}, "unknown_type", "com.example.shop"),
    ],
)
def test_invalid_envelope_is_rejected(envelope, reason, message):
    with pytest.raises(EventError, match=message) as caught:
        read(**envelope)
    assert caught.value.reason == reason


@pytest.mark.parametrize("field", [{"specversion": "0.3"}, {"data": {}}, {"data_base64": "!"}])
def test_invalid_plain_event_is_rejected_for_its_own_field(field):
    with pytest.raises(EventError, match="order_id"):
        decode("orders", encoded(ORDER | {"order_id": 5} | field))


def test_nested_envelopes_are_rejected_at_any_depth():
    value = encoded(ORDER)
    for _ in range(400):
        value = b'{"specversion":"1.0","type":"order.shipped","data":' + value + b"}"
    with pytest.raises(EventError):
        decode("orders", value)


@given(st.data())
@settings(max_examples=40)
def test_every_event_may_come_in_an_envelope(data):
    for event in data.draw(event_sets(DEFINITIONS, identities=True, largest=8)):
        kind = KINDS[event["type"]]
        plain = decode(kind, encoded(event))
        moved = set(data.draw(st.sets(st.sampled_from(["id", "type", "time"]))))
        envelope = ENVELOPE | {name: event[name] for name in moved}
        assert decode(kind, encoded(envelope | {"data": without(event, *moved)})) == plain
