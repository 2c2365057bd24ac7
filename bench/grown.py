"""Keep a Kafka with the state of many customers that a worker wrote, and make more events for them."""

import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bench.feed import Record, console, filled_kafka
from bench.processes import total, worker
from models.contract.events import KINDS
from streams.local.kafka import EmbeddedKafka

#: The group whose state it is.
GROUP = "grown"
#: Every customer has an order, shipped and delivered, before anything is measured.
EVENTS_A_CUSTOMER = 3
#: What happens after: event type -> how often, of 100.
_MIX = {
    "checkout.started": 18,
    "order.placed": 20,
    "order.shipped": 13,
    "order.delivered": 13,
    "ticket.opened": 5,
    "ticket.replied": 12,
    "ticket.status_changed": 12,
    "survey.answered": 4,
    "review.submitted": 3,
}


@asynccontextmanager
async def copied_kafka(directory: Path, customers: int) -> AsyncIterator[str]:
    """Yield a running copy of `grown_kafka`'s Kafka, so that the original customers do not grow."""
    async with grown_kafka(directory, customers):
        pass
    copy = directory / f"copy-{customers}"
    shutil.rmtree(copy, ignore_errors=True)
    try:
        shutil.copytree(directory / f"grown-{customers}-keyed", copy)
        async with EmbeddedKafka(copy / "kafka") as kafka:
            yield kafka.bootstrap
    finally:
        shutil.rmtree(copy, ignore_errors=True)


@asynccontextmanager
async def grown_kafka(directory: Path, customers: int) -> AsyncIterator[str]:
    """Yield a running Kafka with the state of `customers`; a worker of `GROUP` writes it once."""

    def records() -> Iterator[Record]:
        return first_orders(customers)

    name = f"grown-{customers}"
    marker = directory / f"{name}-keyed" / "grown"
    async with filled_kafka(directory, name, records) as (bootstrap, filled):
        if not marker.exists():
            console.print(f"A worker makes the state of {customers:,} customers (once) ...")
            await _grow(bootstrap, filled.events, directory)
            marker.touch()
        yield bootstrap


async def _grow(bootstrap: str, events: int, directory: Path) -> None:
    async with worker(bootstrap, GROUP, directory) as process:
        async for _, series in process.samples(0.5):
            read = total(series, "retention_worker_events_total")
            if read >= events and series.get("retention_caught_up"):
                return


def first_orders(customers: int) -> Iterator[Record]:
    """Yield each customer's first order, half a year ago or later."""
    chance = random.Random(1)
    now = datetime.now(UTC)
    for number in range(customers):
        at = now - timedelta(days=40 + 140 * chance.random())
        kinds = ("order.placed", "order.shipped", "order.delivered")
        for step, kind in enumerate(kinds):
            yield _event(f"first-{number:011}-{step}", kind, at + timedelta(days=step), number, number)


def more(customers: int, events: int, seed: int) -> Iterator[Record]:
    """Yield this many events in a shop's mix, of random customers, in the last 30 days."""
    chance = random.Random(seed)
    now = datetime.now(UTC)
    kinds = chance.choices(list(_MIX), list(_MIX.values()), k=events)
    for number, kind in enumerate(kinds):
        at = now - timedelta(days=30 * (events - number) / events)
        yield _event(f"{seed}-{number:010}", kind, at, chance.randrange(customers), number // 8)


def _event(name: str, kind: str, at: datetime, customer: int, entity: int) -> Record:
    who = f"customer-{customer:011}"
    fields: dict[str, object] = {"id": name, "type": kind, "time": at, "customer_id": who, "channel": "web"}
    topic = KINDS[kind]
    if topic == "orders":
        fields |= {"order_id": f"order-{entity:014}", "cart_id": f"cart-{entity:015}"}
    if kind == "order.placed":
        fields |= {"amount": 5_000 + entity % 7_000, "currency": "USD"}
    if topic == "tickets":
        fields |= {"ticket_id": f"ticket-{entity:013}", "author": "agent", "status": "solved"}
    if topic == "reviews":
        fields |= {"review_id": f"review-{entity:013}", "rating": 4, "survey": "nps", "score": 9}
    return topic, who, msgspec.json.encode(fields)
