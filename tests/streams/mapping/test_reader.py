"""A record becomes events, an error or nothing, in whichever way it is held."""

import json

import pytest

from streams.mapping.reader import MappedError
from tests.support.mappings import mapping_reader as reader
from tests.support.mappings import reported

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


@pytest.fixture(params=["as JSON of the mapping's shape", "as JSON in whole", "as a row of a file"])
def outcome(request):
    """A record has equal events, whether it is held as bytes, text or objects."""
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


def test_mapping_a_row_does_not_change_it():
    mapped, row = reader(ROWS), json.loads(json.dumps(ROW))
    first = mapped.map_row(row)
    assert row == ROW
    assert mapped.map_row(row) == first


def test_too_long_id_becomes_a_digest():
    row = ROW | {"id": "x" * 128}
    [placed, _] = reader(ROWS).map_record(json.dumps(row).encode()).events
    assert len(placed.id) == 64
    assert placed.order_id == "x" * 128


@pytest.mark.parametrize("number", ["17.0", "17.00", 17.0, 17])
def test_ids_that_were_floats_are_the_ids_of_integers(outcome, number):
    found = outcome(id=number, user={"id": number, "email": None}, total="19.99")
    [order] = found.events
    assert (order.order_id, order.customer_id, order.id) == ("17", "17", "order.placed:17")
