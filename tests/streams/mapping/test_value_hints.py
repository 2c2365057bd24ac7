"""Rejected values: which key of the mapping would make them readable."""

from decimal import Decimal

import pytest

from streams.mapping.mappings import load
from streams.mapping.value_definition import value_of
from streams.mapping.value_hints import hint_for

ZONE = 'name its time zone with `zone = "Europe/Berlin"`'

TIMES = [
    ("2026-06-10 10:00:00", {}, f"it has no offset: {ZONE}"),
    ("2026-06-10T10:00", {}, f"it has no offset: {ZONE}"),
    ("2026-06-10", {}, f"it has no time of day and no offset: {ZONE}"),
    ("2026-06-10 10:00:00 CEST", {}, "its end is no offset such as +02:00"),
    ("2026-06-10T10:00:00Z", {"time": "%d.%m.%Y"}, "which is read without `time`"),
    ("10.06.2026", {}, f'`time = "%d.%m.%Y"` reads it; {ZONE}'),
    ("10.06.2026 10:00", {"zone": "Europe/Berlin"}, '`time = "%d.%m.%Y %H:%M"` reads it'),
    ("6/10/2026 1:00:00 PM", {}, '`time = "%m/%d/%Y %I:%M:%S %p"` or `time = "%d/%m/%Y %I:%M:%S %p"`'),
    ("Wed, 10 Jun 2026 10:00:00 +0200", {}, '`time = "%a, %d %b %Y %H:%M:%S %z"` reads it'),
    ("20260610", {}, 'it is a date without separators: `time = "%Y%m%d"` reads it'),
    (1_780_000_000, {}, '10 digits is likely `time = "s"`'),
    ("1780000000000", {}, '13 digits is likely `time = "ms"`'),
    (1_780_000_000.5, {}, '10 digits is likely `time = "s"`'),
    (1_780_000_000_000_000, {}, 'likely `time = "us"`'),
    (7, {}, '`time` gives its unit, "s", "ms", "us", "ns" or "days"'),
    ("yesterday", {}, "`time` gives its format"),
    (
        "2026-06-10 10:00:00+00",
        {"match": "(.*) UTC", "zone": "UTC"},
        "does not contain what `match` looks for",
    ),
]
AMOUNTS = [
    ("19.99", {}, '`money = "major"` converts'),
    (19.99, {}, '`money = "major"` converts'),
    (Decimal("19.99"), {}, '`money = "major"` converts'),
    ("19,99", {"money": "major", "currency": "EUR"}, '`decimal = ","` reads a decimal comma'),
    ("1.234,50", {}, '`decimal = ","` reads a decimal comma, and `money = "major"` converts'),
    ("1,234.50", {"money": "major", "currency": "EUR"}, '`decimal = "."` reads separated thousands'),
    ("EUR 19.99", {}, "`match = '[0-9][0-9.,]*'` takes the number"),
    ("19,99 €", {"money": "major", "currency": "EUR"}, "`match = '[0-9][0-9.,]*'` takes the number"),
    ("B88=", {}, "`scale` reads Kafka Connect's decimals"),
    ({"scale": 2, "value": "B88="}, {}, "`scale = 0` reads"),
    ("a lot", {"money": "major", "currency": "EUR"}, "it is no number"),
]


def hint(field, raw, keys):
    value = value_of(field, {"path": "x", **keys})
    return hint_for(field, value, raw, is_time=field == "time")


@pytest.mark.parametrize(("raw", "keys", "expected"), TIMES)
def test_unreadable_time_names_the_key_that_reads_it(raw, keys, expected):
    assert expected in hint("time", raw, keys)


@pytest.mark.parametrize(("raw", "keys", "expected"), AMOUNTS)
def test_unreadable_amount_names_the_key_that_reads_it(raw, keys, expected):
    assert expected in hint("amount", raw, keys)


@pytest.mark.parametrize("field", ["time", "amount", "order_id"])
@pytest.mark.parametrize("raw", [None, "", [], True])
def test_value_without_a_known_form_has_no_hint(field, raw):
    assert hint(field, raw, {}) == ""


def test_hint_follows_the_problem_and_contains_no_value():
    reader = load(
        {
            "mappings": {
                "shop": {
                    "customer_id": "customer",
                    "events": [
                        {
                            "type": "order.placed",
                            "order_id": "id",
                            "time": "created",
                            "amount": "total",
                            "currency": "currency",
                        }
                    ],
                }
            }
        }
    ).reader("shop")
    row = {"customer": "c", "id": "1", "created": "2026-06-10 10:00:00", "total": 1, "currency": "EUR"}
    [error] = reader.map_row(row).errors
    assert error.message.endswith(f"it has no offset: {ZONE}")
    [error] = reader.map_row(row | {"created": "2026-06-10T10:00:00Z", "total": "19.98"}).errors
    assert '`money = "major"` converts' in error.message
    assert "2026" not in error.message
    assert "19.98" not in error.message
