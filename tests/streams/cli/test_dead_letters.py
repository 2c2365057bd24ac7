"""`retention dead-letters`, against a real Kafka; dead letters are encoded as a worker encodes them."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from streams.config.load import load
from streams.kafka.topics import DEAD_LETTERS, INPUTS
from streams.operations.dead_letter_retention import remove

NOW = datetime.now(UTC)


def order(number, **fields):
    return {
        "id": f"e{number}",
        "type": "order.placed",
        "time": (NOW - timedelta(hours=1)).isoformat(),
        "customer_id": "c1",
        "order_id": f"o{number}",
        "amount": 100,
        "currency": "USD",
    } | fields


def dead_letter(value, reason="invalid_field", topic="orders", key=b"k", offset=7, headers=()):
    value = json.dumps(value).encode() if isinstance(value, dict) else value
    ours = {
        "reason": reason,
        "message": f"why {reason}",
        "topic": topic,
        "partition": "3",
        "offset": str(offset),
    }
    named = [(f"retention.error.{name}", text.encode()) for name, text in ours.items()]
    return ("retention.dead-letters", 0, key, value, [*headers, *named])


@pytest.fixture(autouse=True)
def _topics(kafka, monkeypatch, make_topics):
    """Create the topics that a worker creates and the command reads."""
    monkeypatch.setenv("RETENTION_BROKER", kafka)
    make_topics(*INPUTS, DEAD_LETTERS)


def test_list_shows_reason_and_counts(retention, broker_calls):
    broker_calls.produce(dead_letter(order(1, amount=-5)), dead_letter(b"\xff\x1b[31m", "not_json", offset=9))
    result = retention("dead-letters", "list")
    assert result.code == 0
    assert "2 dead letters, 2 not redriven: 1 invalid_field, 1 not_json" in result.err
    assert "why invalid_field" in result.out
    assert '"e1"' in result.out
    assert "\x1b" not in result.out


def test_list_fits_a_narrow_terminal(retention, broker_calls, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    value = order(1, amount=-5, note="x" * 200)
    broker_calls.produce(dead_letter(value, "unknown_currency", topic="customers", offset=12_345_678))
    heading, message, excerpt = retention("dead-letters", "list").out.rstrip().splitlines()
    assert heading.rstrip().endswith("  unknown_currency  customers-3@12345678")
    assert message.strip() == "why unknown_currency"
    shown = json.dumps(value | {"note": f"{'x' * 32}…"}, separators=(",", ":"), ensure_ascii=False)
    assert excerpt.strip() == shown[:75] + "…"


def test_an_empty_list_is_no_error(retention):
    result = retention("dead-letters", "list")
    assert (result.code, result.out, result.err) == (0, "", "0 dead letters\n")


def test_list_is_filtered_by_reason_and_limited(retention, broker_calls):
    broker_calls.produce(*(dead_letter(order(n), offset=n) for n in range(60)), dead_letter(b"x", "not_json"))
    only = retention("dead-letters", "list", "--reason", "not_json", "--json").out.splitlines()
    assert [json.loads(line)["reason"] for line in only] == ["not_json"]
    assert len(retention("dead-letters", "list", "--json").out.splitlines()) == 61
    latest = retention(
        "dead-letters", "list", "--json", "--limit", "2", "--reason", "invalid_field"
    ).out.splitlines()
    assert [json.loads(line)["offset"] for line in latest] == [58, 59]
    assert retention("dead-letters", "list").err.endswith(
        "Only the latest 50 are listed; --limit lists more.\n"
    )
    assert retention("dead-letters", "list", "--reason", "not-json").code == 2


def test_edited_dead_letters_are_redriven(retention, broker_calls, tmp_path):
    broker_calls.produce(
        dead_letter(order(1, amount=-5), headers=[("trace", b"\xff1")]),
        dead_letter(order(2, id="")),
        dead_letter(order(3, amount=-1)),
    )
    lines = retention("dead-letters", "list", "--json").out.splitlines()
    fixed = [json.loads(line) for line in lines]
    fixed[0]["value"]["amount"] = 5
    fixed[1]["value"]["id"] = "e2"
    path = tmp_path / "dead-letters.jsonl"
    path.write_text("\n".join(map(json.dumps, fixed)))
    result = retention("dead-letters", "redrive", "--file", path)
    assert result.code == 1  # the third was not corrected
    assert "sent 2 records to orders" in result.out
    assert "1 would be rejected again: invalid_field: " in result.err
    assert result.err.endswith(" (orders-3@7)\n"), "where it was read"
    records = broker_calls.records("orders")
    assert [json.loads(record.value) for record in records] == [order(1, amount=5), order(2)]
    assert [record.key for record in records] == [b"k", b"k"]
    assert records[0].headers == (("trace", b"\xff1"),)
    assert abs(records[0].timestamp / 1000 - time.time()) < 60


def test_record_that_became_valid_is_redriven_unchanged_once(retention, broker_calls, tmp_path):
    raw = json.dumps(order(1, currency="EUR"), indent=1).encode()
    broker_calls.produce(dead_letter(raw, "unknown_currency"), dead_letter(raw, "unknown_currency", offset=8))
    assert retention("dead-letters", "redrive").code == 1
    assert broker_calls.records("orders") == []
    config = tmp_path / "retention.toml"
    config.write_text("[rates]\nEUR = 1.1")
    assert "would send 1 record" in retention("dead-letters", "redrive", "--dry-run", config=config).out
    assert broker_calls.records("orders") == []
    result = retention("dead-letters", "redrive")
    assert (result.code, result.out) == (0, "sent 1 record to orders\n")
    assert [record.value for record in broker_calls.records("orders")] == [raw]


def test_doctor_counts_only_dead_letters_not_redriven(retention, broker_calls, tmp_path):
    broker_calls.produce(dead_letter(order(1, amount=-5)), dead_letter(order(2, amount=-5), offset=8))
    assert "warn  2 dead letters not redriven" in retention("doctor").out
    fixed = [json.loads(line) for line in retention("dead-letters", "list", "--json").out.splitlines()]
    for each in fixed:
        each["value"]["amount"] = 5
    path = tmp_path / "dead-letters.jsonl"
    path.write_text(json.dumps(fixed[0]))
    assert retention("dead-letters", "redrive", "--file", path).code == 0
    assert "warn  1 dead letter not redriven" in retention("doctor").out
    path.write_text(json.dumps(fixed[1]))
    assert retention("dead-letters", "redrive", "--file", path).code == 0
    assert "dead letters" not in retention("doctor").out
    broker_calls.produce(dead_letter(order(3, amount=-5), offset=9))
    assert "warn  1 dead letter not redriven" in retention("doctor").out
    assert "3 dead letters, 1 not redriven: 3 invalid_field" in retention("dead-letters", "list").err
    listed = [json.loads(line) for line in retention("dead-letters", "list", "--json").out.splitlines()]
    assert sorted(each["put_back"] for each in listed) == [False, True, True], "all dead letters are listed"


def test_headers_of_others_are_listed_and_redriven_unchanged(retention, broker_calls, tmp_path):
    theirs = [("retention.error.offset", b"\xff"), ("retention.error.time", None), ("null", None)]
    broker_calls.produce(
        ("retention.dead-letters", 0, None, b"{}", [("retention.error.offset", b"\xff")]),
        dead_letter(order(1), "future_time", headers=theirs),
    )
    result = retention("dead-letters", "list", "--json")
    path = tmp_path / "dead-letters.jsonl"
    path.write_text(result.out)
    assert [json.loads(line)["offset"] for line in result.out.splitlines()] == [7], result.err
    assert "1 dead letter not redriven" in retention("doctor").out
    assert retention("dead-letters", "redrive", "--file", path).out == "sent 1 record to orders\n"
    [record] = broker_calls.records("orders")
    assert list(record.headers) == theirs


def test_record_of_another_program_is_removed_with_old_ones(kafka, broker_calls):
    foreign = [("retention.error.time", b"\xff"), ("retention.error.offset", None)]
    broker_calls.produce(("retention.dead-letters", 0, None, b"x", foreign), dead_letter(b"{"))
    settings = load({"broker": kafka}, {})
    assert asyncio.run(remove(settings, 2, NOW)) == 0
    assert asyncio.run(remove(settings, 2, NOW + timedelta(days=31))) == 2
    assert broker_calls.records("retention.dead-letters") == []


def test_dead_letter_is_redriven_to_its_topic(retention, broker_calls):
    merge = {"id": "m", "type": "customer.merged", "time": NOW.isoformat(), "customer_id": "a", "into": "b"}
    broker_calls.produce(
        dead_letter(merge, "future_time", topic="customers", key=None), dead_letter(order(1), "future_time")
    )
    result = retention("dead-letters", "redrive", "--reason", "future_time")
    assert result.out == "sent 1 record to customers\nsent 1 record to orders\n"
    assert [record.key for record in broker_calls.records("customers")] == [None]


def test_redrive_checks_the_event_time(retention, broker_calls):
    broker_calls.produce(
        dead_letter(order(1, time=(NOW + timedelta(days=1)).isoformat()), "future_time"),
        dead_letter(order(2, time="1999-01-01T00:00:00Z", type="order.shipped"), "too_old"),
    )
    result = retention("dead-letters", "redrive")
    assert result.code == 1
    assert "future_time" in result.err
    assert "too_old" in result.err
    assert retention("dead-letters", "redrive", "--clock", "event", "--reason", "too_old").code == 0


def test_redrive_without_dead_letters_reports_it(retention):
    result = retention("dead-letters", "redrive")
    assert (result.code, result.err) == (0, "there are no dead letters to send\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ('{"topic": "orders"}', "the field `value` is missing"),
        ('{"topic": "returns", "value": {}}', "'returns', not one of orders, "),
        ('{"topic": 1, "value": {}}', "$.topic"),
        ('{"topic": "orders", "value": {}, "headers": 5}', "Expected `array`"),
        ('{"topic": "orders", "value": {}, "headers": [["a"]]}', "length 2"),
        ('{"topic": "orders", "value": ' + "[" * 100_000 + "]" * 100_000 + "}", "recursion"),
        ('{"topic": "orders", "value": {"base64": "*"}}', "base64"),
    ],
)
def test_invalid_line_stops_redrive_before_any_send(retention, broker_calls, tmp_path, line, message):
    path = tmp_path / "dead-letters.jsonl"
    path.write_text(json.dumps({"topic": "orders", "value": order(1)}) + "\n\n" + line)
    result = retention("dead-letters", "redrive", "--file", path)
    assert result.code == 1
    assert f"{path}:3: " in result.err
    assert message in result.err
    assert broker_calls.records("orders") == []


def test_missing_broker_is_one_line(retention):
    for action in ("list", "redrive"):
        result = retention("dead-letters", action, broker="127.0.0.1:1")
        assert result.code == 3
        assert "no Kafka responds" in result.err
