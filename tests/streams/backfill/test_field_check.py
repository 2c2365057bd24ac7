"""Files without a required column or field: the error names it and the present ones."""

import gzip
import json

import pyarrow as pa
import pytest
from pyarrow import parquet

NOW = ("--now", "2026-06-30T12:00:00Z", "--json")
CONFIG = """
[mappings.orders]
customer_id = { first = ["customer_id", { path = "email", lower = true, prefix = "email:" }] }
[[mappings.orders.events]]
type = "order.placed"
order_id = "id"
time = { path = "created_at", zone = "UTC" }
amount = { path = "amount", money = "major", currency = "EUR" }
currency = { const = "EUR" }
coupon = "voucher_code"
[[mappings.orders.events]]
type = "order.cancelled"
when = "cancelled_at"
order_id = "id"
time = { path = "cancelled_at", zone = "UTC" }
[rates]
EUR = 1.0
"""
ROW = {"id": "1", "customer_id": "ann", "amount": "19.99", "created_at": "2026-06-10 10:00:00"}


@pytest.fixture
def compute(retention, tmp_path):
    """Write a file, and compute its metrics with the mapping."""
    (tmp_path / "c.toml").write_text(CONFIG)

    def call(name, content, *options, mapping="orders"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        mapped = ("--config", tmp_path / "c.toml", "--mapping", mapping) if mapping else ()
        return retention("compute", path, *NOW, *mapped, *options)

    return call


def table(*rows, separator=","):
    return "".join(separator.join(row) + "\n" for row in rows)


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def without(field, **more):
    return {name: value for name, value in ROW.items() if name != field} | more


def as_parquet(row):
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({name: [value] for name, value in row.items()}), sink)
    return sink.getvalue().to_pybytes()


FORMATS = {
    "a.csv": lambda row: table(row, row.values()),
    "a.csv.gz": lambda row: gzip.compress(table(row, row.values()).encode()),
    "a.parquet": as_parquet,
    "a.jsonl": jsonl,
}


@pytest.mark.parametrize("name", FORMATS)
def test_complete_file_has_no_message(compute, name):
    result = compute(name, FORMATS[name](ROW))
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("field", ["customer_id", "amount", "created_at", "id"])
@pytest.mark.parametrize("name", FORMATS)
def test_missing_field_is_an_error_that_names_it(compute, name, field):
    result = compute(name, FORMATS[name](without(field)))
    assert result.code != 0
    assert f"`{field}`" in result.err
    if "jsonl" not in name or field == "customer_id":
        assert result.code == 1
        assert result.out == ""
        assert all(other in result.err for other in ROW if other != field)


def test_misspelt_field_suggests_the_one_that_is_there(compute):
    row = without("customer_id", custmer_id="ann")
    for name, write in FORMATS.items():
        assert "did you mean `custmer_id` instead of `customer_id`?" in compute(name, write(row)).err


def test_misspelt_optional_column_is_noticed_once(compute, retention, tmp_path):
    result = compute("a.csv", table([*ROW, "voucher"], [*ROW.values(), "x"]))
    assert result.code == 0
    assert result.err.count("has no column `voucher_code`") == 1
    assert "did you mean `voucher`?" in result.err
    history = ("history", tmp_path / "a.csv", "--config", tmp_path / "c.toml", "--mapping", "orders")
    result = retention(*history, "--step", "1d", "--from", "2026-06-09T00:00:00Z")
    assert (result.code, result.err.count("has no column")) == (0, 1)


def test_customer_named_in_another_way_is_enough(compute):
    result = compute(
        "a.csv", table(without("customer_id", email="a@x.example"), ["1", "2", "2026-06-10", "a@"])
    )
    assert result.code == 0


def test_column_of_empty_cells_is_missing(compute):
    result = compute("a.csv", table(ROW, ["1", "", "19.99", "2026-06-10 10:00:00"]))
    assert result.code == 1
    assert "no line of" in result.err
    assert "has `customer_id` or `email`" in result.err


@pytest.mark.parametrize("word", ["NULL", "N/A"])
def test_column_of_words_for_nothing_is_named(compute, word):
    result = compute("a.csv", table(ROW, *[[str(n), word, "19.99", "2026-06-10 10:00:00"] for n in (1, 2)]))
    assert result.code == 0
    assert "a.csv has null or nothing for `customer_id` or `email`" in result.err
    assert "which mapping orders needs" in result.err


def test_parquet_column_that_is_null_in_every_row_is_missing(compute):
    result = compute("a.parquet", as_parquet(ROW | {"customer_id": None}))
    assert result.code == 1
    assert "has `customer_id` or `email`" in result.err


def test_field_that_is_null_in_every_line_is_named(compute):
    result = compute("a.jsonl", jsonl(ROW | {"customer_id": None}))
    assert (result.code, "1 line left out: 1 anonymous" in result.err) == (0, True)
    assert "a.jsonl has null or nothing for `customer_id` or `email`" in result.err


def test_unknown_columns_of_events_are_named(compute):
    row = {"type": "order.cancelled", "id": "1", "time": "2026-06-10T10:00:00Z", "customer_id": "ann"}
    row |= {"order_id": "o", "warehouse": "B", "reson": "late"}
    result = compute("a.csv", table(row, row.values()), mapping=None)
    assert result.code == 0
    assert "the column `reson` is no field of an event; did you mean `reason`?" in result.err
    assert "no event has a field of these columns: warehouse" in result.err


def test_fields_that_a_mapping_does_not_use_are_named(compute):
    for name, write in FORMATS.items():
        result = compute(name, write(ROW | {"voucher": "SUMMER", "shelf": "7"}))
        assert result.code == 0
        assert "unused fields: shelf, voucher (`retention map check` shows examples)" in result.err
        assert "no record has voucher_code, which mapping orders reads; did you mean voucher?" in result.err
        assert "SUMMER" not in result.err


def test_column_whose_name_has_a_dot_is_quoted(tmp_path, retention):
    (tmp_path / "d.toml").write_text(CONFIG.replace('"customer_id", {', '"customer.id", {'))
    path = tmp_path / "a.csv"
    path.write_text(table(without("customer_id", **{"customer.id": "7"}), ["1", "2", "2026-06-10", "7"]))
    result = retention("compute", path, *NOW, "--config", tmp_path / "d.toml", "--mapping", "orders")
    assert """a column named customer.id is written '"customer.id"' in a mapping""" in result.err


@pytest.mark.parametrize(
    ("name", "content", "mapping", "message"),
    [
        ("a.csv", table(["id:customer_id:amount"], ["1:2:3"]), "orders", "if ':' separates the columns"),
        ("a.csv", jsonl(ROW), "orders", "did you mean"),
        ("a.csv", table(["ann@x.example", "19.99", "2026-06-10"]), "orders", "looks like a record"),
        ("a.csv", table(["type", "id", "time", "custmer_id"]), None, "did you mean `custmer_id`"),
        ("a.csv", table(["order", "created"]), None, "--mapping NAME converts"),
        ("a.csv", "", None, "a.csv: the first line of a CSV file must name its columns"),
        ("a.csv", table(["id", "time", "id"]), None, "column 1, `id`, is there again"),
    ],
)
def test_unusable_header_names_the_problem(compute, name, content, mapping, message):
    result = compute(name, content, mapping=mapping)
    assert result.code == 1
    assert message in result.err
    assert "ann@" not in result.err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", "", "is empty"),
        ("a.jsonl", "\n\n", "is empty"),
        ("a.csv", table(ROW), "has columns and no row"),
    ],
)
def test_files_without_a_record_are_an_error(compute, name, content, message):
    result = compute(name, content)
    assert (result.code, result.out) == (1, "")
    assert message in result.err


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (table(ROW, ROW.values()), "looks like a table: --format csv"),
        (json.dumps([ROW], indent=1), "is JSON, but not one object a line"),
        (json.dumps(ROW, indent=1), "is JSON, but not one object a line"),
        (as_parquet(ROW), "is Parquet: --format parquet"),
        (b"PK\x03\x04" + bytes(100), "is a spreadsheet or a ZIP archive"),
    ],
)
def test_file_that_is_no_json_lines_names_its_format(compute, content, finding):
    result = compute("a.txt", content)
    assert result.code == 9
    assert finding in result.err
    assert "19.99" not in result.err


def test_repeated_header_is_left_out_by_name(compute):
    result = compute("a.csv", table(ROW, ROW.values(), ROW, ["2", *list(ROW.values())[1:]]))
    assert result.code == 0
    assert "1 line left out: 1 repeated header" in result.err


def test_header_in_another_order_is_an_error(compute):
    result = compute("a.csv", table(ROW, ROW.values(), list(ROW)[::-1]))
    assert result.code == 1
    assert "second header with its columns in another order" in result.err


def test_file_whose_lines_are_all_rejected_is_no_success(compute):
    assert compute("a.jsonl", jsonl(ROW | {"amount": "a lot"})).code == 9
    assert compute("a.csv", table(ROW, ["1", "ann", "much", "2026-06-10"])).code == 9


def test_line_that_is_not_utf_8_is_not_printed(compute):
    result = compute("a.csv", table(ROW).encode() + "1,Müller,2,3\n".encode("latin-1"))
    assert result.code == 1
    assert "line 2 is not" in result.err
    assert "ller" not in result.err
