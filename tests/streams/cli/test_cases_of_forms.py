"""Inputs of public bug reports: placeholders, JSON in text, times of SQL tools, words for nothing."""

import json
from pathlib import Path

import pytest

CASES = Path(__file__).parents[2] / "data" / "cases"


@pytest.fixture
def compute(retention):
    """Compute the metrics of files of a case; return (metric, labels) -> value, and the result."""

    def call(case, mapping, *files, config="c.toml"):
        folder = CASES / case
        arguments = [*(folder / name for name in files), "--config", folder / config, "--mapping", mapping]
        result = retention("compute", *arguments, "--now", "2026-06-30T12:00:00Z", "--json")
        rows = [json.loads(line) for line in result.out.splitlines()]
        values = {(row["metric"], *sorted(row["labels"].values())): row["value"] for row in rows}
        return values, result

    return call


def test_placeholder_text_keeps_the_known_sentiment(compute):
    before, _ = compute("07-debezium-toast", "reviews", "first.jsonl")
    after, result = compute("07-debezium-toast", "reviews", "reviews.jsonl")
    assert (result.code, result.err) == (0, "")
    assert round(after["retention_sentiment", "30d"], 3) == 0.923
    assert after["retention_sentiment", "30d"] == before["retention_sentiment", "30d"]


def test_placeholder_is_no_identity(compute):
    values, result = compute("07-debezium-toast", "orders", "orders.jsonl")
    assert (result.code, result.err) == (0, "")
    assert values["retention_customers", "30d", "end"] == 3


@pytest.mark.parametrize(
    ("mapping", "file"), [("o", "plain.jsonl"), ("o", "escaped.jsonl"), ("o2", "connect.jsonl")]
)
def test_json_in_a_string_is_read(compute, mapping, file):
    values, result = compute("17-outbox-json-string", mapping, file)
    assert (result.code, result.err) == (0, "")
    assert values["retention_orders", "30d"] == 1


@pytest.mark.parametrize("config", ["c.toml", "zone.toml"])
@pytest.mark.parametrize("file", ["pg.csv", "bq.csv"])
def test_times_of_sql_tools_are_read(compute, config, file):
    values, result = compute("10-sql-dump-times", "orders", file, config=config)
    assert (result.code, result.err) == (0, "")
    assert values["retention_orders", "30d"] == 3


@pytest.mark.parametrize("june", ["june.csv", "june.parquet", "june96.parquet"])
def test_id_that_was_a_float_is_the_same_customer(compute, june):
    values, result = compute("12-null-words-and-float-ids", "orders", "may.csv", june)
    assert result.code == 0
    sets = ("start", "retained", "lost", "new")
    assert [values["retention_customers", "30d", name] for name in sets] == [2, 2, 0, 0]


def test_words_for_nothing_in_csv_are_no_customers(compute):
    values, result = compute("12-null-words-and-float-ids", "orders", "nulls.csv")
    assert values["retention_customers", "30d", "end"] == 0
    assert "6 cells read as nothing: 2 NULL, 2 \\N, 1 None, 1 nan (--null names other words)" in result.err
    assert "6 lines left out: 6 anonymous" in result.err
    assert result.code == 0


def test_named_words_replace_the_default_ones(retention):
    folder = CASES / "12-null-words-and-float-ids"
    command = ("compute", folder / "nulls.csv", "--config", folder / "c.toml", "--mapping", "orders")
    result = retention(*command, "--now", "2026-06-30T12:00:00Z", "--json", "--null", "NULL", "--null", "nan")
    assert "3 cells read as nothing: 2 NULL, 1 nan" in result.err
    assert "3 lines left out: 3 anonymous" in result.err


def test_nan_in_parquet_is_nothing(compute):
    values, result = compute("12-null-words-and-float-ids", "orders", "nan.parquet")
    assert (values["retention_customers", "30d", "end"], result.code) == (2, 0)


def test_map_check_names_an_identity_that_joins_many(retention, tmp_path):
    row = {"after": {"amount": "1.00", "email": "info@shop.example"}, "op": "c", "ts_ms": 1781100000000}
    row["after"]["created_at"] = "2026-06-10T10:00:00Z"
    lines = [row | {"after": row["after"] | {"id": n, "customer_ref": f"c{n}"}} for n in range(12)]
    file = tmp_path / "orders.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = CASES / "07-debezium-toast" / "c.toml"
    result = retention("map", "check", file, "--config", config, "--mapping", "orders")
    assert result.code == 0, result.err
    assert "email:in…@shop.example joins 12 identities as one customer" in " ".join(result.out.split())
    assert "info@" not in result.out
    report = retention("map", "check", file, "--config", config, "--mapping", "orders", "--json")
    assert json.loads(report.out)["joined"] == [{"identity": "email:in…@shop.example", "others": 12}]
