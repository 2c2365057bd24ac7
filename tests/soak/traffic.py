"""The events of a soak: all types with their corrections, late, twice, in conflict, merged and erased."""

import asyncio
import json
import random
import zlib
from collections.abc import Iterator, Sequence
from itertools import count

from aiokafka import AIOKafkaProducer

from tests.support.avro_returns import SCHEMA, returned
from tests.support.cluster import INPUTS, Cluster
from tests.support.complete_shop import with_attributes
from tests.support.events import (
    DAY,
    END,
    Event,
    Record,
    Style,
    anywhere,
    by_nothing,
    by_thing,
    history,
    microseconds,
    record,
    topic_of,
)
from tests.support.registry_server import RegistryServer
from tests.support.strategies import SECOND, rfc3339

#: Events of one history, and its customers. Histories share no customer, so the oracle's time stays linear.
_SIZE, _CUSTOMERS = 1500, 40
#: An event is late by up to so much among the events of its history.
_LATE = 60 * DAY
_TWICE, _CONFLICTING = 0.1, 0.02
_STYLES = (Style(), Style(by_thing), Style(by_nothing, anywhere))
#: A producer waits for a broker that is away; no fault takes so long.
_PATIENCE_MS = 180_000
_EVERY = 10
#: Number of the schema that the first returns have; each further one has the next.
FIRST_SCHEMA = 100
#: Registered schemas, whose records can be small and deep, or small and of many items.
NESTED, NULLS, NO_SCHEMA = 11, 12, 13
_NODE = {"name": "next", "type": ["null", "Node"]}
_ITEMS = {"name": "items", "type": {"type": "array", "items": "null"}}
HOSTILE_SCHEMAS = {
    NESTED: {"schema": json.dumps({"type": "record", "name": "Node", "fields": [_NODE]})},
    NULLS: {"schema": json.dumps({"type": "record", "name": "Nulls", "fields": [_ITEMS]})},
    NO_SCHEMA: {"schema": "{"},
}


def stream(seed: int) -> Iterator[Event]:
    """Yield distinct valid events without end. The clock advances, with many late events."""
    rng = random.Random(f"{seed}/events")
    for number in count():
        events = history(
            seed * 1009 + number, size=_SIZE, customers=_CUSTOMERS, until=END + number * DAY, identities=True
        )
        events = with_attributes(events)
        events.sort(key=lambda event: microseconds(event["time"]) + rng.randrange(_LATE))
        yield from (_of_history(event, number) for event in events)


def _of_history(event: Event, number: int) -> Event:
    """Return the event with customers of its own history."""
    names = {
        name: f"h{number}-{event[name]}" for name in ("customer_id", "into", "referred_by") if name in event
    }
    return event | names


def conflicting_duplicate(event: Event) -> Event:
    """Return a conflicting duplicate of an event, a second later."""
    later = rfc3339(microseconds(event["time"]) + SECOND)
    return event | {"time": later, "amount": event["amount"] + 1}


class Traffic:
    """Sends events at a rate, and keeps the sent ones.

    Args:
        cluster: the Kafka, reached without a proxy.
        registry: the schema registry, to which a new schema is added in each round.
        seed: seed of the events.

    Attributes:
        sent: distinct events; everything in it has been acknowledged after `send`.
        now: the event clock after all of them, microseconds since the epoch.
    """

    def __init__(self, cluster: Cluster, registry: RegistryServer, seed: int) -> None:
        self.sent: list[Event] = []
        self.now = 0
        self._cluster = cluster
        self._registry = registry
        self._stream = stream(seed)
        self._rng = random.Random(f"{seed}/traffic")
        self._counts: dict[str, int] = {}
        self._schema = FIRST_SCHEMA - 1
        self._producer = AIOKafkaProducer(
            bootstrap_servers=cluster.bootstrap,
            request_timeout_ms=_PATIENCE_MS,
            max_request_size=16 << 20,
            linger_ms=5,
            compression_type="zstd",
            enable_idempotence=True,
        )

    async def start(self) -> None:
        self.add_schema()
        self._registry.schemas |= HOSTILE_SCHEMAS
        await self._producer.start()
        counted = await asyncio.gather(*map(self._cluster.partitions, INPUTS))
        self._counts = dict(zip(INPUTS, counted, strict=True))

    async def stop(self) -> None:
        await self._producer.stop()

    def add_schema(self) -> None:
        """Register the schema of returns under a new number, which no worker knows."""
        self._schema += 1
        self._registry.schemas[self._schema] = {"schema": json.dumps(SCHEMA)}

    async def send(self, number: int, seconds: float) -> None:
        """Send new events, spread over some seconds, and wait until the broker has acknowledged them."""
        deliveries = self._deliveries(number)
        acknowledged = []
        for place, event in enumerate(deliveries):
            acknowledged.append(await self.send_record(self._record(event)))
            if place % _EVERY == 0:
                await asyncio.sleep(seconds * _EVERY / len(deliveries))
        await asyncio.gather(*acknowledged)

    async def send_record(self, one: Record) -> asyncio.Future:
        """Send one record, and return the future of its acknowledgement."""
        if one.value is None and one.key is None:  # aiokafka sends such a record only in an explicit batch
            batch = self._producer.create_batch()
            batch.append(key=None, value=None, timestamp=None)
            return await self._producer.send_batch(batch, one.topic, partition=one.partition)
        return await self._producer.send(
            one.topic, one.value, one.key, partition=one.partition, headers=list(one.headers)
        )

    def partition(self, topic: str) -> int:
        """Return a random partition of an input topic."""
        return self._rng.randrange(self._counts.get(topic, 1))

    def _deliveries(self, number: int) -> list[Event]:
        new = [next(self._stream) for _ in range(number)]
        placed = [event for event in new if event["type"] == "order.placed"]
        new += [conflicting_duplicate(event) for event in placed if self._rng.random() < _CONFLICTING]
        self._keep(new)
        again = self._rng.choices(self.sent, k=int(number * _TWICE))
        for event in again:
            new.insert(self._rng.randrange(len(new)), event)
        return new

    def _keep(self, events: Sequence[Event]) -> None:
        self.sent += events
        moving = [event for event in events if not event["type"].startswith("customer.")]
        self.now = max([self.now, *(microseconds(event["time"]) for event in moving)])

    def _record(self, event: Event) -> Record:
        """Return the record of an event; half of the refunds are Avro, each always in one form."""
        kind, number = topic_of(event), zlib.crc32(event["id"].encode())
        if kind == "refunds" and number % 2:
            return returned(event, self._schema)
        return record(event, _STYLES[number % len(_STYLES)], self._counts[kind])
