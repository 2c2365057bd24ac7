import json
import time
import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from models.contract.decoding import decode, to_us
from models.definitions.definitions import Definitions
from models.facts.fact import encode_fact
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.partition.partition import Partition
from streams.ingest.router import Router
from streams.kafka.outbox import Outbox
from streams.mapping.mappings import load
from streams.monitoring.worker_counters import WorkerCounters
from streams.partitioner import tasks_of

ORDERS, FACTS = TopicPartition("orders", 5), TopicPartition("g-facts", 1)
TASKS = 4
MINE = 1
DAY_MS = 24 * 3600 * 1000
NOW_MS = int(time.time() * 1000)


def someone(task):
    """A customer of that task."""
    return next(
        name for name in (f"customer-{n}" for n in range(99)) if tasks_of([name.encode()], TASKS) == [task]
    )


def order(order_id, customer=None, **changes):
    event = {
        "id": f"event-{order_id}",
        "type": "order.placed",
        "time": "2024-05-01T10:00:00Z",
        "customer_id": customer or someone(MINE),
        "order_id": order_id,
        "amount": 1200,
        "currency": "USD",
    }
    return json.dumps(event | changes).encode()


def record(value, offset=0, key=b"key", headers=(), timestamp=NOW_MS):
    return ConsumerRecord("orders", 5, offset, timestamp, 0, key, value, None, 0, 0, headers)


class World:
    def __init__(self):
        self.partition = Partition(Definitions(), {})
        self.outbox = Outbox()
        self.own = WorkerCounters()
        self.intake = Router(
            task=MINE,
            task_count=TASKS,
            facts_topic="g-facts",
            dead_letter_partitions=3,
            definitions=Definitions(),
            partition=self.partition,
            outbox=self.outbox,
            counters=self.own,
        )

    def take(self, *values):
        self.intake.route_events("orders", ORDERS, [record(value, n) for n, value in enumerate(values)])

    def dead_letters(self):
        letters = []
        for (topic, _), records in self.outbox.take().items():
            letters += records if topic == "retention.dead-letters" else []
        return letters

    def orders(self, now=None):
        """How many qualifying orders of 90 days it counts."""
        now = now or self.partition.stream_time
        samples = compute([self.partition.evaluate(now)], Definitions(), now)
        return next(
            s.value for s in samples if s.metric == "retention_orders" and s.labels == {"window": "90d"}
        )


@pytest.fixture
def world():
    return World()


def test_a_customer_of_its_own_is_applied_at_once(world):
    world.take(order("o1"), order("o2"))
    assert world.orders() == 2
    assert not world.outbox
    assert world.own.rerouted == 0


def test_another_tasks_customer_takes_one_hop(world):
    stranger = someone(3)
    world.take(order("o1", stranger))
    [((topic, partition), [hop])] = world.outbox.take().items()
    assert (topic, partition) == ("g-facts", 3)
    assert hop.key == stranger.encode()
    assert hop.timestamp == NOW_MS, "its latency began when the event came in"
    assert world.orders() == 0
    assert world.own.rerouted == 1
    assert world.partition.stream_time == to_us(datetime(2024, 5, 1, 10, tzinfo=UTC)), (
        "the clock goes on all the same"
    )

    owner = World()
    owner.intake.apply_facts(FACTS, [record(hop.value, key=hop.key)])
    assert owner.orders() == 1


@pytest.mark.parametrize(
    "timestamp",
    [NOW_MS - 60 * DAY_MS, NOW_MS + DAY_MS, 0, -1],
    ids=["old", "from the future", "the epoch", "none"],
)
def test_a_hop_is_never_older_than_its_topic_keeps_nor_from_the_future(world, timestamp):
    """Replayed events have old timestamps: Kafka would delete their facts before they are read."""
    world.intake.route_events("orders", ORDERS, [record(order("o1", someone(3)), timestamp=timestamp)])
    [[hop]] = world.outbox.take().values()
    assert hop.timestamp is None


def test_duplicates_are_counted_and_change_nothing(world):
    world.take(order("o1"), order("o1"))
    world.take(order("o1"))
    assert world.orders() == 1
    assert world.own.duplicates == 2
    fact = encode_fact(facts_of(decode("orders", order("o2")), Definitions())[0][1])
    hops = [record(fact, key=someone(MINE).encode())] * 2
    world.intake.apply_facts(FACTS, hops)
    assert world.orders() == 2
    assert world.own.duplicates == 3


def test_a_dead_letter_keeps_all_of_the_record_and_says_why(world):
    headers = (("trace", b"\x00\xff"), ("retention.error.reason", b"an earlier one"))
    bad = record(b"\xff not json", 41, key=None, headers=headers, timestamp=123)
    world.intake.route_events("orders", ORDERS, [bad])
    [((topic, partition), [letter])] = world.outbox.take().items()
    assert (topic, partition) == ("retention.dead-letters", 5 % 3)
    assert (letter.key, letter.value, letter.timestamp) == (None, b"\xff not json", 123)
    assert letter.headers[:2] == list(headers)
    added = dict(letter.headers[2:])
    assert added.pop("retention.error.message")
    refused = datetime.fromisoformat(added.pop("retention.error.time").decode())
    assert abs(datetime.now(UTC) - refused) < timedelta(minutes=2)
    assert added == {
        "retention.error.reason": b"not_json",
        "retention.error.topic": b"orders",
        "retention.error.partition": b"5",
        "retention.error.offset": b"41",
    }
    assert world.own.dead_letters == {"not_json": 1}


def test_cloud_events_of_either_mode_count_as_plain_ones_do(world):
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
    world.intake.route_events(
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
    assert world.orders() == 2
    [letter] = world.dead_letters()
    assert letter.headers[:5] == [*binary, ("ce_specversion", b"0.3")]
    assert letter.value == json.dumps(fields).encode()


REFUSED = {
    "not_json": b"{",
    "unknown_type": order("o", type="order.eaten"),
    "invalid_field": order("o", amount=-1),
    "unknown_currency": order("o", currency="XXX"),
    "too_large": order("o", note="x" * (1 << 20)),
    "future_time": order("o", time="2099-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_bad_input_costs_no_other_event_and_does_not_move_the_clock(world, reason):
    world.take(order("o1"), REFUSED[reason], order("o2"))
    assert [dict(letter.headers)["retention.error.reason"].decode() for letter in world.dead_letters()] == [
        reason
    ]
    assert world.orders() == 2
    untouched = World()
    untouched.take(order("o1"), order("o2"))
    assert world.partition.stream_time == untouched.partition.stream_time
    assert world.own.events_in == {"orders": 3}


@pytest.mark.parametrize("value", [None, b""])
def test_an_empty_value_is_a_dead_letter(world, value):
    world.take(value)
    [letter] = world.dead_letters()
    assert letter.value == value


def test_what_is_older_than_the_horizon_is_refused_once_the_clock_is_there(world):
    old = order("o1", time="2020-01-01T00:00:00Z")
    world.take(old)
    assert world.dead_letters() == []
    world.take(order("o2"))
    world.partition.advance(world.partition.stream_time)
    world.take(order("o3", time="2020-01-01T00:00:00Z"))
    [letter] = world.dead_letters()
    assert ("retention.error.reason", b"too_old") in letter.headers


def test_in_wall_mode_a_fact_from_ahead_waits_for_its_time():
    """A producer's clock may be minutes ahead: the event is good, and not known yet."""
    world, now = World(), int(time.time())
    ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 240))
    world.take(order("o1", time=ahead), order("o2", time=ahead.replace("Z", "+00:00")))
    assert world.dead_letters() == []
    assert world.orders(now * 1_000_000) == 0
    assert world.orders((now + 240) * 1_000_000) == 2


def test_a_fact_from_later_than_the_last_tick_counts_at_none_before_it(world):
    """Of an order just read, some numbers would know, and others not, at an instant before it."""
    now = 1_760_000_000
    world.partition.advance(now * 1_000_000)
    late = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 3))
    world.take(order("o1", time=late))
    assert world.partition.stream_time == (now + 3) * 1_000_000
    levels = world.partition.evaluate((now + 2) * 1_000_000).levels
    assert not any(levels.values())
    assert world.orders((now + 3) * 1_000_000) == 1


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


def test_a_mapped_record_counts_for_what_is_good_and_is_a_dead_letter_once(world):
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
    ]
    world.intake.route_mapped(
        reader, TopicPartition("shop", 5), [record(value, n) for n, value in enumerate(values)]
    )
    assert world.orders() == 2
    assert world.own.rerouted == 1
    assert world.own.anonymous == {"shop": 1}
    assert world.own.events_in == {"shop": 8}
    assert world.own.dead_letters == {
        "future_time": 1,
        "invalid_field": 1,
        "unknown_currency": 1,
        "not_json": 1,
    }
    offsets = [dict(letter.headers)["retention.error.offset"] for letter in world.dead_letters()]
    assert offsets == [b"0", b"1", b"2", b"5"]
    assert world.partition.stream_time == to_us(datetime(2024, 5, 1, 10, tzinfo=UTC)), (
        "what is refused moves no clock"
    )
