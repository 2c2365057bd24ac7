"""docs/mapping.md: its configurations are valid, and its row becomes the events that it shows."""

import json
import re
import tomllib
from pathlib import Path

import msgspec

from streams.mapping import definition, expressions, value_definition
from streams.mapping.mappings import bundled_texts, load

DOCS = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)


def test_first_example_holds():
    [row], [shown] = blocks("json"), blocks("jsonl")
    mappings = load(tomllib.loads(blocks("toml")[0]))
    found = mappings.reads("shop.orders").map_record(row.encode())
    assert found.errors == []
    events = [
        {k: v for k, v in msgspec.to_builtins(event).items() if v is not None} for event in found.events
    ]
    assert events == [json.loads(line) for line in shown.splitlines()]
    for changes, name in (({"test": True}, "test"), ({"tags": ["B2B"]}, "b2b")):
        assert mappings.reader("orders").map_row(json.loads(row) | changes).skipped == name


def test_every_configuration_can_be_loaded():
    for text in blocks("toml"):
        document = tomllib.loads(text)
        table = document["mappings"].get("tickets")
        if table is not None and "events" not in table:  # shows identities alone
            table["events"] = [{"type": "customer.erased", "time": "time"}]
        assert load(document).names()


def test_every_key_and_name_is_described():
    keys = {
        *definition._MAPPING_KEYS,
        *definition._RULE_KEYS,
        *value_definition._VALUE_KEYS,
        *expressions.SURROUNDINGS,
        *bundled_texts(),
        *("topic", "pattern", "kind", "mapping"),
    }
    assert [key for key in sorted(keys - {"events"}) if f"`{key}" not in DOCS] == []


def rows_of(name, *rows):
    """The events of rows, by the documented mapping of this name."""
    [text] = [block for block in blocks("toml") if f"[mappings.{name}]" in block]
    reader = load(tomllib.loads(text)).reader(name)
    return [event for row in rows for event in reader.map_row(row).events]


def test_a_row_for_each_line_becomes_order_lines():
    row = {"household": 1, "basket": 9, "product": 3, "row": 1, "bought_on": "2026-06-10", "sales": "2.50"}
    first, second = rows_of("baskets", row, row | {"row": 2, "sales": "-0.50"})
    assert [(line.id, line.line_id, line.amount) for line in (first, second)] == [
        ("order.line_placed:9:3-1", "3-1", 250),
        ("order.line_placed:9:3-2", "3-2", -50),
    ]


def test_each_change_of_a_status_has_its_own_id():
    rows = [
        {"customer": 1, "order": 9, "status": status, "changed_at": f"2026-06-{day}T10:00:00Z"}
        for day, status in (("10", "cancelled"), ("11", "reopened"), ("12", "cancelled"), ("13", "paid"))
    ]
    events = rows_of("statuses", *rows)
    assert [type(event).__struct_config__.tag for event in events] == [
        "order.cancelled",
        "order.restored",
        "order.cancelled",
    ]
    assert len({event.id for event in events}) == 3


def test_documented_attributes_follow_the_row():
    row = {"id": 7, "updated_at": "2026-06-01T10:00:00Z", "address": {"country": "DE"}, "plan": None}
    [event] = rows_of("accounts", row)
    assert (event.id, event.customer_id) == ("7-2026-06-01T10:00:00Z", "7")
    assert event.attributes == {"country": "DE", "plan": None}
