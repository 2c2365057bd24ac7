"""The time of an event: its forms, and which times are too old or ahead of the clock."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract.decoding import FIRST_TIME_US, EventError, check_time, to_us
from models.contract.events import (
    CustomerErased,
    CustomerMerged,
    OrderCancelled,
    OrderLinePlaced,
    OrderPlaced,
)
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of
from tests.support.contract_events import event, read, refused


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
