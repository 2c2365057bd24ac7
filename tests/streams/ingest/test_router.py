"""Records become facts of their customer's task, or dead letters."""

import json
import time
import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition

from models.contract.decoding import decode, to_us
from models.definitions.definitions import Definitions
from models.facts.fact import encode_fact
from models.facts.from_events import facts_of
from streams.mapping.mappings import load
from tests.support.routed_task import FACTS, MINE, NOW_MS, ORDERS, RoutedTask, order, record, someone

DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def routed():
    return RoutedTask()


def test_fact_of_an_own_customer_is_applied_at_once(routed):
    routed.route(order("o1"), order("o2"))
    assert routed.orders() == 2
    assert not routed.outbox
    assert routed.counters.repartitioned == 0


def test_conflicting_duplicates_are_counted_by_topic(routed):
    contents = [order("o1"), order("o1", amount=700), order("o1", amount=700), order("o2")]
    routed.route(*contents)
    assert routed.counters.conflicting_duplicates == {"orders": 1}
    assert routed.counters.duplicates == 1


def test_fact_of_another_task_is_forwarded(routed):
    stranger = someone(3)
    routed.route(order("o1", stranger))
    [((topic, partition), [forwarded])] = routed.outbox.take().items()
    assert (topic, partition) == ("g-facts", 3)
    assert forwarded.key == stranger.encode()
    assert forwarded.timestamp == NOW_MS, "the latency counts from the record of the event"
    assert routed.orders() == 0
    assert routed.counters.repartitioned == 1
    assert routed.partition.stream_time == to_us(datetime(2024, 5, 1, 10, tzinfo=UTC)), (
        "a forwarded fact advances the stream time too"
    )

    owner = RoutedTask()
    owner.router.apply_facts(FACTS, [record(forwarded.value, key=forwarded.key)])
    assert owner.orders() == 1


@pytest.mark.parametrize(
    "timestamp",
    [NOW_MS - 60 * DAY_MS, NOW_MS + DAY_MS, 0, -1],
    ids=["old", "from the future", "the epoch", "none"],
)
def test_forwarded_fact_has_no_old_or_future_timestamp(routed, timestamp):
    """Kafka would remove facts with the old timestamps of replayed events before they are read."""
    routed.router.route_events("orders", ORDERS, [record(order("o1", someone(3)), timestamp=timestamp)])
    [[forwarded]] = routed.outbox.take().values()
    assert forwarded.timestamp is None


def test_duplicates_are_counted_and_change_nothing(routed):
    routed.route(order("o1"), order("o1"))
    routed.route(order("o1"))
    assert routed.orders() == 1
    assert routed.counters.duplicates == 2
    fact = encode_fact(facts_of(decode("orders", order("o2")), Definitions())[0][1])
    forwarded = [record(fact, key=someone(MINE).encode())] * 2
    routed.router.apply_facts(FACTS, forwarded)
    assert routed.orders() == 2
    assert routed.counters.duplicates == 3


def test_dead_letter_keeps_the_record_and_adds_the_reason(routed):
    headers = (("trace", b"\x00\xff"), ("retention.error.reason", b"an earlier one"))
    bad = record(b"\xff not json", 41, key=None, headers=headers, timestamp=123)
    routed.router.route_events("orders", ORDERS, [bad])
    [((topic, partition), [dead_letter])] = routed.outbox.take().items()
    assert (topic, partition) == ("retention.dead-letters", 5 % 3)
    assert (dead_letter.key, dead_letter.value, dead_letter.timestamp) == (None, b"\xff not json", 123)
    assert dead_letter.headers[:2] == list(headers)
    added = dict(dead_letter.headers[2:])
    assert added.pop("retention.error.message")
    rejected_at = datetime.fromisoformat(added.pop("retention.error.time").decode())
    assert abs(datetime.now(UTC) - rejected_at) < timedelta(minutes=2)
    assert added == {
        "retention.error.reason": b"not_json",
        "retention.error.topic": b"orders",
        "retention.error.partition": b"5",
        "retention.error.offset": b"41",
    }
    assert routed.counters.dead_letters == {"not_json": 1}


def test_cloud_events_of_both_modes_count_as_plain_events(routed):
    fields = json.loads(order("o1"))
    del fields["id"], fields["type"]
    binary = (("ce_specversion", b"1.0"), ("ce_id", b"e"), ("ce_type", b"order.placed"), ("ce_source", b"/s"))
    structured = {
        "specversion": "1.0",
        "id": "f",
        "type": "t",
        "source": "/",
        "data": json.loads(order("o2")),
    }
    named = (("content-type", b"application/cloudevents+json"),)
    routed.router.route_events(
        "orders",
        ORDERS,
        [
            record(json.dumps(fields).encode(), 0, headers=binary),
            record(json.dumps(structured).encode(), 1, headers=named),
            record(json.dumps(structured).encode(), 2),
            record(order("o1"), 3),
            record(json.dumps(fields).encode(), 4, headers=(*binary, ("ce_specversion", b"0.3"))),
        ],
    )
    assert routed.orders() == 2
    [dead_letter] = routed.dead_letters()
    assert dead_letter.headers[:5] == [*binary, ("ce_specversion", b"0.3")]
    assert dead_letter.value == json.dumps(fields).encode()


INVALID = {
    "not_json": b"{",
    "unknown_type": order("o", type="order.eaten"),
    "invalid_field": order("o", amount=-1),
    "unknown_currency": order("o", currency="XXX"),
    "too_large": order("o", note="x" * (1 << 20)),
    "future_time": order("o", time="2099-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("reason", INVALID)
def test_invalid_record_affects_no_event_and_no_clock(routed, reason):
    routed.route(order("o1"), INVALID[reason], order("o2"))
    assert [
        dict(dead_letter.headers)["retention.error.reason"].decode() for dead_letter in routed.dead_letters()
    ] == [reason]
    assert routed.orders() == 2
    untouched = RoutedTask()
    untouched.route(order("o1"), order("o2"))
    assert routed.partition.stream_time == untouched.partition.stream_time
    assert routed.counters.events_in == {"orders": 3}


@pytest.mark.parametrize("value", [None, b""])
def test_empty_value_is_a_dead_letter(routed, value):
    routed.route(value)
    [dead_letter] = routed.dead_letters()
    assert dead_letter.value == value


def test_event_beyond_the_horizon_is_rejected(routed):
    old = order("o1", time="2020-01-01T00:00:00Z")
    routed.route(old)
    assert routed.dead_letters() == []
    routed.route(order("o2"))
    routed.partition.advance(routed.partition.stream_time)
    routed.route(order("o3", time="2020-01-01T00:00:00Z", type="order.delivered"))
    [dead_letter] = routed.dead_letters()
    assert ("retention.error.reason", b"too_old") in dead_letter.headers


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
def test_placeholder_of_a_time_is_rejected_on_an_empty_worker(time):
    routed = RoutedTask(event_clock=True)
    routed.route(order("o1", time=time), order("o2", time=time, type="order.delivered"))
    assert [dict(one.headers)["retention.error.reason"] for one in routed.dead_letters()] == [b"too_old"] * 2
    assert routed.partition.stream_time == 0


def test_fact_ahead_of_the_wall_clock_waits_for_its_time():
    """A producer's clock may be minutes ahead. The event is valid, and counts later."""
    routed, now = RoutedTask(), int(time.time())
    ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 240))
    routed.route(order("o1", time=ahead), order("o2", time=ahead.replace("Z", "+00:00")))
    assert routed.dead_letters() == []
    assert routed.orders(now * 1_000_000) == 0
    assert routed.orders((now + 240) * 1_000_000) == 2


def test_fact_after_the_last_tick_counts_at_the_next(routed):
    """At an instant before the order, some numbers would include it, and others would not."""
    now = 1_760_000_000
    routed.partition.advance(now * 1_000_000)
    late = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 3))
    routed.route(order("o1", time=late))
    assert routed.partition.stream_time == (now + 3) * 1_000_000
    levels = routed.partition.evaluate((now + 2) * 1_000_000).levels
    assert not any(levels.values())
    assert routed.orders((now + 3) * 1_000_000) == 1


MAPPING = """
[mappings.shop]
customer_id = "who"
[[mappings.shop.events]]
type = "order.placed"
order_id = "id"
time = "at"
amount = "cents"
currency = "currency"
[[mappings.shop.events]]
type = "order.delivered"
when = "delivered"
order_id = "id"
time = "delivered"
"""


def row(number, **changes):
    event = {"id": number, "who": someone(MINE), "at": "2024-05-01T10:00:00Z", "cents": 5, "currency": "USD"}
    return json.dumps(event | changes).encode()


def test_mapped_record_counts_and_is_a_dead_letter_once(routed):
    reader = load(tomllib.loads(MAPPING)).reader("shop")
    values = [
        row(1, delivered="2099-01-01T00:00:00Z"),
        row(2, cents="a lot", delivered="soon"),
        row(3, currency="XXX"),
        row(4, who=None),
        row(5, who=someone(3)),
        b"{",
        None,
        row(6),
        row(7, cents="__debezium_unavailable_value"),
    ]
    routed.router.route_mapped(
        reader, TopicPartition("shop", 5), [record(value, n) for n, value in enumerate(values)]
    )
    assert routed.orders() == 2
    assert routed.counters.repartitioned == 1
    assert routed.counters.without_customer == {"shop": 1}
    assert routed.counters.unchanged == {"shop": 1}
    assert routed.counters.events_in == {"shop": 9}
    assert routed.counters.dead_letters == {
        "future_time": 1,
        "invalid_field": 1,
        "unknown_currency": 1,
        "not_json": 1,
    }
    offsets = [dict(dead_letter.headers)["retention.error.offset"] for dead_letter in routed.dead_letters()]
    assert offsets == [b"0", b"1", b"2", b"5"]
    assert routed.partition.stream_time == to_us(datetime(2024, 5, 1, 10, tzinfo=UTC)), (
        "a rejected event does not advance the stream time"
    )
