"""Measure the cost of each part of the core, on one thread: `python -m bench.core [--customers N] [--json]`.

A shop's mix of events over N customers, each with 5 orders (shipped, delivered), a ticket with its
conversation, now and then a refund, a review, an answer, a cart; ids of 20 characters.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.customers.facts_by_entity import CustomerFacts
from models.definitions.definitions import Definitions
from models.facts import log_pages
from models.facts.fact import decode_fact, encode_fact
from models.facts.from_events import facts_of
from models.metrics.catalogue import compute
from models.partition.partition import Addressed, Partition

HOUR = 3_600_000_000
#: 2026-01-01, after a year of history.
NOW = 1_767_225_600_000_000

Json = dict[str, Any]


def life(number: int, chance: random.Random) -> Iterator[Json]:
    """Yield the events of one customer."""
    customer = f"customer-{number:011}"
    ids = iter(range(1_000))

    def event(kind: str, hours: float, **fields: object) -> Json:
        at = NOW // HOUR - 8_700 + hours
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at * 3600))
        about = {"id": f"{number:012}-{next(ids):07}", "type": kind, "time": moment + ".123456Z"}
        return about | {"customer_id": customer, "channel": chance.choice(("web", "app"))} | fields

    for order in range(5):
        at, order_id = chance.random() * 8_000, f"order-{number:011}-{order:02}"
        cart = f"cart-{number:012}-{order:02}"
        if chance.random() < 0.5:
            yield event("checkout.started", at - 0.2, cart_id=cart)
        price = {"amount": chance.randrange(500, 20_000), "currency": "USD", "cart_id": cart}
        yield event("order.placed", at, order_id=order_id, **price)
        yield event("order.shipped", at + 24, order_id=order_id)
        yield event("order.delivered", at + 72, order_id=order_id)
        if chance.random() < 0.05:
            refund = {"order_id": order_id, "refund_id": order_id}
            yield event("refund.requested", at + 100, **refund)
            yield event("refund.completed", at + 140, amount=price["amount"], **refund)
        if chance.random() < 0.2:
            yield event("review.submitted", at + 150, review_id=order_id, rating=chance.choice((2, 4, 5, 5)))
        if chance.random() < 0.2:
            yield event("survey.answered", at + 151, survey="nps", score=chance.choice((5, 7, 8, 9, 10)))
    at, ticket = chance.random() * 8_000, {"ticket_id": f"ticket-{number:013}"}
    yield event("ticket.opened", at, **ticket)
    yield event("ticket.replied", at + 0.01, author="bot", **ticket)
    yield event("ticket.replied", at + 2, author="agent", **ticket)
    yield event("ticket.status_changed", at + 2, status="pending", **ticket)
    yield event("ticket.replied", at + 5, author="customer", **ticket)
    yield event("ticket.status_changed", at + 5, status="open", **ticket)
    yield event("ticket.replied", at + 7, author="agent", **ticket)
    yield event("ticket.status_changed", at + 7, status="solved", **ticket)


def history(customers: int) -> list[tuple[str, bytes]]:
    """Return all customers' events in order of time, as pairs of topic kind and value."""
    chance = random.Random(1)
    events = [event for number in range(customers) for event in life(number, chance)]
    events.sort(key=lambda event: event["time"])
    return [(KINDS[event["type"]], json.dumps(event).encode()) for event in events]


def clocked(run: Callable[[], Any], count: int) -> tuple[Any, float]:
    """Return the result of `run`, and its duration for each of `count` items, microseconds."""
    started = time.process_time()
    result = run()
    return result, (time.process_time() - started) / count * 1e6


def measure(customers: int) -> dict[str, float]:
    """Return the cost of each part: microseconds unless its name gives another unit."""
    definitions, costs = Definitions(), {}
    lines = history(customers)
    count = len(lines)
    events, costs["decode an event"] = clocked(lambda: [decode(*line) for line in lines], count)
    found, costs["facts of an event"] = clocked(
        lambda: [fact for event in events for fact in facts_of(event, definitions)], count
    )
    wire, costs["encode a fact"] = clocked(lambda: [encode_fact(fact) for _, fact in found], count)
    _, costs["decode a fact"] = clocked(lambda: [decode_fact(fact) for fact in wire], count)
    keyed = [(customer.encode(), fact, value) for (customer, fact), value in zip(found, wire, strict=True)]
    costs["append a fact in bootstrap"], costs["build aggregates, for each fact"] = _history(
        definitions, keyed
    )
    partition = Partition(definitions, rows := {})
    partition.advance(NOW)
    apply_seconds = drain_seconds = 0.0
    drained, batch = 0, 10_000
    for start in range(0, count, batch):
        part = keyed[start : start + batch]
        begun = time.process_time()
        partition.process(part)
        applied = time.process_time()
        drained += len(partition.take_changes())
        drained_at = time.process_time()
        partition.evaluate(NOW)
        apply_seconds += applied - begun
        drain_seconds += drained_at - applied
    costs["apply a fact, customer cold"] = apply_seconds / count * 1e6
    costs["take a changed row"] = drain_seconds / drained * 1e6
    costs["row of a customer, KB"] = sum(map(len, rows.values())) / customers / 1024
    costs["apply a fact, customer warm"] = _warm(definitions, keyed)
    restored = Partition(definitions, rows)
    restored.resume(NOW)
    _, costs["rebuild a customer"] = clocked(lambda: list(restored.build_aggregates()), customers)
    key = next(key for key in rows if not log_pages.is_page(key))
    _, costs["decode a row"] = clocked(
        lambda: [CustomerFacts(log_pages.read(rows, key)) for _ in range(2_000)], 2_000
    )
    partial, cost = clocked(lambda: restored.evaluate(NOW), 1)
    costs["evaluate what is new, ms"] = cost / 1e3
    costs["evaluate an hour later, ms"] = clocked(lambda: restored.evaluate(NOW + HOUR), 1)[1] / 1e3
    costs["compute the metrics, ms"] = clocked(lambda: compute([partial], definitions, NOW), 1)[1] / 1e3
    costs["emit all outputs of a customer"] = clocked(lambda: _emit_all(restored), customers)[1]
    restored.take_changes()
    restored.advance(restored.now + 24 * HOUR)
    costs["evaluate a customer again"] = clocked(lambda: _emit_all(restored), customers)[1]
    costs["row of a customer with outputs, KB"] = sum(map(len, rows.values())) / customers / 1024
    return costs


def _emit_all(partition: Partition) -> None:
    """Emit all outputs of all customers."""
    while keys := partition.due_for_output(100):
        for key in keys:
            partition.emit(key)


def _history(definitions: Definitions, keyed: list[Addressed]) -> tuple[float, float]:
    """Process the whole history in bootstrap, then build the aggregates."""
    partition = Partition(definitions, {})
    partition.resume(NOW)
    _, appended = clocked(lambda: partition.process(keyed), len(keyed))
    _, built = clocked(lambda: list(partition.build_aggregates()), len(keyed))
    return appended, built


def _warm(definitions: Definitions, keyed: list[Addressed]) -> float:
    """Apply the history of as many customers as the cache keeps decoded."""
    some = set(sorted({key for key, _, _ in keyed[:2_000]})[:300])
    chosen = [each for each in keyed if each[0] in some]
    partition = Partition(definitions, {})
    partition.advance(NOW)
    return clocked(lambda: partition.process(chosen), len(chosen))[1]


def main() -> None:
    """Print the costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    costs = measure(arguments.customers)
    if arguments.json:
        print(json.dumps(costs))
        return
    for name, cost in costs.items():
        print(f"{name:32}{cost:10.2f}{'' if ',' in name and name[-2:] in ('KB', 'ms') else ' us'}")


if __name__ == "__main__":
    main()
