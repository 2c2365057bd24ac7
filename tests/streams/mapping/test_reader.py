"""Records become events: rules, conditions, identities, envelopes, and what is said of other records."""

import json
from types import SimpleNamespace

import msgspec
import pytest

from streams.mapping.reader import MappedError
from tests.support.mappings import mapping_reader as reader

ROWS = """
[mappings.m]
customer_id = { first = ["user.id", { path = "user.email", lower = true, prefix = "email:" }, "guest"] }
merge = true
time = { path = "created", time = "ms" }
channel = { path = "source", values = { pos = "store" }, other = "web" }
skip = { test = "test", b2b = "contains(tags, 'B2B')" }

[[mappings.m.events]]
type = "order.placed"
order_id = "id"
amount = { path = "total", money = "major" }
currency = "currency"
experiments = "ab"

[[mappings.m.events]]
type = "order.delivered"
when = "delivered_at"
order_id = "id"
time = { path = "delivered_at", zone = "Europe/Berlin" }

[[mappings.m.events]]
type = "refund.completed"
each = "refunds"
when = "_item.ok"
refund_id = { template = "{id}/{_item.n}" }
order_id = "id"
amount = { path = "_item.sum", money = "major", currency = "currency" }
"""
ROW = {
    "id": 17,
    "user": {"id": 5, "email": "Ann@Example.com"},
    "created": 1714557600123,
    "total": "19.99",
    "currency": "EUR",
    "ab": {"checkout": "b"},
}


def reported(events):
    return [{k: v for k, v in msgspec.to_builtins(event).items() if v is not None} for event in events]


@pytest.fixture(params=["as JSON of the mapping's shape", "as JSON in whole", "as a row of a file"])
def outcome(request):
    """A record becomes the same, in whichever way it is held."""
    text = ROWS
    if request.param == "as JSON in whole":  # a condition that only JMESPath's interpreter knows
        text = ROWS.replace(
            'skip = { test = "test"', 'skip = { test = "length(to_array(test)) > `1` || test"'
        )
    mapped = reader(text)

    def make(**changes):
        row = ROW | changes
        if request.param == "as a row of a file":
            return mapped.map_row(row)
        return mapped.map_record(json.dumps(row).encode())

    return make


def test_order_row_yields_order_and_identities(outcome):
    found = outcome()
    assert found.errors == []
    assert reported(found.events) == [
        {
            "type": "order.placed",
            "id": "order.placed:17",
            "time": "2024-05-01T10:00:00.123000Z",
            "customer_id": "5",
            "experiments": {"checkout": "b"},
            "order_id": "17",
            "amount": 1999,
            "currency": "EUR",
        },
        {
            "type": "customer.merged",
            "id": "customer.merged:email:ann@example.com:5",
            "time": "2024-05-01T10:00:00.123000Z",
            "customer_id": "email:ann@example.com",
            "into": "5",
        },
    ]


def test_row_yields_several_events(outcome):
    refunds = [
        {"n": 1, "sum": 5.1, "ok": True},
        {"n": 2, "sum": 1, "ok": False},
        {"n": 3, "sum": "0.07", "ok": 1},
    ]
    found = outcome(delivered_at="2024-05-03 09:30:00", refunds=refunds, user={"id": 5}, source="pos")
    assert [(event["type"], event["time"]) for event in reported(found.events)] == [
        ("order.placed", "2024-05-01T10:00:00.123000Z"),
        ("order.delivered", "2024-05-03T09:30:00+02:00"),
        ("refund.completed", "2024-05-01T10:00:00.123000Z"),
        ("refund.completed", "2024-05-01T10:00:00.123000Z"),
    ]
    assert [(event.refund_id, event.amount) for event in found.events[2:]] == [("17/1", 510), ("17/3", 7)]
    assert {event.channel for event in found.events} == {"store"}


def test_skipped_record_names_its_rule(outcome):
    assert (outcome(test=True).skipped, outcome(test=True).events) == ("test", [])
    assert outcome(tags=["x", "B2B"]).skipped == "b2b"
    assert outcome(tags=None).skipped is None


def test_row_without_identity_is_anonymous(outcome):
    assert outcome(user={"email": " ANN@example.com"}).events[0].customer_id == "email:ann@example.com"
    assert outcome(user=None, guest="g-1").events[0].customer_id == "g-1"
    merged = outcome(guest="g-1").events[1:]
    assert [(event.customer_id, event.into) for event in merged] == [
        ("email:ann@example.com", "5"),
        ("g-1", "5"),
    ]
    for anonymous_text in (None, {}, {"id": "", "email": ""}, "Ann"):
        found = outcome(user=anonymous_text)
        assert (found.events, found.errors, found.anonymous) == ([], [], True)


def test_invalid_event_of_a_row_keeps_the_other_events(outcome):
    found = outcome(
        refunds=[{"n": 1, "sum": "1.234", "ok": True}, {"n": 2, "sum": 1, "ok": True}], guest=None
    )
    assert [event["type"] for event in reported(found.events)] == [
        "order.placed",
        "refund.completed",
        "customer.merged",
    ]
    [error] = found.errors
    assert error.reason == "invalid_field"
    assert error.message == (
        "mapping m, refund.completed, `amount` from `_item.sum`, `currency` (text): "
        "has more than the currency's 2 decimal places; `round = true` rounds it"
    )


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


def test_part_of_a_composed_id_is_text(outcome):
    found = outcome(refunds=[{"n": {"odd": 1}, "sum": "1.00", "ok": True}], guest=None)
    [error] = found.errors
    assert error.reason == "invalid_field"
    assert "nothing is there" in error.message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": None}, "`order_id` from `id` (nothing): nothing is there"),
        ({"id": [1]}, "`order_id` from `id` (a list): Expected `str`, got `array`"),
        ({"total": "a lot"}, "`amount` from `total`, `currency` (text): Expected `int`, got `str`"),
        ({"total": -1}, "`amount` from `total`, `currency` (a number): Expected `int` >= 0"),
        (
            {"currency": None},
            "`amount` from `total`, `currency` (text): cannot be minor units: its currency is",
        ),
        (
            {"currency": ["EUR"]},
            "`amount` from `total`, `currency` (text): cannot be minor units: its currency is a list",
        ),
        ({"total": ""}, "`amount` from `total`, `currency` (text): nothing is there"),
        ({"created": ""}, "`time` from `created` (text): nothing is there"),
        ({"created": "soon"}, "`time` from `created` (text): is text, not a number of ms since 1970"),
        (
            {"user": {"id": "x" * 129}},
            "`customer_id` from `user.id`, `user.email`, `guest` (text): Expected `str` of",
        ),
        ({"ab": {"x": [1]}}, "`experiments[...]` : Expected `str`, got `array`"),
    ],
)
def test_error_names_mapping_field_path_and_kind(outcome, changes, message):
    errors = outcome(**changes).errors
    assert {error.reason for error in errors} == {"invalid_field"}
    expected = f"mapping m, order.placed, {message}".replace("` :", "`:")
    assert errors[0].message.startswith(expected), errors[0].message
    assert "x" * 9 not in errors[0].message


def test_unreadable_record_is_a_dead_letter():
    mapped = reader(ROWS)
    reasons = {value: mapped.map_record(value).errors[0].reason for value in (b"{", b"[1]", b"x" * (1 << 21))}
    assert list(reasons.values()) == ["not_json", "not_json", "too_large"]
    for nothing in (None, b""):
        found = mapped.map_record(nothing)
        assert (found.events, found.errors) == ([], [])


def test_error_of_a_record_contains_its_valid_events():
    mapped = reader(ROWS)
    assert len(mapped.events(json.dumps(ROW).encode())) == 2
    with pytest.raises(MappedError) as caught:
        mapped.events(json.dumps(ROW | {"refunds": [{"ok": True}]}).encode())
    assert caught.value.reason == "invalid_field"
    assert len(caught.value.events) == 2


def test_result_names_skipped_and_anonymous_rows():
    mapped = reader(ROWS)
    changes = ({"test": True}, {"test": True}, {"tags": ["B2B"]}, {"user": None}, {})
    results = [mapped.map_record(json.dumps(ROW | one).encode()) for one in changes]
    assert [result.skipped for result in results] == ["test", "test", "b2b", None, None]
    assert [result.anonymous for result in results] == [False, False, False, True, False]


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


def test_mapping_a_row_does_not_change_it():
    mapped, row = reader(ROWS), json.loads(json.dumps(ROW))
    first = mapped.map_row(row)
    assert row == ROW
    assert mapped.map_row(row) == first


TABLE = """
[mappings.m]
customer_id = "customer"
[[mappings.m.events]]
type = { path = "status", values = { paid = "order.placed", void = "order.cancelled" } }
order_id = "id"
time = "at"
amount = "cents"
currency = { const = "USD" }
"""


def test_event_type_follows_from_a_value():
    mapped = reader(TABLE)
    row = {"id": 1, "customer": 2, "at": "2024-05-01T10:00:00Z", "cents": 5}
    types = [
        [event["type"] for event in reported(mapped.map_row(row | {"status": status}).events)]
        for status in ("paid", "void", "draft", None)
    ]
    assert types == [["order.placed"], ["order.cancelled"], [], []]


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
    """Anything in any place, and any two that are compared: what is wrong is said, nothing is raised."""
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


def test_too_long_id_becomes_a_digest():
    row = ROW | {"id": "x" * 128}
    [placed, _] = reader(ROWS).map_record(json.dumps(row).encode()).events
    assert len(placed.id) == 64
    assert placed.order_id == "x" * 128


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


@pytest.mark.parametrize("number", ["17.0", "17.00", 17.0, 17])
def test_ids_that_were_floats_are_the_ids_of_integers(outcome, number):
    found = outcome(id=number, user={"id": number, "email": None}, total="19.99")
    [order] = found.events
    assert (order.order_id, order.customer_id, order.id) == ("17", "17", "order.placed:17")


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
