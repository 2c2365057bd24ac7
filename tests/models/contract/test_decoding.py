"""Bytes become an event, or an error with its reason."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.contract.decoding import MAX_BYTES, EventError, decode
from models.contract.events import (
    EVENTS,
)
from tests.support.contract_events import COMMON, LEAST, event, read, refused


@pytest.mark.parametrize(
    "value",
    [
        b"",
        None,
        b"garbage",
        b"\x00\x01\xff\xfe",
        b"{",
        b"{}{}",
        b'{"id": "e1"',
        b'{"type": "order.shipped",}',
        b'\xef\xbb\xbf{"type": "order.shipped"}',
        b"{'type': 'order.shipped'}",
        b'{"type": NaN}',
        b"null",
        b"[]",
        b"12",
        b"9" * 10_000,
        b'"order.placed"',
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b'{"type":"order.shipped","a":' + b"[" * 500_000,
    ],
    ids=lambda value: repr(value)[:30],
)
def test_value_that_is_not_an_object_is_not_json(value):
    assert refused(value).reason == "not_json"


@pytest.mark.parametrize(
    "broken", [b"\xff", b"\xed\xa0\x80", rb"\ud800", rb"\udc00", rb"\ud800x", rb"\ud800\ud800"]
)
def test_invalid_unicode_is_not_json(broken):
    for field in ("id", "customer_id", "order_id"):
        value = json.dumps(event("order.shipped", **{field: "@"})).encode().replace(b"@", broken)
        assert refused(value).reason == "not_json"


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("orders", {}, "missing"),
        ("orders", {"type": None}, "missing"),
        ("orders", {"type": 5}, "not a string"),
        ("orders", {"type": {"a": 1}}, "not a string"),
        ("orders", {"type": "order.eaten"}, "order.eaten"),
        ("orders", {"type": "Order.Placed"}, "Order.Placed"),
        ("orders", {"type": ""}, "''"),
        ("orders", {"type": "x" * 5000}, "x" * 100),
        ("orders", event("refund.rejected"), "belongs on refunds, not on orders"),
        ("customers", event("order.placed"), "belongs on orders, not on customers"),
    ],
    ids=str,
)
def test_type_that_is_unknown_or_of_another_topic_is_named(kind, fields, message):
    error = refused(fields, kind)
    assert error.reason == "unknown_type"
    assert message in error.message
    assert len(error.message) < 200


def test_number_of_thousands_of_digits_is_an_invalid_field():
    value = json.dumps(event("order.placed", amount=17)).encode().replace(b"17", b"9" * 10_000)
    assert refused(value).reason == "invalid_field"


def test_record_above_the_limit_is_too_large():
    fields = event("review.submitted", text="x" * 2_000_000)
    assert refused(fields, "reviews").reason == "too_large"
    bare = len(json.dumps(event("review.submitted", text="")))
    read(event("review.submitted", text="x" * (MAX_BYTES - bare)))
    assert (
        refused(event("review.submitted", text="x" * (MAX_BYTES - bare + 1)), "reviews").reason == "too_large"
    )


#: The null is refused before the rest is read; without it, the rest is.
NULL_BEFORE_NO_UTF8 = b'{"type":"ticket.opened","priority":null,"id":"\xff"}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


ALMOST = st.builds(
    lambda name, changes: event(name) | changes,
    st.sampled_from(sorted(LEAST)),
    st.dictionaries(
        st.sampled_from(
            ["type", *COMMON, "channel", "experiments", "items", "amount", "score", "priority", "x"]
        ),
        JSON,
        max_size=3,
    ),
).map(lambda fields: json.dumps(fields).encode())


#: The same with one byte overwritten, so that what is no UTF-8 stands anywhere.
SPOILT = st.builds(
    lambda value, at, byte: value[: at % len(value)] + bytes([byte]) + value[at % len(value) + 1 :],
    ALMOST,
    st.integers(0, 1000),
    st.integers(0, 255),
)


REASONS = {"not_json", "unknown_type", "invalid_field", "too_large"}


@pytest.mark.slow
@given(
    kind=st.sampled_from(sorted(EVENTS)),
    value=st.none()
    | st.binary(max_size=40)
    | JSON.map(lambda tree: json.dumps(tree).encode())
    | ALMOST
    | SPOILT,
    cut=st.integers(0, 400),
)
@example(kind="tickets", value=NULL_BEFORE_NO_UTF8, cut=0)
def test_arbitrary_bytes_raise_only_event_errors(kind, value, cut):
    for candidate in (value, value[:cut] if value else value):
        decoded, reason = outcome(kind, candidate)
        if decoded is None:
            assert reason in REASONS
        else:
            assert type(decoded) in EVENTS[kind]
            assert 1 <= len(decoded.customer_id) <= 128
            decoded.customer_id.encode()


def outcome(kind, value):
    try:
        return decode(kind, value), None
    except EventError as error:
        return None, error.reason


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ({"time": "2026-06-10 10:00:00"}, "(`time`, `zone`)"),
        ({"time": "2026-06-10T10:00:00"}, "(`time`, `zone`)"),
        ({"time": 1_780_000_000}, "(`time`, `zone`)"),
        ({"amount": "19.99"}, "(`money`, `decimal`)"),
        ({"amount": 19.99}, "(`money`, `decimal`)"),
    ],
)
def test_unreadable_time_or_amount_names_mapping_keys(fields, keys):
    assert refused(event("order.placed", **fields), "orders").message.endswith(f"{keys}")


def test_long_value_is_shortened_in_a_message():
    message = refused(event("ticket.opened", priority="it's personal " * 100), "tickets").message
    assert message.startswith("Invalid enum value ")
    assert message.endswith("`$.priority`")
    assert len(message) < 80
