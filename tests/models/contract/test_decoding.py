"""What is an event, what is not, and which reason a bad record gets."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.contract.decoding import FIRST_TIME_US, MAX_BYTES, EventError, check_time, decode, to_us
from models.contract.events import (
    EVENT_TYPES,
    EVENTS,
    KINDS,
    CustomerErased,
    CustomerMerged,
    Item,
    OrderCancelled,
    OrderLinePlaced,
    OrderPlaced,
    SurveyAnswered,
    TicketOpened,
    TicketReplied,
)
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of

COMMON = {"id": "e1", "time": "2026-01-02T03:04:05.678901+02:00", "customer_id": "c1"}

#: The least that each type needs besides.
LEAST = {
    "order.placed": {"order_id": "o1", "amount": 0, "currency": "USD"},
    "order.amended": {"order_id": "o1", "amount": 5},
    "order.cancelled": {"order_id": "o1"},
    "order.restored": {"order_id": "o1"},
    "order.line_placed": {"order_id": "o1", "line_id": "1", "amount": -5, "currency": "USD"},
    "order.shipped": {"order_id": "o1"},
    "order.delivered": {"order_id": "o1"},
    "checkout.started": {"cart_id": "k1"},
    "payment.failed": {"payment_method": "card"},
    "stock.missed": {"sku": "s1"},
    "refund.requested": {"refund_id": "r1", "order_id": "o1"},
    "refund.completed": {"refund_id": "r1", "order_id": "o1", "amount": 5},
    "refund.rejected": {"refund_id": "r1", "order_id": "o1"},
    "refund.reversed": {"refund_id": "r1", "order_id": "o1"},
    "ticket.opened": {"ticket_id": "t1"},
    "ticket.replied": {"ticket_id": "t1", "author": "agent"},
    "ticket.status_changed": {"ticket_id": "t1", "status": "solved"},
    "ticket.transferred": {"ticket_id": "t1"},
    "ticket.updated": {"ticket_id": "t1", "team": "billing"},
    "ticket.withdrawn": {"ticket_id": "t1"},
    "ticket.restored": {"ticket_id": "t1"},
    "review.submitted": {"review_id": "v1", "rating": 4},
    "review.removed": {"review_id": "v1"},
    "survey.answered": {"survey": "nps", "score": 9},
    "survey.withdrawn": {"answer_id": "a1"},
    "experience.shared": {"platform": "instagram"},
    "customer.merged": {"into": "c2"},
    "customer.erased": {},
    "customer.contacted": {"action_id": "a1"},
}

#: The most: every optional field too.
MOST = {
    "order.placed": {
        "items": [
            {"sku": "s1", "quantity": 2, "amount": 900},
            {"sku": "off", "quantity": 0.5, "amount": -100},
        ],
        "cart_id": "k1",
        "promised_at": "2026-01-05T00:00:00Z",
        "payment_method": "card",
        "referred_by": "c9",
        "coupon": "",
    },
    "order.cancelled": {"reason": ""},
    "order.line_placed": {
        "sku": "s1",
        "quantity": 0.5,
        "cart_id": "k1",
        "promised_at": "2026-01-05T00:00:00Z",
        "payment_method": "card",
        "referred_by": "c9",
        "coupon": "",
    },
    "payment.failed": {"cart_id": "k1", "order_id": "o1"},
    "refund.requested": {"amount": 7, "reason": "late"},
    "refund.reversed": {"reason": "bounced"},
    "ticket.opened": {
        "priority": "urgent",
        "opened_by": "agent",
        "order_id": "o1",
        "team": "billing",
        "category": "late",
    },
    "ticket.replied": {"public": False, "promised_at": "2026-01-05T00:00:00Z", "agent": "kim"},
    "ticket.updated": {"priority": "high", "category": "late", "agent": "kim"},
    "ticket.withdrawn": {"reason": "spam"},
    "ticket.transferred": {"to": "tier 2"},
    "review.submitted": {"order_id": "o1", "sku": "s1", "text": "", "language": "en", "sentiment": -1},
    "survey.answered": {"ticket_id": "t1", "order_id": "o1", "answer_id": "a1"},
}


def event(name, **fields):
    return {"type": name} | COMMON | LEAST[name] | fields


def read(fields, kind=None):
    return decode(kind or KINDS[fields["type"]], json.dumps(fields).encode())


def refused(value, kind="orders"):
    if isinstance(value, dict):
        value = json.dumps(value).encode()
    with pytest.raises(EventError) as caught:
        decode(kind, value)
    assert str(caught.value) == f"{caught.value.reason}: {caught.value.message}"
    return caught.value


def test_every_type_of_the_contract_has_a_class():
    assert set(EVENT_TYPES) == set(KINDS) == set(LEAST)
    assert set(EVENTS) == {"orders", "refunds", "tickets", "reviews", "customers"}


@pytest.mark.parametrize("name", LEAST)
def test_required_fields_are_enough(name):
    decoded = read(event(name))
    assert type(decoded) is EVENT_TYPES[name]
    assert (decoded.id, decoded.customer_id, decoded.channel, decoded.experiments) == ("e1", "c1", None, None)
    assert decoded.time == datetime(2026, 1, 2, 1, 4, 5, 678901, tzinfo=UTC)
    for field, content in LEAST[name].items():
        assert getattr(decoded, field) == content


@pytest.mark.parametrize("name", MOST)
def test_optional_field_is_decoded(name):
    decoded = read(event(name, channel="pigeon", experiments={"checkout-v2": "b"}, **MOST[name]))
    assert (decoded.channel, decoded.experiments) == ("pigeon", {"checkout-v2": "b"})
    for field, content in MOST[name].items():
        if field == "items":
            assert decoded.items == [Item("s1", 2, 900), Item("off", 0.5, -100)]
        elif field == "promised_at":
            assert getattr(decoded, field) == datetime(2026, 1, 5, tzinfo=UTC)
        else:
            assert getattr(decoded, field) == content


def test_defaults_are_those_of_the_contract():
    opened = read(event("ticket.opened"))
    assert isinstance(opened, TicketOpened)
    assert (opened.priority, opened.opened_by) == ("normal", "customer")
    replied = read(event("ticket.replied"))
    assert isinstance(replied, TicketReplied)
    assert replied.public is True


@pytest.mark.parametrize("name", LEAST)
def test_missing_required_field_is_named(name):
    for field in {"id", "time", "customer_id", *LEAST[name]}:
        fields = event(name)
        del fields[field]
        error = refused(fields, KINDS[name])
        assert error.reason == "invalid_field"
        assert f"`{field}`" in error.message


@pytest.mark.parametrize("name", LEAST)
@pytest.mark.parametrize("wrong", [[], {}, None, True, 1.5, ["a"]], ids=str)
def test_wrong_type_in_required_field_is_named(name, wrong):
    for field in {"id", "time", "customer_id", *LEAST[name]}:
        error = refused(event(name, **{field: wrong}), KINDS[name])
        assert error.reason == "invalid_field"
        assert field in error.message


@pytest.mark.parametrize("name", MOST)
def test_wrong_type_in_optional_field_is_named(name):
    for field in {"channel", "experiments", *MOST[name]}:
        error = refused(event(name, **{field: [["x"]]}), KINDS[name])
        assert error.reason == "invalid_field"
        assert field in error.message


@pytest.mark.parametrize("name", LEAST)
def test_null_in_optional_field_counts_as_absent(name):
    nulls = dict.fromkeys(["channel", "experiments", "nonsense", *MOST.get(name, {})])
    assert read(event(name, **nulls)) == read(event(name))


def test_null_besides_another_error_names_the_error():
    fields = event("ticket.opened", priority=None)
    del fields["ticket_id"]
    assert refused(fields, "tickets").reason == "invalid_field"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("order.placed", {"amount": -1}),
        ("order.placed", {"amount": 10**13 + 1}),
        ("order.placed", {"amount": "12"}),
        ("order.placed", {"amount": 12.0}),
        ("order.placed", {"amount": True}),
        ("order.placed", {"currency": "US"}),
        ("order.placed", {"currency": "USDT"}),
        ("order.placed", {"currency": 840}),
        ("order.placed", {"items": [{"sku": "s1", "quantity": -1, "amount": 1}]}),
        ("order.placed", {"items": [{"sku": "s1", "amount": 1}]}),
        ("order.placed", {"items": {}}),
        ("order.placed", {"promised_at": "tomorrow"}),
        ("order.placed", {"referred_by": ""}),
        ("order.placed", {"order_id": ""}),
        ("order.placed", {"order_id": 17}),
        ("order.placed", {"id": "x" * 129}),
        ("order.placed", {"customer_id": ""}),
        ("order.placed", {"customer_id": "x" * 129}),
        ("order.placed", {"channel": 1}),
        ("order.placed", {"experiments": {"a": 1}}),
        ("order.placed", {"experiments": ["a"]}),
        ("order.placed", {"experiments": {str(number): "a" for number in range(65)}}),
        ("order.placed", {"experiments": {"a": "b" * 129}}),
        ("refund.completed", {"amount": -1}),
        ("ticket.opened", {"priority": "HIGH"}),
        ("ticket.opened", {"opened_by": "bot"}),
        ("ticket.replied", {"author": "system"}),
        ("ticket.replied", {"public": "false"}),
        ("ticket.replied", {"public": 0}),
        ("ticket.status_changed", {"status": "new"}),
        ("review.submitted", {"rating": 0}),
        ("review.submitted", {"rating": 6}),
        ("review.submitted", {"rating": 4.5}),
        ("review.submitted", {"sentiment": 1.01}),
        ("review.submitted", {"sentiment": "good"}),
        ("survey.answered", {"survey": "nps", "score": 11}),
        ("survey.answered", {"survey": "nps", "score": -1}),
        ("survey.answered", {"survey": "ces", "score": 0}),
        ("survey.answered", {"survey": "ces", "score": 8}),
        ("survey.answered", {"survey": "csat", "score": 0}),
        ("survey.answered", {"survey": "csat", "score": 6}),
        ("survey.answered", {"score": 3, "survey": "smile"}),
        ("customer.merged", {"into": "c1"}),
    ],
)
def test_invalid_value_is_an_invalid_field_that_is_named(name, fields):
    error = refused(event(name, **fields), KINDS[name])
    assert error.reason == "invalid_field"
    assert next(reversed(fields)) in error.message


@pytest.mark.parametrize(("survey", "lowest", "highest"), [("nps", 0, 10), ("ces", 1, 7), ("csat", 1, 5)])
def test_ends_of_each_scale_are_valid(survey, lowest, highest):
    for score in (lowest, highest):
        answer = read(event("survey.answered", survey=survey, score=score))
        assert isinstance(answer, SurveyAnswered)
        assert answer.score == score


def test_largest_amount_and_longest_ids_are_accepted():
    order = read(event("order.placed", amount=10**13, id="€" * 128, customer_id="😀" * 128))
    assert isinstance(order, OrderPlaced)
    assert (order.amount, len(order.id), len(order.customer_id)) == (10**13, 128, 128)


def test_decoder_accepts_currency_without_a_rate():
    assert isinstance(read(event("order.placed", currency="XXX")), OrderPlaced)


def test_unknown_fields_are_ignored():
    assert read(event("order.shipped", schema={"a": [1, None, {"b": "c"}]})) == read(event("order.shipped"))


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


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01 02:00:00+02:00", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1969-12-31T19:30:00-04:30", 0),
        ("1970-01-01T00:00:00.1234567Z", 123_457),
    ],
)
def test_valid_time_is_decoded(text, us):
    assert to_us(read(event("order.shipped", time=text)).time) == us


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T10:00:00",
        "2026-01-01",
        "2026-12-31T23:59:60Z",
        "2026-01-01T24:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T10:00Z",
        "2026-01-01T10:00:00+24:00",
        "1767225600",
        "",
        1767225600,
    ],
)
def test_invalid_time_is_an_invalid_field(text):
    error = refused(event("order.shipped", time=text))
    assert error.reason == "invalid_field"
    assert "time" in error.message


def test_first_and_last_datetime_are_accepted():
    assert to_us(read(event("order.shipped", time="0001-01-01T00:00:00+23:59")).time) < 0
    assert to_us(read(event("order.shipped", time="9999-12-31T23:59:59-23:59")).time) > 0


@given(st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-7, minutes=-30)))))
def test_microseconds_are_converted_exactly(time):
    us = to_us(time)
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us) == time


HOUR = 3_600_000_000
NOW = 500_000 * HOUR + 123


def check(time, wall=NOW, now=NOW, event_type=OrderCancelled):
    check_time(event_type, time, wall_us=wall, now_us=now, definitions=Definitions())


def test_event_may_be_five_minutes_ahead_of_the_wall_clock():
    check(NOW + 300_000_000)
    with pytest.raises(EventError, match="future_time") as caught:
        check(NOW + 300_000_001)
    assert caught.value.reason == "future_time"
    check(NOW, now=0)  # the clock of the events may be far behind: only the wall clock counts


def test_horizon_counts_whole_hours_of_the_clock():
    oldest = (500_000 - 800 * 24 + 1) * HOUR
    check(oldest)
    with pytest.raises(EventError, match="too_old") as caught:
        check(oldest - 1)
    assert caught.value.reason == "too_old"
    check(oldest - 1, now=NOW - HOUR)


def test_merges_and_erasures_do_not_expire():
    assert (CustomerMerged.expires, CustomerErased.expires, OrderPlaced.expires) == (False, False, True)
    check(0, event_type=CustomerMerged)
    check(0, event_type=CustomerErased)


def test_placed_order_is_too_old_only_if_first_orders_expire():
    check(FIRST_TIME_US, event_type=OrderPlaced)
    check(FIRST_TIME_US, event_type=OrderLinePlaced)
    off = Definitions(keep_first_order=False)
    with pytest.raises(EventError, match="too_old"):
        check_time(OrderPlaced, FIRST_TIME_US, wall_us=NOW, now_us=NOW, definitions=off)


PLACEHOLDERS = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "1753-01-01T00:00:00Z",
    "1899-12-30T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "1980-01-01T00:00:00-12:00",
    "1989-12-31T23:59:59.999999Z",
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
@pytest.mark.parametrize("event_type", [OrderPlaced, OrderLinePlaced, OrderCancelled])
def test_time_before_1990_is_too_old_for_every_order(event_type, text):
    time = to_us(datetime.fromisoformat(text))
    for now in (NOW, 0):  # the clock of the events has not begun
        with pytest.raises(EventError, match=r"too_old: .*before 1990"):
            check(time, now=now, event_type=event_type)


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_promise_before_1990_is_an_invalid_field(text):
    promised = {"promised_at": text}
    for decoded in (read(event("order.placed", **promised)), read(event("ticket.replied", **promised))):
        with pytest.raises(EventError, match="invalid_field: `promised_at` is before 1990"):
            facts_of(decoded, Definitions())
    never = event("order.placed", promised_at="9999-12-31T23:59:59-14:00")
    assert facts_of(read(never), Definitions())


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
