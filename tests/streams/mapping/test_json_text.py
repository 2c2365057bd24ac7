"""JSON inside text is read as the JSON that it is."""

import json

import pytest

from streams.mapping import json_text
from tests.support.mappings import mapping_reader

MAPPING = """
[mappings.m]
envelope = "{envelope}"
customer_id = "{at}customer.id"
[[mappings.m.events]]
type = "order.placed"
order_id = "{at}id"
amount = "{at}amount"
currency = {{ const = "EUR" }}
time = "{at}at"
when = "{when}"
"""
ORDER = {"id": "o1", "customer": {"id": 7}, "amount": 100, "at": "2026-06-10T10:00:00Z"}


def mapped(record, envelope="none", at="", when="`true`"):
    reader = mapping_reader(MAPPING.format(envelope=envelope, at=at, when=when))
    return reader.map_record(json.dumps(record).encode())


@pytest.mark.parametrize(
    ("envelope", "record"),
    [
        ("none", json.dumps(ORDER)),
        ("none", json.dumps(json.dumps(ORDER))),
        ("connect", {"schema": {}, "payload": json.dumps(ORDER)}),
        ("connect", json.dumps({"payload": json.dumps(ORDER)})),
        ("debezium", {"op": "c", "before": None, "after": json.dumps(ORDER)}),
        ("debezium", {"schema": {}, "payload": {"op": "c", "after": json.dumps(ORDER)}}),
        ("debezium", {"op": "d", "before": json.dumps(ORDER), "after": None}),
    ],
)
@pytest.mark.parametrize("when", ["`true`", "length(to_string(id)) > `0`"], ids=["compiled", "interpreted"])
def test_quoted_record_is_the_record(envelope, record, when):
    result = mapped(record, envelope, when=when)
    assert result.errors == []
    if '"op": "d"' in json.dumps(record):
        return  # a deletion is no event of this mapping; it is read all the same
    [event] = result.events
    assert (event.customer_id, event.order_id, event.amount) == ("7", "o1", 100)


@pytest.mark.parametrize("when", ["payload.amount", "length(payload.customer) > `0`"])
def test_path_leads_into_a_column_of_json_text(when):
    for payload in (json.dumps(ORDER), ORDER):
        [event] = mapped({"payload": payload}, at="payload.", when=when).events
        assert (event.customer_id, event.order_id, event.amount) == ("7", "o1", 100)
    nested = ORDER | {"customer": json.dumps(ORDER["customer"])}
    [event] = mapped({"payload": json.dumps(nested)}, at="payload.").events
    assert event.customer_id == "7"


def test_each_element_of_a_list_in_text_is_an_event():
    text = """
    [mappings.m]
    customer_id = "customer"
    [[mappings.m.events]]
    type = "refund.completed"
    each = "refunds"
    refund_id = "_item.id"
    order_id = "id"
    amount = "_item.sum"
    time = "at"
    """
    refunds = json.dumps([{"id": 1, "sum": 5}, {"id": 2, "sum": 6}])
    record = {"id": "o", "customer": "c", "at": ORDER["at"], "refunds": refunds}
    reader = mapping_reader(text)
    for result in (reader.map_record(json.dumps(record).encode()), reader.map_row(record)):
        assert [event.amount for event in result.events] == [5, 6]


@pytest.mark.parametrize("text", ["{not json", "plain", "7", "null", '"{}"', "[" * 5000])
def test_other_text_is_no_json(text):
    assert json_text.parsed(text) is None
    assert mapped({"payload": text}, at="payload.").anonymous


def test_text_that_is_no_object_is_rejected():
    [error] = mapped("just text").errors
    assert error.reason == "not_json"
