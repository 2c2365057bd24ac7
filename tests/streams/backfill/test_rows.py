"""Rows of CSV and Parquet, as events."""

import io
import json
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from models.contract.decoding import EventError, decode
from models.contract.events import Item
from streams.backfill.parquet import parquet_rows
from streams.backfill.rows import UnreadableRow, csv_rows, native_event
from streams.errors import RetentionError

ITEMS = '[{"sku":"s","quantity":1.5,"amount":5}]'
HEAD = {"id": "1", "time": "2026-01-01T00:00:00Z", "customer_id": "c"}


def of_csv(text):
    return list(csv_rows(io.BytesIO(text.encode())))


def of_parquet(table):
    file = io.BytesIO()
    parquet.write_table(table, file)
    file.seek(0)
    return list(parquet_rows(file))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_header_says_what_separates(separator):
    text = separator.join(["id", "type", "time"]) + "\n" + separator.join(["1", "order.placed", "now"]) + "\n"
    assert of_csv(text) == [(2, {"id": "1", "type": "order.placed", "time": "now"})]


def test_quotes_line_ends_and_blank_lines_are_as_csv_has_them():
    rows = of_csv('\ufeffid,text\r\n1,"a ""b"",\nc"\r\n\r\n2,\r\n3\r\n')
    assert rows == [(3, {"id": "1", "text": 'a "b",\nc'}), (5, {"id": "2"}), (6, {"id": "3"})]


def test_a_row_with_a_separator_too_many_is_torn_and_costs_no_other():
    [(two, torn), (three, row)] = of_csv("id,name,amount\n1,Miller, Ann,5\n2,Miller,7,,\n")
    assert (two, three, row) == (2, 3, {"id": "2", "name": "Miller", "amount": "7"})
    assert isinstance(torn, UnreadableRow)
    assert torn.problem == "the row has 4 cells and the header 3; quotes may be missing"
    assert json.loads(torn.content) == ["1", "Miller", " Ann", "5"]


def test_a_quote_that_nobody_closes_is_said_of_the_rest_of_the_file():
    [(two, row), (five, torn)] = of_csv('id,name\n1,a\n2,"b\n3,c\n4,d')
    assert (two, row, five) == (2, {"id": "1", "name": "a"}, 5)
    assert torn.problem.startswith("a quote is not closed before the end of the file")
    assert json.loads(torn.content) == ["2", "b\n3,c\n4,d"]
    assert of_csv('id,name\n1,"a\nb"') == [(3, {"id": "1", "name": "a\nb"})]


def test_spreadsheets_name_the_separator_or_put_spaces_behind_it():
    assert of_csv("sep=;\r\nid;name\r\n1;a,b\r\n") == [(3, {"id": "1", "name": "a,b"})]
    assert of_csv("id, name, kind\n1, a, b\n") == [(2, {"id": "1", "name": "a", "kind": "b"})]
    assert of_csv("id,name\n1, a\n") == [(2, {"id": "1", "name": " a"})]


@pytest.mark.parametrize("header", ["", "\n", "id,time,id"])
def test_a_header_that_names_no_columns_is_said(header):
    with pytest.raises(RetentionError, match="must name its columns"):
        of_csv(header)


def test_what_is_not_utf_8_is_said_instead_of_making_one_id_of_many():
    with pytest.raises(RetentionError, match="must be UTF-8"):
        list(csv_rows(io.BytesIO("customer_id\nMüller\nMöller\n".encode("latin-1"))))


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        (
            "order.placed",
            {"order_id": "o", "amount": "1000", "currency": "USD", "items": ITEMS, "coupon": "10"},
            {"amount": 1000, "coupon": "10", "items": [Item("s", 1.5, 5)]},
        ),
        ("order.shipped", {"order_id": "7", "experiments": '{"a":"b"}'}, {"experiments": {"a": "b"}}),
        ("ticket.replied", {"ticket_id": "7", "author": "bot", "public": "f"}, {"public": False}),
        ("review.submitted", {"review_id": "r", "rating": "5", "sentiment": "-0.5"}, {"sentiment": -0.5}),
        ("survey.answered", {"survey": "nps", "score": "09"}, {"score": 9}),
    ],
)
def test_a_cell_is_what_its_field_is(kind, cells, expected):
    content = native_event(HEAD | {"type": kind} | cells)
    event = decode_any(content)
    assert {name: getattr(event, name) for name in expected} == expected


def decode_any(content):
    kinds = {"order": "orders", "ticket": "tickets", "review": "reviews", "survey": "reviews"}
    return decode(kinds[json.loads(content)["type"].split(".")[0]], content)


@pytest.mark.parametrize(
    ("field", "cell"), [("amount", "10.00"), ("amount", "1e3"), ("items", "[{"), ("experiments", "b")]
)
def test_a_cell_that_is_not_is_refused_as_such(field, cell):
    row = HEAD | {"type": "order.placed", "order_id": "o", "amount": "1", "currency": "USD"} | {field: cell}
    with pytest.raises(EventError, match=f"invalid_field.*{field}"):
        decode_any(native_event(row))


def test_parquet_has_types_of_its_own():
    moment = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
    table = pa.table(
        {
            "id": ["1", "2"],
            "type": ["order.placed"] * 2,
            "time": pa.array([moment, moment], pa.timestamp("ns", "Europe/Paris")),
            "amount": pa.array([Decimal(1000), None], pa.decimal128(12, 0)),
            "experiments": pa.array([[("price", "b")], None], pa.map_(pa.string(), pa.string())),
            "items": pa.array([[{"sku": "s", "quantity": 1.5, "amount": 5}], None]),
        }
    )
    (first, row), (second, other) = of_parquet(table)
    assert (first, second) == (1, 2)
    event = decode("orders", native_event(row | {"customer_id": "c", "order_id": "o", "currency": "USD"}))
    assert event.time == moment
    assert (event.amount, event.experiments, event.items[0].quantity) == (1000, {"price": "b"}, 1.5)
    assert set(other) == {"id", "type", "time"}


def test_what_python_has_no_type_for_is_given_one():
    moment, fine = datetime(2024, 5, 1, 10, 0, 0, 123456, tzinfo=UTC), pa.timestamp("ns", "UTC")
    ns = 1714557600123456789
    table = pa.table(
        {
            "nested": pa.array([{"at": ns, "each": [ns]}], pa.struct({"at": fine, "each": pa.list_(fine)})),
            "clock": pa.array([1_000], pa.time64("ns")),
            "took": pa.array([1_001], pa.duration("ns")),
            "text": pa.array([b"a"], pa.binary()),
            "image": pa.array([b"\xff"], pa.binary()),
            "missing": pa.array([float("nan")]),
        }
    )
    [(_, row)] = of_parquet(table)
    assert row == {
        "nested": {"at": moment, "each": [moment]},
        "clock": time(0, 0, 0, 1),
        "took": timedelta(microseconds=1),
        "text": "a",
        "image": b"\xff",
    }


def test_a_time_that_no_calendar_has_costs_no_other_row():
    day = 86_400_000
    table = pa.table({"id": ["1", "2", "3"], "at": pa.array([0, 10**15, day], pa.timestamp("ms", "UTC"))})
    (_, first), (_, torn), (number, last) = of_parquet(table)
    assert (first["id"], number, last["id"]) == ("1", 3, "3")
    assert isinstance(torn, UnreadableRow)
    assert "the row cannot be read: " in torn.problem
    assert json.loads(torn.content)["id"] == "2"


def test_a_column_that_is_there_twice_is_said():
    with pytest.raises(RetentionError, match="column names are not unique: a, a"):
        of_parquet(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]))


def test_a_time_without_a_zone_is_refused_as_in_json():
    table = pa.table({"time": pa.array([datetime(2026, 1, 1)], pa.timestamp("us"))})  # noqa: DTZ001
    [(_, row)] = of_parquet(table)
    row = HEAD | {"type": "order.cancelled", "order_id": "o"} | row
    with pytest.raises(EventError, match=r"invalid_field.*time"):
        decode("orders", native_event(row))


def test_what_is_no_parquet_is_said():
    with pytest.raises(RetentionError, match="cannot be read"):
        list(parquet_rows(io.BytesIO(b"no parquet, however long it goes on")))
