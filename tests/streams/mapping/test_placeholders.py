"""A placeholder of Debezium is no value, in whichever form it comes."""

import base64
import json

import pytest

from streams.mapping.placeholders import Placeholders
from tests.support.mappings import mapping_reader

PLACEHOLDER = "__debezium_unavailable_value"
MAPPING = """
[mappings.m]
envelope = "debezium"
customer_id = { first = ["ref", { path = "email", prefix = "email:" }] }
merge = true
time = { path = "_ts_ms", time = "ms" }

[[mappings.m.events]]
type = "order.placed"
order_id = "id"
amount = "amount"
currency = { const = "EUR" }
coupon = "coupon"

[[mappings.m.events]]
type = "order.amended"
on = "update"
when = "_before.amount != amount"
id = { template = "{id}-{_ts_ms}" }
order_id = "id"
amount = "amount"
"""
REVIEWS = """
[mappings.m]
envelope = "debezium"
customer_id = "customer"
[[mappings.m.events]]
type = "review.submitted"
id = { template = "{id}-{_ts_ms}" }
review_id = "id"
rating = "rating"
text = "body"
time = { path = "_ts_ms", time = "ms" }
"""
ROW = {"id": 1, "ref": "c1", "email": "a@example.org", "amount": 100, "coupon": None}


def outcome(mapping, after, before=None, operation="u"):
    mapped = mapping_reader(mapping)
    change = {"before": before, "after": after, "op": operation, "ts_ms": 1781100000000}
    return mapped.map_record(json.dumps(change).encode())


def types(result):
    return [event.__struct_config__.tag for event in result.events]


@pytest.mark.parametrize(
    "form",
    [
        PLACEHOLDER,
        base64.b64encode(PLACEHOLDER.encode()).decode(),
        PLACEHOLDER.encode().hex(),
        [PLACEHOLDER],
        {PLACEHOLDER: PLACEHOLDER},
    ],
)
def test_placeholder_in_any_form_is_no_identity(form):
    result = outcome(MAPPING, ROW | {"email": form}, operation="c")
    assert (types(result), result.errors) == (["order.placed"], [])
    assert result.events[0].customer_id == "c1"


def test_record_with_only_a_placeholder_is_anonymous():
    result = outcome(MAPPING, ROW | {"ref": None, "email": PLACEHOLDER}, operation="c")
    assert (result.events, result.errors, result.anonymous) == ([], [], True)


def test_placeholder_amount_sends_no_amendment():
    result = outcome(MAPPING, ROW | {"amount": PLACEHOLDER}, before=ROW | {"amount": PLACEHOLDER})
    assert (result.events, result.errors, result.unchanged) == ([], [], True)
    result = outcome(MAPPING, ROW | {"amount": PLACEHOLDER}, before={"id": 1, "amount": 90})
    assert (types(result)[:1], result.errors) == (["order.placed"], []), "the amount before holds"


def test_value_before_stands_for_the_placeholder():
    result = outcome(MAPPING, ROW | {"coupon": PLACEHOLDER}, before=ROW | {"coupon": "SPRING"})
    assert result.events[0].coupon == "SPRING"


def test_review_with_a_placeholder_keeps_its_text():
    row = {"id": 1, "customer": "c", "rating": 4}
    [event] = outcome(REVIEWS, row | {"body": PLACEHOLDER}).events
    assert (event.text, event.text_unchanged) == (None, True)
    [event] = outcome(REVIEWS, row | {"body": None}).events
    assert (event.text, event.text_unchanged) == (None, None), "an emptied text is not the known one"


def test_placeholder_of_the_connector_can_be_configured():
    named = REVIEWS.replace(
        'customer_id = "customer"', 'customer_id = "customer"\nplaceholder = "<unchanged>"'
    )
    row = {"id": 1, "customer": "c", "rating": 4}
    for text in ("<unchanged>", PLACEHOLDER):
        [event] = outcome(named, row | {"body": text}).events
        assert (event.text, event.text_unchanged) == (None, True)
    [event] = outcome(REVIEWS, row | {"body": "<unchanged>"}).events
    assert event.text == "<unchanged>"


def test_row_of_a_file_has_no_placeholder():
    mapped = mapping_reader(REVIEWS.replace('envelope = "debezium"\n', ""))
    row = {"id": 1, "customer": "c", "rating": 4, "body": PLACEHOLDER, "_ts_ms": 1781100000000}
    [event] = mapped.map_row(row).events
    assert (event.text, event.text_unchanged) == (None, True)


def test_placeholder_in_a_list_of_numbers_is_not_one():
    assert not Placeholders().include([95, 95])


def test_text_that_mentions_the_placeholder_is_text():
    text = f"what is {PLACEHOLDER}?"
    assert not Placeholders().include(text)
    [event] = outcome(REVIEWS, {"id": 1, "customer": "c", "rating": 4, "body": text}).events
    assert event.text == text


def test_flat_record_has_no_placeholder():
    flat = REVIEWS.replace('envelope = "debezium"\n', "").replace('"_ts_ms"', '"ts"')
    mapped = mapping_reader(flat.replace("{_ts_ms}", "{ts}"))
    row = {"id": 1, "customer": "c", "rating": 4, "body": PLACEHOLDER, "ts": 1781100000000}
    [event] = mapped.map_record(json.dumps(row).encode()).events
    assert (event.text, event.text_unchanged) == (None, True)
