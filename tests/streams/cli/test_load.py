"""`retention load`, against a real Kafka."""

import base64
import gzip
import io
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

from streams.backfill.load import SEND_TIMEOUT_SECONDS, producer
from streams.config import load
from streams.partitioner import tasks_of


def order(number, customer):
    return {
        "id": f"e{number}",
        "type": "order.placed",
        "time": "2026-01-01T00:00:00Z",
        "customer_id": customer,
        "order_id": f"o{number}",
        "amount": 100,
        "currency": "USD",
    }


def survey(number, customer):
    return {
        "id": f"s{number}",
        "type": "survey.answered",
        "time": "2026-01-01T00:00:00Z",
        "customer_id": customer,
        "survey": "nps",
        "score": 9,
    }


def test_events_go_to_their_topic_by_customer_and_in_order(retention, kafka, broker_calls, events_file):
    orders = [order(number, f"c{number % 7}") for number in range(100)]
    path = events_file(*orders, survey(1, "c1"))
    result = retention("load", path, broker=kafka, partitions=4)
    assert result.code == 0
    assert "101 events sent" in result.err
    assert broker_calls.topics() == dict.fromkeys(["orders", "refunds", "tickets", "reviews", "customers"], 4)
    records = broker_calls.records("orders")
    assert sorted(record.value for record in records) == sorted(
        json.dumps(event).encode() for event in orders
    )
    for record in records:
        customer = json.loads(record.value)["customer_id"].encode()
        assert record.key == customer
        assert [record.partition] == tasks_of([customer], 4)
    of_one = [json.loads(record.value)["id"] for record in records if record.key == b"c3"]
    assert of_one == [event["id"] for event in orders if event["customer_id"] == "c3"]
    assert [record.key for record in broker_calls.records("reviews")] == [b"c1"]


def test_events_that_contradict_each_other_are_reported(retention, kafka, events_file, tmp_path):
    config = tmp_path / "retention.toml"
    config.write_text("[rates]\nEUR = 1.1\n")
    placed = {"type": "order.line_placed", "order_id": "o"}
    lines = [order(1, "c") | placed | {"line_id": "1"}]
    lines += [order(2, "c") | placed | {"line_id": "2", "currency": "EUR"}]
    merges = [
        {"type": "customer.merged", "customer_id": f"c{n}", "into": "till@shop.example"} for n in range(11)
    ]
    merges = [order(n, "") | merge for n, merge in enumerate(merges, 3)]
    path = events_file(*lines, *merges, survey(1, "c1"), survey(1, "c1") | {"score": 3})
    result = retention("load", path, broker=kafka, config=config)
    assert result.code == 0
    assert "1 conflicting duplicate on reviews: " in result.err
    assert "(example: s1)" in result.err
    assert "1 order line left out: in another currency than the first line of the order (e2)" in result.err
    joins = result.err.index("ti…@shop.example joins 11 identities as one customer, for good")
    assert joins < result.err.index("15 events sent"), "a merge is final once it is sent"


def test_gzip_and_standard_input_are_read(retention, kafka, broker_calls, tmp_path, monkeypatch):
    packed = tmp_path / "events.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(order(1, "c1")).encode() + b"\n"))
    stdin = io.BytesIO(json.dumps(order(2, "c2")).encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(stdin)))
    result = retention("load", packed, "-", broker=kafka)
    assert result.code == 0, result.err
    assert {record.key for record in broker_calls.records("orders")} == {b"c1", b"c2"}


def test_line_without_topic_is_rejected_others_are_sent(retention, kafka, broker_calls, events_file):
    bad = order(1, "c1") | {"amount": -1}
    path = events_file(
        b"garbage",
        bad,
        b"",
        {"type": "order.eaten", "customer_id": "c"},
        {"type": "order.placed"},
        b"[1]",
        {"customer_id": "c"},
        {"type": 7, "customer_id": "c"},
    )
    result = retention("load", path, broker=kafka)
    assert result.code == 9, "a nightly job sees the exit code"
    assert [json.loads(record.value) for record in broker_calls.records("orders")] == [bad]
    assert f"{path}:1: not_json: " in result.err
    assert f"{path}:4: unknown_type: 'order.eaten' is not an event type" in result.err
    assert f"{path}:5: invalid_field: Object missing required field `customer_id`" in result.err
    assert (
        "6 lines rejected: 1 invalid_field, 2 not_json, 3 unknown_type\n  rejected lines were not sent"
        in result.err
    )


def test_first_rejected_lines_are_printed_and_all_are_kept(retention, kafka, events_file, tmp_path):
    kept, path = tmp_path / "kept.jsonl", events_file(*[b"garb\xe4ge"] * 500)
    result = retention("load", path, "--refused", kept, broker=kafka)
    assert result.err.count("not_json: ") == 10
    assert f"500 lines rejected: 500 not_json; kept in {kept}\n" in result.err
    found = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [each["line"] for each in found] == list(range(1, 501))
    assert {(each["file"], each["reason"]) for each in found} == {(str(path), "not_json")}
    assert {base64.b64decode(each["value"]["base64"]) for each in found} == {b"garb\xe4ge"}
    result = retention("load", path, "--refused", tmp_path / "none" / "kept.jsonl", broker="127.0.0.1:1")
    assert (result.code, "its directory does not exist" in result.err) == (1, True)


def test_rejected_lines_of_standard_input_are_kept(retention, kafka, broker_calls, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = order(1, "c1") | {"type": "order.plaiced"}
    stdin = io.BytesIO(json.dumps(wrong).encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(stdin)))
    assert retention("load", "-", broker=kafka).code == 9
    [kept] = [json.loads(line) for line in (tmp_path / "refused.jsonl").read_text().splitlines()]
    assert kept["value"] == wrong
    (tmp_path / "mended.jsonl").write_text(json.dumps(kept["value"] | {"type": "order.placed"}))
    assert retention("load", "mended.jsonl", broker=kafka).code == 0
    assert [record.key for record in broker_calls.records("orders")] == [b"c1"]


def test_missing_broker_is_one_line(retention, events_file):
    result = retention("load", events_file(order(1, "c")), broker="127.0.0.1:1")
    assert result.code == 3
    assert result.err.splitlines()[0] == (
        "retention: no Kafka responds at 127.0.0.1:1 (127.0.0.1 refuses connections on port 1)"
    )
    assert "retention broker" in result.err


def test_broken_archive_is_one_line(retention, kafka, tmp_path):
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n" * 1000)[:-10])
    result = retention("load", path, broker=kafka)
    assert result.code == 1
    assert "cut.jsonl.gz cannot be read" in result.err
    assert "Traceback" not in result.err


def test_error_of_kafka_is_one_line(retention, kafka, events_file):
    result = retention("load", events_file(order(1, "c")), broker=kafka, replication=3)
    assert result.code == 1
    assert result.err.startswith(f"retention: Kafka at {kafka} refused: ")
    assert "InvalidReplicationFactor" in result.err
    assert "Traceback" not in result.err


def test_files_are_sent_in_the_order_of_their_times(retention, kafka, broker_calls, events_file):
    def at(number, minute):
        return order(number, "c") | {"time": f"2026-01-01T00:{minute:02}:00Z"}

    first = events_file(at(1, 50), at(2, 10), at(3, 30), name="first.jsonl")
    second = events_file(at(4, 20), b"garbage", at(5, 40), name="second.jsonl")
    result = retention("load", first, second, broker=kafka)
    assert result.code == 9  # for the line in between
    sent = [json.loads(record.value)["id"] for record in broker_calls.records("orders")]
    assert sent == ["e2", "e4", "e3", "e5", "e1"]
    assert "orders                5   2026-01-01 00:10:00   2026-01-01 00:50:00" in result.err
    assert f"{second}:2: not_json" in result.err


def test_csv_rows_are_sent_as_events(retention, kafka, broker_calls, tmp_path):
    path = tmp_path / "orders.csv.gz"
    rows = "id;type;time;customer_id;order_id;amount;currency;coupon\n"
    rows += "e1;order.placed;2026-01-01T00:00:00Z;c1;o1;100;USD;\n"
    path.write_bytes(gzip.compress(rows.encode()))
    assert retention("load", path, broker=kafka).code == 0
    [record] = broker_calls.records("orders")
    assert json.loads(record.value) == order(1, "c1")


class Killed:
    """Run a load in its own process, and kill it when it has saved its state."""

    def __init__(self, bootstrap, path, state):
        command = [
            sys.executable,
            "-m",
            "streams.cli",
            "load",
            "--broker",
            bootstrap,
            "--resume",
            state,
            path,
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
            while not state.exists() and process.poll() is None:
                time.sleep(0.001)
            process.kill()
            assert process.wait() == -signal.SIGKILL, process.stderr.read()


def test_killed_load_resumes_and_loses_no_event(retention, kafka, broker_calls, tmp_path):
    path, state = tmp_path / "events.jsonl", tmp_path / "load.json"
    count = 80_000
    garbage = b"garbage\n" * 3
    with path.open("wb") as file:
        for number in range(count):
            file.write(json.dumps(order(number, f"c{number % 999}")).encode() + b"\n")
        file.write(garbage)
    Killed(kafka, path, state)
    before = json.loads(state.read_text())
    assert 0 < before["taken"] < count
    result = retention("load", "--resume", state, path, broker=kafka)
    assert result.code == 9, result.err
    after = json.loads(state.read_text())
    assert (after["taken"], after["complete"]) == (count + 3, True)
    assert (after["sent"]["orders"]["events"], after["left_out"]) == (count, {"not_json": 3})
    ids = [json.loads(record.value)["id"] for record in broker_calls.records("orders")]
    assert len(set(ids)) == count
    # Repeated: at most the events in flight at the kill, and those acknowledged but not yet in the state.
    assert len(ids) - count <= 40_000
    assert f"{count:,} events sent" in result.err

    result = retention("load", "--resume", state, path, broker="127.0.0.1:1")
    assert (result.code, result.err) == (
        9,
        f"sent already, according to {state}: all of {count + 3:,} events\n",
    )


async def test_unsent_batches_are_kept_for_the_send_timeout(embedded_kafka):
    """aiokafka drops a batch after this time, and a restarted broker has no partition leader at first."""
    async with producer(load.load({"broker": embedded_kafka.bootstrap})) as sender:
        assert sender._message_accumulator._batch_ttl == SEND_TIMEOUT_SECONDS


def test_state_of_another_load_is_an_error(retention, kafka, events_file, tmp_path):
    path, state = events_file(order(1, "c")), tmp_path / "load.json"
    assert retention("load", "--resume", state, path, broker=kafka).code == 0
    path.write_bytes(path.read_bytes() + b"\n")
    result = retention("load", "--resume", state, path, broker=kafka)
    assert result.code == 1
    assert "is the state of other files, or the files have changed since" in result.err
    state.write_text("{")
    assert "is not the state of a load" in retention("load", "--resume", state, path, broker=kafka).err
    result = retention("load", "--resume", state, "-", broker=kafka)
    assert "standard input cannot be resumed" in result.err


def test_within_horizon_leaves_out_events_that_are_too_old(retention, kafka, broker_calls, events_file):
    old = {"time": "2001-01-01T00:00:00Z"}
    recent = {"time": datetime.now(UTC).isoformat()}
    erased = {"id": "x", "type": "customer.erased", "customer_id": "c"}
    shipped = order(1, "c") | old | {"type": "order.shipped"}
    path = events_file(shipped, order(2, "c") | recent, erased | old)
    result = retention("load", path, "--within-horizon", broker=kafka)
    assert result.code == 0
    assert [json.loads(record.value)["id"] for record in broker_calls.records("orders")] == ["e2"]
    assert len(broker_calls.records("customers")) == 1  # what never ages is never too old
    assert "1 line left out: 1 too_old" in result.err
    assert retention("load", path, broker=kafka).code == 0
    assert len(broker_calls.records("orders")) == 3


def test_snapshot_is_sent_with_the_date_that_is_named(retention, kafka, broker_calls, events_file):
    updated = {"id": "u", "type": "customer.updated", "customer_id": "c", "attributes": {"plan": "pro"}}
    path = events_file(updated | {"time": "2026-06-01T00:00:00Z"})
    assert retention("load", path, "--attributes-since", "2024-01-01", broker=kafka).code == 0
    [record] = broker_calls.records("customers")
    assert json.loads(record.value) == updated | {"time": "2024-01-01T00:00:00Z"}
