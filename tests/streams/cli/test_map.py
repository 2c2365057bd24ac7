"""`retention map`, against a real Kafka."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient

NOW = datetime.now(UTC)

CONFIG = """
[rates]
EUR = 1.1

[[inputs]]
topic = "orders"

[[inputs]]
pattern = "shop-.*"
mapping = "rows"

[mappings.rows]
time = { path = "created", time = "ms" }
customer_id = { first = ["customer.id", { path = "customer.email", lower = true, prefix = "email:" }] }
merge = true
skip = { staff = "ends_with(customer.email, '@shop.example')" }

[[mappings.rows.events]]
type = "order.placed"
order_id = "number"
amount = { path = "total", money = "major" }
currency = "currency"
coupon = "voucher"

[mappings.changes]
envelope = "debezium"
customer_id = "_key.customer"

[[mappings.changes.events]]
type = "order.amended"
on = "update"
when = "_before.amount != amount"
id = { template = "{id}-{_ts_ms}" }
order_id = "id"
time = { path = "_ts_ms", time = "ms" }
amount = "amount"
"""


def row(number, **fields):
    return json.dumps(
        {
            "number": number,
            "created": int((NOW - timedelta(hours=1)).timestamp() * 1000),
            "customer": {"id": number % 3 + 1, "email": "Ann@Example.com"},
            "total": "19.99",
            "currency": "EUR",
            "lines": [{"sku": "a"}],
        }
        | fields
    ).encode()


@pytest.fixture(autouse=True)
def _shop(kafka, monkeypatch, tmp_path, make_topics):
    config = tmp_path / "retention.toml"
    config.write_text(CONFIG)
    monkeypatch.setenv("RETENTION_BROKER", kafka)
    monkeypatch.setenv("RETENTION_CONFIG", str(config))
    make_topics("shop-eu", "orders")


def produce(broker_calls):
    late = int((NOW + timedelta(days=1)).timestamp() * 1000)
    broker_calls.produce(
        *(("shop-eu", number % 2, b"k", row(number), []) for number in range(10)),
        ("shop-eu", 0, b"k", row(11, customer={"email": "bob@shop.example"}), []),
        ("shop-eu", 0, b"k", row(12, customer=None), []),
        ("shop-eu", 1, b"k", row(13, total="19.999"), []),
        ("shop-eu", 1, b"k", row(14, created=late), []),
        ("shop-eu", 1, b"k", row(15, currency="CHF"), []),
        ("shop-eu", 1, b"k", b"{", []),
        ("shop-eu", 1, b"k", None, []),
    )


def test_sample_is_counted_by_outcome_and_changes_nothing(retention, broker_calls):
    produce(broker_calls)
    before = asyncio.run(groups(broker_calls.bootstrap))
    result = retention("map", "check", "--topic", "shop-eu", "--json")
    report = json.loads(result.out)
    assert result.code == 1
    assert (report["records"], report["mapping"]) == (17, "rows")
    assert report["events"] == {"customer.merged": 11, "order.placed": 10}  # one order's currency has no rate
    assert report["skipped"] == {"staff": 1}
    assert (report["anonymous"], report["no_row"], report["nothing"]) == (1, 1, 0)
    reasons = ["future_time", "invalid_field", "not_json", "unknown_currency"]
    assert sorted(one["reason"] for one in report["refused"]) == reasons
    [message] = [one["message"] for one in report["refused"] if one["reason"] == "invalid_field"]
    assert message == (
        "mapping rows, order.placed, `amount` from `total`, `currency` (text): "
        "has more than the currency's 2 decimal places; `round = true` rounds it"
    )
    assert [one["path"] for one in report["unread"]] == ["lines[].sku"]
    assert report["unseen"] == ["voucher"]
    held = [(one["partition"], one["records"], one["customers"]) for one in report["partitions"]]
    assert held == [(0, 7, 4), (1, 10, 4)]
    assert report["scattered"] == 4
    first = report["examples"][0]
    assert first["came_in"]["total"] == "19.99"
    assert first["became"][0]["amount"] == 1999
    assert broker_calls.topics() == {"shop-eu": 2, "orders": 2}
    assert len(broker_calls.records("shop-eu")) == 17
    assert asyncio.run(groups(broker_calls.bootstrap)) == before


def test_small_sample_reads_all_partitions(retention, broker_calls):
    wrong = [f"C{initial}{initial}" for initial in "ABCDEFGHIJ"]
    broker_calls.produce(
        *(("shop-eu", number % 2, b"k", row(1, currency=name), []) for number, name in enumerate(wrong)),
        *(("shop-eu", 1, b"k", row(number), []) for number in range(3)),
    )
    report = json.loads(retention("map", "check", "--topic", "shop-eu", "--sample", "9", "--json").out)
    assert [(one["partition"], one["records"]) for one in report["partitions"]] == [(0, 5), (1, 4)]
    assert report["events"]["order.placed"] == 3, "the latest of each"
    assert [one["partition"] for one in report["examples"]] == [0, 1, 0, 1, 0]


def test_old_records_are_valid_with_the_event_clock(retention, broker_calls):
    old = {"time": (NOW - timedelta(days=4000)).isoformat(), "type": "order.shipped"}
    events = [old | {"id": f"s{number}", "customer_id": "c", "order_id": "o"} for number in range(3)]
    broker_calls.produce(*(("orders", 0, None, json.dumps(event).encode(), []) for event in events))
    check = ("map", "check", "--json", "--topic", "orders")
    [refused] = json.loads(retention(*check).out)["refused"]
    assert (refused["reason"], refused["records"]) == ("too_old", 3)
    result = retention(*check, "--clock", "event")
    assert (result.code, json.loads(result.out)["events"]) == (0, {"order.shipped": 3})


async def groups(bootstrap):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return await admin.list_consumer_groups()
    finally:
        await admin.close()


def test_report_shows_record_beside_event(retention, broker_calls):
    produce(broker_calls)
    result = retention("map", "check", "--topic", "shop-eu")
    assert result.code == 1
    for words in (
        "record (partition 0, offset 0)",
        '"total": "19.99"',
        '"amount": 1999',
        "left out by the mapping's rule staff",
        "anonymous: they name no customer (5.9% of the records)",
        "future_time: `time` is more than 5 minutes ahead",
        "  1  no row: tombstones and truncations of tables",
        "unused fields: lines[].sku",
        "fields in no record: voucher",
        "customers in several partitions: 4 ",
    ):
        assert words in result.out
    early = retention("map", "check", "--topic", "shop-eu", "--sample", "4", "--from", "earliest", "--json")
    report = json.loads(early.out)
    assert [one["records"] for one in report["partitions"]] == [2, 2]
    assert (early.code, report["refused"]) == (0, [])
    other = json.loads(retention("map", "check", "--topic", "shop-eu", "--mapping", "shopify", "--json").out)
    assert (other["mapping"], other["events"], other["nothing"]) == ("shopify", {}, 15)


def test_database_change_shows_the_row_before_and_after(retention, broker_calls):
    at = int((NOW - timedelta(hours=1)).timestamp() * 1000)
    change = {"op": "u", "before": {"id": 7, "amount": 100}, "after": {"id": 7, "amount": 90}, "ts_ms": at}
    truncated = {"op": "t", "source": {"table": "orders"}}
    values = [{"schema": {"type": "struct"}, "payload": each} for each in (change, truncated)]
    values[0]["payload"] = {"source": {"table": "orders"}, **change}
    broker_calls.produce(
        *(("shop-eu", 0, b'{"customer": 3}', json.dumps(value).encode(), []) for value in values),
        ("shop-eu", 0, b'{"customer": 3}', None, []),
    )
    how = ("map", "check", "--topic", "shop-eu", "--mapping", "changes")
    [seen, nothing] = json.loads(retention(*how, "--json").out)["examples"]
    assert seen["came_in"] == {**change, "_key": {"customer": 3}}
    assert [event["amount"] for event in seen["became"]] == [90]
    assert (nothing["came_in"], nothing["became"]) == ({"op": "t", "_key": {"customer": 3}}, [])
    lines = [line[:80].strip() for line in retention(*how).out.splitlines()]
    before, after = lines.index('"before": {'), lines.index('"after": {')
    assert lines[before + 2 : after + 3 : 4] == ['"amount": 100', '"amount": 90']


def test_native_topic_is_checked_and_unknown_names_are_errors(retention, broker_calls):
    order = {"id": "e", "type": "order.placed", "time": NOW.isoformat(), "customer_id": "c"}
    order |= {"order_id": "o", "amount": 1, "currency": "EUR", "note": "x"}
    broker_calls.produce(("orders", 0, None, json.dumps(order).encode(), []))
    result = retention("map", "check", "--topic", "orders", "--json")
    report = json.loads(result.out)
    assert (result.code, report["events"]) == (0, {"order.placed": 1})
    assert [one["path"] for one in report["unread"]] == ["note"]
    for arguments, message in (
        (["shop-eux", "--mapping", "rows"], "there is no topic shop-eux; did you mean shop-eu?"),
        (["tickets"], "tickets is not an input of the configuration"),
        (["shop-eu", "--mapping", "shopfy"], "there is no mapping 'shopfy'; did you mean shopify?"),
    ):
        result = retention("map", "check", "--topic", *arguments)
        assert result.code in {1, 2}
        assert message in result.err.replace("\n  ", "; ")


def test_bundled_mappings_are_listed_and_shown(retention):
    listed = retention("map", "list").out
    assert "rows " in listed
    assert "shopify " in listed
    assert "/shop-.*/: mapping rows" in listed
    assert "orders: events of the contract, orders" in listed
    shown = retention("map", "show", "zendesk")
    assert shown.out.startswith("# Zendesk")
    assert retention("map", "show", "rows").code == 1
    assert "expected one of delighted, " in retention("map", "show", "nope").err
