"""Events for a real Kafka: histories with collisions, shuffled over producers of different styles."""

import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka.partitioner import murmur2

from models.contract.events import KINDS
from tests.support.histories import random_history
from tests.support.strategies import ANCHOR, DAY, HOUR, Event, rfc3339

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Last instant of these histories: before any wall clock's present, in the middle of an hour.
END = ANCHOR - 700 * DAY + 25 * HOUR // 60

Key = Callable[[Event], bytes | None]
Partitioner = Callable[[bytes | None, int, random.Random], int]


def microseconds(text: str) -> int:
    """Return an RFC 3339 time in microseconds since the epoch."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def history(
    seed: int, *, size: int = 2000, customers: int = 60, until: int = END, identities: bool = False
) -> list[Event]:
    """Return distinct valid events up to `until`, shuffled: refunds before orders, replies before tickets.

    `now` of them, in event mode, is `until`: the last one happens then.
    """
    shift = until - ANCHOR
    events = {}
    for step in random_history(seed, size=size, customers=customers, identities=identities).steps:
        for event in step.events:
            moved = {**event, "time": rfc3339(microseconds(event["time"]) + shift)}
            if "promised_at" in event:
                moved["promised_at"] = rfc3339(microseconds(event["promised_at"]) + shift)
            if microseconds(moved["time"]) < until:
                events[moved["id"]] = moved
    last = order("the-last", "the-last-customer", until)
    return [*events.values(), last]


def order(name: str, customer: str, time: int, **fields: Any) -> Event:
    """Return an order of 10 USD."""
    return {
        "id": f"event-{name}",
        "type": "order.placed",
        "time": rfc3339(time),
        "customer_id": customer,
        "order_id": f"order-{name}",
        "amount": 1000,
        "currency": "USD",
        **fields,
    }


def latest(events: list[Event]) -> int:
    """Return the `now` of the event clock after all of these events have been read.

    `customer.*` events do not move it.
    """
    moving = [event for event in events if not event["type"].startswith("customer.")]
    return max(microseconds(event["time"]) for event in moving)


def topic_of(event: Event) -> str:
    """Return the input topic of an event."""
    return KINDS[event["type"]]


def by_customer(event: Event) -> bytes:
    """Return the customer's id as key: with equal partition counts, facts stay in their partition."""
    return event["customer_id"].encode()


def by_thing(event: Event) -> bytes:
    """Return the entity's id as key, which spreads a customer's events over the partitions."""
    name = next((n for n in ("order_id", "ticket_id", "cart_id", "review_id") if n in event), "id")
    return event[name].encode()


def by_nothing(_: Event) -> None:
    """Return None, for records without a key."""


def as_java(key: bytes | None, count: int, rng: random.Random) -> int:
    """Return the partition by murmur2, the default of Java and aiokafka."""
    return rng.randrange(count) if key is None else (murmur2(key) & 0x7FFFFFFF) % count


def as_librdkafka(key: bytes | None, count: int, rng: random.Random) -> int:
    """Return the partition by CRC-32, librdkafka's default (confluent-kafka for Python, Go and .NET)."""
    return rng.randrange(count) if key is None else zlib.crc32(key) % count


def anywhere(_: bytes | None, count: int, rng: random.Random) -> int:
    """Return a random partition, as with round robin, a sticky partitioner, or an explicit partition."""
    return rng.randrange(count)


@dataclass
class Style:
    """The key, partitioner and codec of one producer."""

    key: Key = by_customer
    partitioner: Partitioner = as_java
    codec: str | None = None
    seed: int = 0
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)


@dataclass(frozen=True)
class Record:
    """A record to produce; without a `partition`, the producer's partitioner chooses one."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int | None = None


def record(event: Event, style: Style, partitions: int) -> Record:
    """Return the record that a producer of this style sends for an event."""
    key = style.key(event)
    return Record(
        topic_of(event),
        json.dumps(event).encode(),
        key,
        style.partitioner(key, partitions, style.rng),
    )


def duplicated(events: list[Event], seed: int, share: float = 0.15) -> list[Event]:
    """Return all events in a random order, some of them twice."""
    rng = random.Random(seed)
    deliveries = [*events, *rng.sample(events, int(len(events) * share))]
    rng.shuffle(deliveries)
    return deliveries
