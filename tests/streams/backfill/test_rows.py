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
def test_separator_is_found_in_the_header(separator):
    text = separator.join(["id", "type", "time"]) + "\n" + separator.join(["1", "order.placed", "now"]) + "\n"
    assert of_csv(text) == [(2, {"id": "1", "type": "order.placed", "time": "now"})]


def test_quotes_line_ends_and_blank_lines_follow_csv():
    rows = of_csv('\ufeffid,text\r\n1,"a ""b"",\nc"\r\n\r\n2,\r\n3\r\n')
    assert rows == [(3, {"id": "1", "text": 'a "b",\nc'}), (5, {"id": "2"}), (6, {"id": "3"})]


def test_row_with_too_many_cells_is_the_only_unreadable_one():
    [(two, unreadable), (three, row)] = of_csv("id,name,amount\n1,Miller, Ann,5\n2,Miller,7,,\n")
    assert (two, three, row) == (2, 3, {"id": "2", "name": "Miller", "amount": "7"})
    assert isinstance(unreadable, UnreadableRow)
    assert unreadable.problem == "the row has 4 cells and the header 3; quotes may be missing"
    assert json.loads(unreadable.content) == ["1", "Miller", " Ann", "5"]


def test_unclosed_quote_makes_the_rest_of_the_file_unreadable():
    [(two, row), (five, unreadable)] = of_csv('id,name\n1,a\n2,"b\n3,c\n4,d')
    assert (two, row, five) == (2, {"id": "1", "name": "a"}, 5)
    assert unreadable.problem.startswith("a quote is not closed before the end of the file")
    assert json.loads(unreadable.content) == ["2", "b\n3,c\n4,d"]
    assert of_csv('id,name\n1,"a\nb"') == [(3, {"id": "1", "name": "a\nb"})]


def test_spreadsheet_separator_line_and_spaces_are_accepted():
    assert of_csv("sep=;\r\nid;name\r\n1;a,b\r\n") == [(3, {"id": "1", "name": "a,b"})]
    assert of_csv("id, name, kind\n1, a, b\n") == [(2, {"id": "1", "name": "a", "kind": "b"})]
    assert of_csv("id,name\n1, a\n") == [(2, {"id": "1", "name": " a"})]


@pytest.mark.parametrize("header", ["", "\n", "id,time,id"])
def test_header_without_columns_is_an_error(header):
    with pytest.raises(RetentionError, match="must name its columns"):
        of_csv(header)


def test_bytes_that_are_not_utf_8_are_unreadable():
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
        ("customer.updated", {"attributes": '{"a":"b","c":null}'}, {"attributes": {"a": "b", "c": None}}),
        ("ticket.replied", {"ticket_id": "7", "author": "bot", "public": "f"}, {"public": False}),
        ("review.submitted", {"review_id": "r", "rating": "5", "sentiment": "-0.5"}, {"sentiment": -0.5}),
        ("survey.answered", {"survey": "nps", "score": "09"}, {"score": 9}),
    ],
)
def test_cell_takes_the_type_of_its_field(kind, cells, expected):
    content = native_event(HEAD | {"type": kind} | cells)
    event = decode_any(content)
    assert {name: getattr(event, name) for name in expected} == expected


def decode_any(content):
    kinds = {
        "customer": "customers",
        "order": "orders",
        "ticket": "tickets",
        "review": "reviews",
        "survey": "reviews",
    }
    return decode(kinds[json.loads(content)["type"].split(".")[0]], content)


@pytest.mark.parametrize(
    ("field", "cell"), [("amount", "10.00"), ("amount", "1e3"), ("items", "[{"), ("experiments", "b")]
)
def test_cell_of_another_type_is_rejected(field, cell):
    row = HEAD | {"type": "order.placed", "order_id": "o", "amount": "1", "currency": "USD"} | {field: cell}
    with pytest.raises(EventError, match=f"invalid_field.*{field}"):
        decode_any(native_event(row))


def test_parquet_types_are_converted():
    moment = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
    table = pa.table(
        {
            "id": ["1", "2"],
            "type": ["order.placed"] * 2,
            "time": pa.array([moment, moment], pa.timestamp("ns", "Europe/Paris")),
            "amount": pa.array([Decimal(1000), None], pa.decimal128(12, 0)),
            "experiments": pa.array([[("price", "b")], None], pa.map_(pa.string(), pa.string())),
            "items": pa.array([[{"sku": "s", "quantity": 1.5, "amount": 5}], None]),
            "attributes": pa.array([{"gift": "yes", "size": None}, None]),
        }
    )
    (first, row), (second, other) = of_parquet(table)
    assert (first, second) == (1, 2)
    event = decode("orders", native_event(row | {"customer_id": "c", "order_id": "o", "currency": "USD"}))
    assert event.time == moment
    assert (event.amount, event.experiments, event.items[0].quantity) == (1000, {"price": "b"}, 1.5)
    assert event.attributes == {"gift": "yes", "size": None}
    assert set(other) == {"id", "type", "time"}


def test_values_without_a_python_type_are_converted():
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


def test_time_out_of_range_makes_only_its_row_unreadable():
    day = 86_400_000
    table = pa.table({"id": ["1", "2", "3"], "at": pa.array([0, 10**15, day], pa.timestamp("ms", "UTC"))})
    (_, first), (_, unreadable), (number, last) = of_parquet(table)
    assert (first["id"], number, last["id"]) == ("1", 3, "3")
    assert isinstance(unreadable, UnreadableRow)
    assert "the row cannot be read: " in unreadable.problem
    assert json.loads(unreadable.content)["id"] == "2"


def test_duplicate_columns_are_an_error():
    with pytest.raises(RetentionError, match="column names are not unique: a, a"):
        of_parquet(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]))


def test_time_without_zone_is_rejected_as_in_json():
    table = pa.table({"time": pa.array([datetime(2026, 1, 1)], pa.timestamp("us"))})  # noqa: DTZ001
    [(_, row)] = of_parquet(table)
    row = HEAD | {"type": "order.cancelled", "order_id": "o"} | row
    with pytest.raises(EventError, match=r"invalid_field.*time"):
        decode("orders", native_event(row))


def test_invalid_parquet_is_an_error():
    with pytest.raises(RetentionError, match="cannot be read"):
        list(parquet_rows(io.BytesIO(b"no parquet, however long it goes on")))
