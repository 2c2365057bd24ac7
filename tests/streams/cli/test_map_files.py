"""`retention map check FILE`: the report of a topic, for files."""

import csv
import gzip
import io
import json

import pyarrow as pa
import pytest
from pyarrow import parquet

CONFIG = """
[mappings.orders]
customer_id = "customer_id"
skip = { test = "test == 'true'" }
[[mappings.orders.events]]
type = "order.placed"
order_id = "id"
time = { path = "created_at", zone = "UTC" }
amount = { path = "amount", money = "major", currency = "EUR" }
currency = { const = "EUR" }
coupon = "voucher_code"
[rates]
EUR = 1.0
"""
ROW = {"id": "1", "customer_id": "ann", "amount": "19.99", "created_at": "2026-06-10 10:00:00"}
ROW |= {"voucher": "SUMMER", "email": "ann.smith@example.com", "test": "false"}


@pytest.fixture
def check(retention, tmp_path):
    """Check files with the mapping, by its report as JSON."""
    (tmp_path / "c.toml").write_text(CONFIG)

    def call(*contents, name="a.csv", options=("--mapping", "orders", "--json")):
        paths = []
        for number, content in enumerate(contents):
            paths.append(tmp_path / f"{number}{name}")
            paths[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
        return retention("map", "check", *paths, "--config", tmp_path / "c.toml", *options)

    return call


def table(*rows):
    written = io.StringIO()
    cells = (list(row.values()) if isinstance(row, dict) else row for row in [list(ROW), *rows])
    csv.writer(written).writerows(cells)
    return written.getvalue()


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_parquet(row):
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({name: [value] for name, value in row.items()}), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", table(ROW)),
        ("a.csv.gz", gzip.compress(table(ROW).encode())),
        ("a.jsonl", lines(ROW)),
        ("a.parquet", as_parquet(ROW)),
    ],
)
def test_report_of_a_file_has_counts_fields_and_examples(check, tmp_path, name, content):
    result = check(content, name=name)
    report = json.loads(result.out)
    assert (result.code, report["events"], report["records"]) == (0, {"order.placed": 1}, 1)
    assert {one["path"] for one in report["unread"]} == {"voucher", "email"}
    assert (report["unseen"], report["meant"]) == (["voucher_code"], {"voucher_code": "voucher"})
    [example] = report["examples"]
    assert (example["file"], example["line"] <= 2) == (str(tmp_path / f"0{name}"), True)
    assert example["came_in"]["amount"] == "19.99"
    assert example["became"][0]["amount"] == 1999
    assert report["partitions"] == []


def test_report_hides_values_that_are_not_read(check):
    out = check(table(ROW | {"customer_id": "ann.smith@example.com"}), options=("--mapping", "orders")).out
    assert '"voucher": "(text)"' in out
    assert '"customer_id": "a…@example.com"' in out
    assert "SUMMER" not in out
    assert "ann.smith" not in out


def test_outcomes_of_several_files_are_counted_together(check, tmp_path):
    rows = [ROW, ROW | {"id": "2", "test": "true"}, ROW | {"customer_id": ""}, list(ROW)]
    rejected = table(ROW | {"amount": "19,99"}, ROW | {"created_at": "10.06.2026"}, ROW | {"amount": "20,00"})
    result = check(table(*rows), rejected)
    report = json.loads(result.out)
    assert result.code == 1
    assert (report["events"], report["anonymous"]) == ({"order.placed": 1}, 1)
    assert report["skipped"] == {"test": 1, "repeated header": 1}
    amount, time = report["refused"]
    assert (amount["records"], amount["line"], amount["file"]) == (2, 2, str(tmp_path / "1a.csv"))
    assert '`decimal = ","`' in amount["message"]
    assert '`time = "%d.%m.%Y"`' in time["message"]


def test_text_report_names_files_and_lines(check):
    out = check(table(ROW, list(ROW), ROW | {"amount": "a lot"}), options=("--mapping", "orders")).out
    for words in (
        "1  order.placed",
        "1  repeated header",
        "fields in no record: voucher_code (did you mean voucher?)",
        "line 4)",
    ):
        assert words in out
    assert "partition" not in out


def test_conflicting_duplicates_are_reported_with_an_example(check):
    rows = table(ROW, ROW | {"amount": "7.00"}, ROW | {"amount": "7.00"})
    report = json.loads(check(rows).out)
    assert report["conflicts"] == {"orders": 1}
    out = check(rows, options=("--mapping", "orders")).out
    assert "1 conflicting duplicate on orders" in out
    assert report["conflicting"]["orders"] in out


def test_sample_limits_the_records_that_are_read(check):
    report = json.loads(
        check(table(ROW, ROW, ROW), options=("--mapping", "orders", "--sample", "2", "--json")).out
    )
    assert report["records"] == 2


def test_file_of_contract_events_needs_no_mapping(check):
    event = {"type": "order.placed", "id": "e", "time": "2026-06-10T10:00:00Z", "customer_id": "c"}
    event |= {"order_id": "o", "amount": 1, "currency": "EUR", "note": "x"}
    result = check(lines(event, event | {"time": "2026-06-10 10:00"}), name="a.jsonl", options=("--json",))
    report = json.loads(result.out)
    assert (result.code, report["events"]) == (1, {"order.placed": 1})
    assert [one["path"] for one in report["unread"]] == ["note"]
    assert "(`time`, `zone`)" in report["refused"][0]["message"]


def test_line_that_is_no_json_is_not_printed_whole(check):
    result = check("this is a line of somebody's data, which is long\n", lines(ROW), name="a.jsonl")
    assert result.code == 1
    assert "which is long" not in result.out
    assert "(48 bytes)" in json.loads(result.out)["examples"][0]["came_in"]


@pytest.mark.parametrize("content", ["", "id,customer_id\n1,ann\n", "\n\n"])
def test_unusable_file_is_an_error(check, content):
    result = check(content)
    assert (result.code, result.out) == (1, "")


def test_files_and_topic_exclude_each_other(check, retention):
    assert "expected files, or --topic" in check(table(ROW), options=("--topic", "t")).err
    assert retention("map", "check").code == 2
