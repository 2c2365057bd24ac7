"""`retention load --raw`: a topic of raw lines, on which a mapping can be tried."""

import gzip
import json

import pytest

MAPPING = """
[mappings.shop]
customer_id = "customer"
[[mappings.shop.events]]
type = "order.cancelled"
order_id = "number"
time = "at"
"""
ROWS = [{"number": n, "customer": "c", "at": "2026-06-10T10:00:00Z"} for n in range(5)]


def test_lines_fill_a_new_topic_and_a_mapping_is_tried(retention, kafka, broker_calls, events_file, tmp_path):
    (tmp_path / "c.toml").write_text(MAPPING)
    lines = [json.dumps(row).encode() for row in ROWS]
    zipped = tmp_path / "more.jsonl.gz"
    zipped.write_bytes(gzip.compress(b"\nno json\n"))
    path = events_file(*lines, b"x" * (1 << 21))
    how = ("--raw", "--topic", "try-shop", "--broker", kafka)
    result = retention("load", path, zipped, *how, "--partitions", "3")
    assert result.code == 9
    created, too_large, rejected, sent = result.err.splitlines()
    assert created == "topic try-shop does not exist; creating it with 3 partitions"
    assert too_large == f"{path}:6: too_large: the line has more than 1,048,576 bytes"
    assert rejected == "1 line rejected: 1 too_large"
    assert sent.startswith("6 lines sent to try-shop in ")
    records = broker_calls.records("try-shop")
    assert broker_calls.topics() == {"try-shop": 3}
    assert sorted(record.value for record in records) == sorted([*lines, b"no json"])
    assert {record.key for record in records} == {None}
    assert {record.partition for record in records} == {0, 1, 2}
    again = retention("load", path, *how)
    assert "does not exist" not in again.err
    assert len(broker_calls.records("try-shop")) == 11
    check = ("map", "check", "--topic", "try-shop", "--mapping", "shop", "--broker", kafka, "--json")
    report = json.loads(retention(*check, "--config", tmp_path / "c.toml").out)
    assert report["events"] == {"order.cancelled": 10}
    missing = ("--raw", "--topic", "another", "--broker", kafka)
    assert "topics are missing: another" in retention("load", path, *missing, create_topics="false").err


@pytest.mark.parametrize(
    "topic",
    [
        "retention.metrics",
        "mine.metrics",
        "mine.dead-letters",
        "retention-facts",
        "shop-customers-changelog",
        "__x",
    ],
)
def test_topics_that_workers_write_are_refused(retention, events_file, topic):
    how = ("--raw", "--topic", topic, "--broker", "127.0.0.1:1")
    result = retention("load", events_file(ROWS[0]), *how, topic_prefix="mine")
    assert result.code == 2
    assert f"workers or Kafka write {topic}" in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--raw"], "--raw and --topic belong together"),
        (["--topic", "t"], "--raw and --topic belong together"),
        (["--raw", "--topic", "a b"], "expected 1 to 249 letters"),
        (["--raw", "--topic", "t", "--mapping", "shopify"], "--mapping has no effect on raw lines"),
        (["--raw", "--topic", "t", "--format", "csv"], "is a table, whose lines are not records"),
    ],
)
def test_contradicting_options_are_an_error(retention, events_file, options, message):
    result = retention("load", events_file(ROWS[0]), *options, "--broker", "127.0.0.1:1")
    assert result.code in {1, 2}
    assert message in result.err


def test_help_states_that_a_second_load_adds_records(retention):
    help_text = " ".join(retention("load", "--help").out.split())
    assert "loading a file again adds every record again" in help_text
