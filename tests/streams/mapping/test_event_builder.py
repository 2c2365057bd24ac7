"""The values of one event: conversions, odd values, and the fast path."""

import json

import pytest

from tests.support.mappings import TABLE, reported
from tests.support.mappings import mapping_reader as reader

SEVERAL = """
[mappings.m]
customer_id = "customer"
[[mappings.m.events]]
type = "order.placed"
order_id = "id"
time = { first = [
    { path = "ms", time = "ms" },
    { path = "local", time = "%d.%m.%Y %H:%M", zone = "Europe/Berlin" },
    { path = "naive", zone = "Europe/Berlin" },
    "time",
] }
amount = { first = [{ path = "total", money = "major" }, "cents"] }
currency = "currency"
"""


@pytest.mark.parametrize(
    "written",
    [
        {"ms": 1714550400000, "total": "0.05"},
        {"local": "01.05.2024 10:00", "cents": 5},
        {"naive": "2024-05-01 10:00:00", "total": 0.05},
        {"time": "2024-05-01T10:00:00+02:00", "cents": "5"},
    ],
)
def test_first_present_value_is_converted_in_its_own_way(written):
    row = {"id": 1, "customer": 2, "currency": "EUR"} | written
    (event,) = reader(SEVERAL).map_row(row).events
    assert (event.time.timestamp(), event.amount) == (1714550400, 5)


def test_unconvertible_value_among_several_is_rejected():
    row = {"id": 1, "customer": 2, "currency": "EUR", "ms": 1714550400000, "total": "0.055"}
    outcome = reader(SEVERAL).map_row(row)
    assert outcome.events == []
    (error,) = outcome.errors
    assert "`amount` from `total`, `currency`, `cents` (text): has more than" in str(error)


ODD = """
[mappings.m]
customer_id = { first = ["customer", { path = "number", scale = 0 }] }
merge = true
[[mappings.m.events]]
type = { path = "kind", scale = 0, values = { 1 = "order.placed" } }
order_id = "id"
time = "time"
amount = "cents"
currency = { const = "USD" }
"""


@pytest.mark.parametrize(
    ("row", "events", "message"),
    [
        ({"kind": "!!"}, 0, "mapping m, `type` from `kind`: is text that is not base64"),
        ({"kind": "AQ==", "number": "!!"}, 1, "mapping m, customer_id: is text that is not base64"),
    ],
)
def test_odd_value_is_rejected_without_an_exception(row, events, message):
    row = {"id": 1, "customer": "c", "time": "2024-05-01T10:00:00Z", "cents": 5} | row
    outcome = reader(ODD).map_row(row)
    assert len(outcome.events) == events
    (error,) = outcome.errors
    assert message in str(error)


#: One of each conversion and condition.
EVERY_WAY = """
[mappings.m]
customer_id = { first = ["user.id", { path = "user.email", lower = true, prefix = "email:" }, "user.name"] }
merge = true
time = { path = "created", time = "ms" }
channel = { path = "source", values = { pos = "store" }, other = "web" }
experiments = "ab"
skip = { more = "one > other", starts = "starts_with(one, other)", has = "contains(one, other)" }

[[mappings.m.events]]
type = "order.placed"
order_id = { path = "id", match = "([0-9]+)" }
amount = { path = "total", money = "major" }
currency = { path = "currency", upper = true }
coupon = "items[0].coupon"
cart_id = "items[1]"

[[mappings.m.events]]
type = "order.amended"
id = { template = "{id}-{total}" }
order_id = "id"
amount = { path = "total", scale = 2, money = "major", currency = "currency" }
time = { path = "created", time = "days" }

[[mappings.m.events]]
type = "order.shipped"
order_id = "id"
time = { path = "created", zone = "Europe/Berlin" }

[[mappings.m.events]]
type = "order.cancelled"
order_id = "id"
time = { path = "created", time = "%d.%m.%Y", zone = "Europe/Berlin" }

[[mappings.m.events]]
type = "refund.completed"
each = "items"
when = "_item.ok"
refund_id = { template = "{id}/{_item.n}" }
order_id = "id"
amount = { path = "_item.sum", money = "major", currency = "currency" }

[[mappings.m.events]]
type = "ticket.replied"
ticket_id = "id"
id = "id"
author = { path = "source", values = { pos = "agent" }, other = "customer" }
public = "one"
promised_at = { first = [{ path = "created", time = "ns" }, "total"] }

[[mappings.m.events]]
type = "review.submitted"
review_id = "id"
id = "id"
rating = "total"
sentiment = "one"
"""


USUAL = {
    "user": {"id": 5, "email": "Ann@Example.com"},
    "id": "17",
    "total": "19.99",
    "currency": "EUR",
    "created": 1714557600123,
    "items": [{"coupon": "X", "ok": True, "n": 1, "sum": "1.00"}],
    "source": "pos",
    "ab": {"x": "b"},
    "one": "xy",
    "other": "z",
}


ODD_VALUES = [
    *(None, True, -1, 3, 10**30, 2.5, 1e300, "", "x", "\x00", "5", "1e999999", "2024-05-01T10:00:00"),
    *([], ["x"], [[1], "x"], {}, {"id": {}}, {"email": 5}, [{"ok": [1], "n": {}, "sum": []}]),
]


@pytest.mark.slow
def test_any_value_in_any_field_raises_no_exception():
    """Any value in any place, and any two compared values: errors are reported, and none is raised."""
    shaped = reader(EVERY_WAY)
    whole = reader(EVERY_WAY.replace("skip = {", 'skip = { never = "length(to_array(id)) > `9`",'))
    records = [USUAL | {place: odd} for place in USUAL for odd in ODD_VALUES]
    records += [USUAL | {"one": one, "other": other} for one in ODD_VALUES for other in ODD_VALUES]
    for record in records:
        found = shaped.map_row(record)
        value = json.dumps(record).encode()
        assert shaped.map_record(value).events == whole.map_record(value).events == found.events, record
        assert {error.reason for error in found.errors} <= {"invalid_field"}, record
    types = {event["type"] for event in reported(shaped.map_row(USUAL).events)}
    assert types == {"order.placed", "refund.completed", "customer.merged"}


def test_records_off_the_fast_path_are_read():
    """Ids that are numbers, and a part that is often missing: after a thousand, nothing is hoped any more."""
    mapped = reader(TABLE.replace('"customer"', '"customer.id"'))
    row = {"at": "2024-05-01T10:00:00Z", "cents": 5, "status": "paid"}
    for number in range(1100):
        value = json.dumps(row | {"id": number, "customer": {"id": number} if number % 2 else None}).encode()
        found = mapped.map_record(value)
        assert [event.order_id for event in found.events] == ([str(number)] if number % 2 else [])
        assert found.anonymous is not bool(number % 2)
    text = json.dumps(row | {"id": "a", "customer": {"id": "b"}}).encode()
    assert mapped.map_record(text).events[0].customer_id == "b"


def test_fast_and_slow_paths_read_the_same_float_ids():
    text = """
    [mappings.m]
    customer_id = "customer"
    time = "at"
    [[mappings.m.events]]
    type = "stock.missed"
    id = "id"
    sku = "sku"
    """
    row = {"id": "e1", "customer": "1234.0", "at": "2026-01-01T00:00:00Z", "sku": "1.0"}
    mapped = reader(text)
    for result in (mapped.map_record(json.dumps(row).encode()), mapped.map_row(row)):
        [event] = result.events
        assert (event.customer_id, event.sku) == ("1234", "1.0"), "a sku is no id of a row"
