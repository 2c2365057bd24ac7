"""The fields that a mapping cannot do without."""

import pytest

from streams.mapping.definition import read
from streams.mapping.places import listed, similar
from streams.mapping.requirements import MissingField, described, missing_fields

CANCELLED = {"type": "order.cancelled", "order_id": "id", "time": "at", "customer_id": "customer"}
COLUMNS = {"id", "at", "customer"}


def missing(*rules, columns=COLUMNS, of_each=True):
    definition = read("shop", {"events": [dict(rule) for rule in rules]})
    found = missing_fields(definition, lambda path: path[0] in columns, of_each=of_each)
    return [" or ".join(one.places) for one in found]


def test_mapping_whose_fields_are_there_misses_nothing():
    assert missing(CANCELLED) == []


@pytest.mark.parametrize("column", sorted(COLUMNS))
def test_required_field_is_missing(column):
    assert missing(CANCELLED, columns=COLUMNS - {column}) == [column]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"const": "c"}, []),
        ({"path": "x", "default": "c"}, []),
        ({"first": ["x", "id"]}, []),
        ({"first": ["x", "y"]}, ["x or y"]),
        ({"template": "{id}-{x}"}, ["id or x"]),
        ({"join": ["id", "x"]}, ["id or x"]),
        ("not_null(x, id)", []),
    ],
)
def test_value_is_missing_if_none_of_its_sources_is_there(value, expected):
    assert missing({**CANCELLED, "customer_id": value}) == expected


def test_optional_field_is_never_missing():
    assert missing({**CANCELLED, "reason": "x", "channel": "y"}) == []


def test_amount_needs_the_column_of_its_currency():
    placed = {**CANCELLED, "type": "order.placed", "currency": {"const": "EUR"}}
    placed["amount"] = {"path": "id", "money": "major", "currency": "code"}
    assert missing(placed) == ["id or code"]


@pytest.mark.parametrize(("when", "expected"), [("x", ["x"]), ("!x", []), ("x == 'paid'", ["x"]), ("id", [])])
def test_condition_that_never_holds_misses_its_field(when, expected):
    assert missing({**CANCELLED, "when": when}) == expected


def test_rule_with_a_condition_needs_nothing_beside_another():
    shipped = {**CANCELLED, "type": "order.shipped", "when": "shipped", "time": "shipped"}
    assert missing(CANCELLED, shipped) == []
    assert missing(CANCELLED, shipped, columns={"id", "shipped", "customer"}) == ["at"]
    assert missing(CANCELLED, shipped, columns={"id", "shipped", "customer"}, of_each=False) == []


def test_type_from_a_missing_field_is_missing():
    chosen = {**CANCELLED, "type": {"path": "status", "values": {"void": "order.cancelled"}}}
    assert missing(chosen) == ["status"]


def test_field_of_an_element_is_looked_for_in_the_list():
    rule = {**CANCELLED, "each": "orders", "order_id": "_item.id"}
    assert missing(rule, columns={"orders", "at", "customer"}) == []
    assert missing(rule, columns={"at", "customer"}) == ["orders", "_item.id"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("custmer_id", "customer_id"),
        ("customerId", "customer_id"),
        ("Customer ID", "customer_id"),
        ("sku", None),
    ],
)
def test_similar_name_is_suggested(name, meant):
    assert similar(name, ["id", "customer_id", "created_at"]) == meant


def test_listed_names_are_few_short_and_no_addresses():
    assert listed(["id", "x" * 50, "ann@x.example"]) == f"id, {'x' * 40}…"
    assert listed([str(number) for number in range(25)]).endswith("19 and 5 more")


def test_rule_that_lacks_the_fewest_fields_is_named():
    delivered = {**CANCELLED, "type": "order.delivered", "when": "parcel", "time": "delivered"}
    assert missing(CANCELLED, delivered, columns={"id", "at"}, of_each=False) == ["customer"]


def test_message_names_each_field_once_and_at_most_five():
    fields = [MissingField((name,), f"`{name}` of order.placed") for name in "aabcdefg"]
    assert described(fields) == (
        "`a` (`a` of order.placed, and 1 more), `b` (`b` of order.placed), `c` (`c` of order.placed),"
        " `d` (`d` of order.placed), `e` (`e` of order.placed), and 2 more"
    )
