"""The report on a sample of a topic."""

import json
from types import SimpleNamespace

import pytest

from models.definitions.definitions import Definitions
from streams.mapping.dry_run import dry_run_of
from streams.mapping.mappings import load
from streams.mapping.outcome_check import OutcomeCheck
from streams.mapping.shown_values import partly_hidden, shortened

#: 21 June 2026.
WALL_US = 1_782_000_000_000_000
MAPPING = {
    "customer_id": "customer",
    "otherwise": {"unpaid": "status == 'pending'"},
    "events": [{"type": "order.cancelled", "when": "status == 'void'", "order_id": "id", "time": "at"}],
}
ROW = {
    "id": "1",
    "customer": "ann@example.com",
    "at": "2026-06-10T10:00:00Z",
    "status": "void",
    "note": "secret",
}


def report_of(*rows, mapping=MAPPING, event_clock=False):
    values = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    records = [
        SimpleNamespace(topic="t", key=None, headers=[], timestamp=0, value=value, partition=0, offset=offset)
        for offset, value in enumerate(values)
    ]
    reader = load({"mappings": {"shop": mapping}}).reader("shop")
    check = OutcomeCheck(Definitions(), WALL_US, event_clock=event_clock)
    return dry_run_of("t", reader, records, definitions=Definitions(), tasks=2, check=check)


def without(field, **more):
    return {name: value for name, value in ROW.items() if name != field} | more


def test_report_counts_events_and_names_what_is_left_out():
    report = report_of(ROW, ROW | {"status": "pending"}, ROW | {"status": "new"})
    assert (report.events, report.skipped, report.nothing) == ({"order.cancelled": 1}, {"unpaid": 1}, 1)
    assert report.missing == ""


def test_old_records_are_too_old_by_the_wall_clock_only():
    old = [ROW | {"id": str(day), "at": f"2015-03-{day:02}T10:00:00Z"} for day in range(1, 31)]
    assert report_of(*old, event_clock=True).events == {"order.cancelled": 30}
    [refused] = report_of(*old).refused
    assert (refused.reason, refused.records) == ("too_old", 30)


def test_event_clock_follows_valid_events_only():
    old, future = ROW | {"at": "2015-03-01T10:00:00Z"}, ROW | {"id": "2", "at": "2027-01-01T00:00:00Z"}
    report = report_of(old, future, old | {"id": "3"}, ROW | {"id": "4"}, old | {"id": "5"}, event_clock=True)
    assert report.events == {"order.cancelled": 3}
    assert [(one.reason, one.offset) for one in report.refused] == [("future_time", 1), ("too_old", 4)]


def test_field_that_no_record_has_is_named_if_there_is_no_event():
    report = report_of(without("customer", custmer="ann"), without("customer", custmer="bob"))
    assert report.anonymous == 2
    assert report.missing == (
        "`customer` (`customer_id` of order.cancelled) did you mean `custmer` instead of `customer`?"
    )


def test_field_that_some_records_have_is_not_missing():
    assert report_of(without("customer"), ROW).missing == ""
    assert report_of(without("customer"), ROW | {"status": "new"}).missing == ""


def test_field_that_is_null_is_not_missing():
    assert report_of(ROW | {"customer": None}).missing == ""


def test_records_without_a_row_miss_nothing():
    assert report_of(b"", b"no json").missing == ""


def test_example_hides_what_is_not_read_and_shortens_values():
    [example] = report_of(ROW).examples
    assert example.record == ROW | {"customer": "a…@example.com", "note": "(text)"}
    assert example.events[0]["customer_id"] == "a…@example.com"
    assert example.described == "partition 0, offset 0"


def test_record_that_cannot_be_decoded_shows_its_beginning():
    [example] = report_of(b"0123456789" * 10).examples
    assert example.record == "01234567890123456789012345678901… (100 bytes)"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 33, "x" * 32 + "…"),
        ("Ann Lee <ann.lee@example.com>", "Ann Lee <a…@example.com>"),
        ("email:ann@example.com", "email:a…@example.com"),
        ([1, 2, 3, 4, 5], [1, 2, 3, "… 2 more"]),
        ({"a": None, "b": "", "c": 1.5, "d": True}, {"a": None, "b": "", "c": 1.5, "d": True}),
    ],
)
def test_shortened_value_shows_its_beginning(value, shown):
    assert shortened(value) == shown


def test_value_that_is_not_read_becomes_its_kind():
    value = {"a": {"b": "x", "c": 1}, "d": [{"e": "y"}], "f": None}
    shown = partly_hidden(value, lambda place: place == "a.c")
    assert shown == {"a": {"b": "(text)", "c": 1}, "d": [{"e": "(text)"}], "f": None}
