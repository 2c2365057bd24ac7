"""Events for a real Kafka: histories with collisions, shuffled over producers that agree on nothing."""

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
#: The event clock of these histories ends here: in the past of every wall clock, in the middle of an hour.
END = ANCHOR - 700 * DAY + 25 * HOUR // 60

Key = Callable[[Event], bytes | None]
Partitioner = Callable[[bytes | None, int, random.Random], int]


def microseconds(text: str) -> int:
    """RFC 3339 to microseconds since the epoch."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def history(
    seed: int, *, size: int = 2000, customers: int = 60, until: int = END, identities: bool = False
) -> list[Event]:
    """Distinct valid events up to `until`, shuffled: refunds before orders, replies before tickets.

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
    """One order of 10 USD."""
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
    """The event clock's `now`, once all of these have been read."""
    return max(microseconds(event["time"]) for event in events)


def topic_of(event: Event) -> str:
    """The input topic of an event."""
    return KINDS[event["type"]]


def by_customer(event: Event) -> bytes:
    """The key that needs no hop, where the partition counts agree."""
    return event["customer_id"].encode()


def by_thing(event: Event) -> bytes:
    """An order's or ticket's id: a customer's events are all over the partitions."""
    name = next((n for n in ("order_id", "ticket_id", "cart_id", "review_id") if n in event), "id")
    return event[name].encode()


def by_nothing(_: Event) -> None:
    """No key at all."""


def as_java(key: bytes | None, count: int, rng: random.Random) -> int:
    """Java's and aiokafka's default."""
    return rng.randrange(count) if key is None else (murmur2(key) & 0x7FFFFFFF) % count


def as_librdkafka(key: bytes | None, count: int, rng: random.Random) -> int:
    """librdkafka's default, so Python's confluent-kafka, Go's, .NET's."""
    return rng.randrange(count) if key is None else zlib.crc32(key) % count


def anywhere(_: bytes | None, count: int, rng: random.Random) -> int:
    """Round robin, sticky, or a producer that sets the partition itself."""
    return rng.randrange(count)


@dataclass
class Style:
    """How one producer of a shop sends its records."""

    key: Key = by_customer
    partitioner: Partitioner = as_java
    codec: str | None = None
    seed: int = 0
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)


@dataclass(frozen=True)
class Record:
    """A record as it goes to Kafka; `partition` None: the producer's default."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int | None = None


def record(event: Event, style: Style, partitions: int) -> Record:
    """The record of an event, as a producer of this style makes it."""
    key = style.key(event)
    return Record(
        topic_of(event),
        json.dumps(event).encode(),
        key,
        style.partitioner(key, partitions, style.rng),
    )


def duplicated(events: list[Event], seed: int, share: float = 0.15) -> list[Event]:
    """All of them, some twice, in another order."""
    rng = random.Random(seed)
    deliveries = [*events, *rng.sample(events, int(len(events) * share))]
    rng.shuffle(deliveries)
    return deliveries
