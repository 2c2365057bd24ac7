"""Exports of a shop are loaded, computed and replayed with a mapping."""

import gzip
import json
from datetime import datetime

import pyarrow as pa
import pytest
from pyarrow import parquet

MAPPING = """
[mappings.export]
customer_id = { path = "customer", prefix = "shop-" }

[mappings.export.skip]
tests = "email == 'test@example.org'"

[[mappings.export.events]]
type = "order.placed"
when = "placed_at"
id = { template = "{order_no}-placed" }
time = { path = "placed_at", zone = "Europe/Vienna" }
order_id = "order_no"
amount = { path = "total", money = "major" }
currency = { const = "USD" }

[[mappings.export.events]]
type = "order.delivered"
when = "delivered_at"
id = { template = "{order_no}-delivered" }
time = { path = "delivered_at", zone = "Europe/Vienna" }
order_id = "order_no"
"""
COLUMNS = ["order_no", "customer", "email", "total", "placed_at", "delivered_at"]
ROWS = [
    ["7", "1", "a@example.org", "19.99", "2026-01-01 12:00:00", "2026-01-04 09:00:00"],
    ["8", "2", "b@example.org", "5.00", "2026-01-02 12:00:00", ""],
    ["9", "", "c@example.org", "5.00", "2026-01-02 13:00:00", ""],
    ["10", "3", "test@example.org", "5.00", "2026-01-02 14:00:00", ""],
    ["11", "4", "d@example.org", "a lot", "2026-01-02 15:00:00", ""],
    ["12", "5", "e@example.org", "5.00", "", ""],
]


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "retention.toml"
    path.write_text(MAPPING)
    return path


@pytest.fixture(params=["csv", "parquet", "jsonl"])
def export(request, tmp_path):
    path = tmp_path / f"export.{request.param}"
    named = [{name: cell or None for name, cell in zip(COLUMNS, row, strict=True)} for row in ROWS]
    if request.param == "csv":
        path.write_text("".join(",".join(row) + "\n" for row in [COLUMNS, *ROWS]))
    elif request.param == "jsonl":
        path = path.with_name("export.jsonl.gz")
        path.write_bytes(gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in named)))
    else:
        for row in named:
            for name in ("placed_at", "delivered_at"):
                row[name] = row[name] and datetime.fromisoformat(row[name])
        parquet.write_table(pa.Table.from_pylist(named), path)
    return path


def test_export_is_loaded_as_mapped_events(retention, kafka, broker_calls, config, export, tmp_path):
    state = tmp_path / "state"
    kept = tmp_path / "refused.jsonl"
    how = ("--mapping", "export", "--config", config)
    command = ("load", export, *how, "--resume", state, "--refused", kept)
    result = retention(*command, broker=kafka)
    assert result.code == 9, result.err
    events = [json.loads(record.value) for record in broker_calls.records("orders")]
    assert sorted((event["time"], event["type"], event["customer_id"]) for event in events) == [
        ("2026-01-01T12:00:00+01:00", "order.placed", "shop-1"),
        ("2026-01-02T12:00:00+01:00", "order.placed", "shop-2"),
        ("2026-01-04T09:00:00+01:00", "order.delivered", "shop-1"),
    ]
    assert {event["amount"] for event in events if "amount" in event} == {1999, 500}
    assert "3 events sent" in result.err
    assert "1 line rejected: 1 invalid_field" in result.err
    assert "3 lines left out: 1 anonymous, 1 became nothing, 1 skipped by tests" in result.err
    assert f"{export}:" in result.err
    assert "test@example.org" not in result.err

    # Rejected lines are kept unchanged, to be corrected and loaded with the same mapping.
    [rejected] = [json.loads(line) for line in kept.read_text().splitlines()]
    corrected = tmp_path / "corrected.jsonl"
    corrected.write_text(json.dumps(rejected["value"] | {"total": "7.00"}))
    assert retention("load", corrected, *how, broker=kafka).code == 0
    events = [json.loads(record.value) for record in broker_calls.records("orders")]
    assert [event["customer_id"] for event in events if event.get("amount") == 700] == ["shop-4"]

    config.write_text(MAPPING + "\n")
    result = retention(*command, broker=kafka)
    assert "is the state of other files, or the files have changed since" in result.err


def test_load_to_a_topic_that_is_no_input_sends_nothing(retention, kafka, broker_calls, config, tmp_path):
    export = tmp_path / "export.csv"
    export.write_text("".join(",".join(row) + "\n" for row in [COLUMNS, ROWS[0]]))
    command = ("load", export, "--mapping", "export", "--config", config)
    for topic, why in (
        ("shop.orders", "no worker reads the events of orders, to which load sends them; nothing"),
        (
            "orders",
            "the mapping export reads orders, to which load sends the contract's events; nothing",
        ),
    ):
        config.write_text(f'{MAPPING}[[inputs]]\ntopic = "{topic}"\nmapping = "export"\n')
        result = retention(*command, broker=kafka)
        assert result.code == 2
        assert why in result.err
        assert broker_calls.topics() == {}, "no topic is created"
        assert not broker_calls.records("orders")
    config.write_text(f'{MAPPING}[[inputs]]\ntopic = "orders"\nkind = "orders"\n')
    assert "2 events sent" in retention(*command, broker=kafka).err


def test_mapped_export_is_computed_without_kafka(retention, config, export):
    how = ("--mapping", "export", "--config", config)
    result = retention("compute", export, *how, "--json", "--now", "2026-01-05T00:00:00Z")
    rows = {
        (row["metric"], *sorted(row["labels"].values())): row["value"]
        for row in map(json.loads, result.out.splitlines())
    }
    assert rows["retention_orders", "7d"] == 2
    assert rows["retention_net_revenue", "7d", "USD"] == 24.99
    assert result.code == 9
    assert "1 line rejected: 1 invalid_field" in result.err
    assert "3 lines left out: 1 anonymous, 1 became nothing, 1 skipped by tests" in result.err
    result = retention("history", export, *how, "--step", "1d")
    # From the first day's beginning after the first event to the last before the latest, the delivery.
    found = [line.split()[1] for line in result.out.splitlines() if line.startswith("retention_orders{")]
    assert [int(value) for value in found[:3]] == [1, 2, 2]


def test_unknown_mapping_is_an_error(retention, config, export):
    result = retention("load", export, "--mapping", "exprot", "--config", config)
    assert result.code == 2
    assert "there is no mapping 'exprot'" in result.err
    assert retention("load", export, "--mapping", "shopify", broker="127.0.0.1:1").code == 3


def test_row_with_too_many_cells_is_rejected_and_kept(retention, kafka, broker_calls, tmp_path):
    export, kept = tmp_path / "tickets.csv", tmp_path / "refused.jsonl"
    export.write_text(
        "id,type,time,customer_id,ticket_id\n"
        "e1,ticket.opened,2026-01-01T00:00:00Z,Miller, Ann,t1\n"
        "e2,ticket.opened,2026-01-01T00:00:00Z,c2,t2\n"
    )
    result = retention("load", export, "--refused", kept, broker=kafka)
    assert (result.code, "1 event sent" in result.err) == (9, True), result.err
    assert f"{export}:2: invalid_field: the row has 6 cells and the header 5" in result.err
    assert json.loads(kept.read_text())["value"].startswith('["e1",')
    [sent] = [json.loads(record.value) for record in broker_calls.records("tickets")]
    assert sent["customer_id"] == "c2"
