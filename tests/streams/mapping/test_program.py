"""A compiled mapping: its rules for lists, for types and for records without an event."""

import json

import pytest

from tests.support.mappings import TABLE, reported
from tests.support.mappings import mapping_reader as reader

TWO_LISTS = """
[mappings.m]
customer_id = "customer"
time = "at"
[[mappings.m.events]]
type = "refund.completed"
each = "refunds"
refund_id = "_item.id"
order_id = "id"
amount = { first = ["_item.cents", "total"] }
[[mappings.m.events]]
type = "order.delivered"
each = "parcels"
id = { template = "{id}-{_item.id}" }
order_id = { first = ["_item.order", "id"] }
[[mappings.m.events]]
type = "order.cancelled"
id = { template = "{id}-{void}" }
when = "_item == null && void"
order_id = "id"
"""


@pytest.mark.parametrize("held", ["as a row", "as JSON"])
def test_rule_with_each_sees_only_elements_of_its_own_list(held):
    row = {"id": "o1", "customer": "c", "at": "2024-05-01T10:00:00Z", "total": 9, "void": "v"}
    lists = {"refunds": [{"id": "r1", "order": "from-refund"}], "parcels": [{"id": "p1", "cents": 5}]}
    mapped = reader(TWO_LISTS)
    found = (
        mapped.map_row(row | lists)
        if held == "as a row"
        else mapped.map_record(json.dumps(row | lists).encode())
    )
    assert found.errors == []
    refund, delivered, cancelled = found.events
    assert (refund.refund_id, refund.order_id, refund.amount) == ("r1", "o1", 9)
    assert (delivered.id, delivered.order_id) == ("o1-p1", "o1")
    assert cancelled.order_id == "o1"


OTHERWISE = """
[mappings.m]
customer_id = "customer"
otherwise = { unpaid = "status == 'pending'", other = "status" }
[[mappings.m.events]]
type = "order.cancelled"
when = "status == 'void'"
order_id = "id"
time = "at"
"""


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"status": "pending"}, "unpaid"),
        ({"status": "new"}, "other"),
        ({"status": None}, None),
        ({"status": "void"}, None),
        ({"status": "void", "customer": None}, None),
        ({"status": "void", "at": "soon"}, None),
    ],
)
def test_record_without_event_has_the_name_of_otherwise(changes, name):
    mapped = reader(OTHERWISE)
    row = {"id": "1", "customer": "c", "at": "2026-06-10T10:00:00Z", **changes}
    assert mapped.map_record(json.dumps(row).encode()).skipped == name
    assert mapped.map_row(row).skipped == name


def test_extended_mapping_adds_names_of_otherwise():
    own = """
[mappings.shop]
extends = "woocommerce"
otherwise = { mine = "number" }
"""
    names = reader(own, "shop").definition.otherwise
    assert {"unpaid", "mine"} <= set(names)


def test_event_type_follows_from_a_value():
    mapped = reader(TABLE)
    row = {"id": 1, "customer": 2, "at": "2024-05-01T10:00:00Z", "cents": 5}
    types = [
        [event["type"] for event in reported(mapped.map_row(row | {"status": status}).events)]
        for status in ("paid", "void", "draft", None)
    ]
    assert types == [["order.placed"], ["order.cancelled"], [], []]
