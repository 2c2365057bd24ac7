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
