"""Measure a customer with 5 orders, a ticket and ids of 20 characters, in the changelog and in memory.

`python -m bench.state FEW MANY` prints it as JSON: a process of its own, in which nothing else grows.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from resource import getpagesize

import msgspec

from models.contract.decoding import decode
from models.contract.events import KINDS
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of
from models.partition.metadata import METADATA_KEY
from models.partition.partition import Partition

_START = datetime(2026, 1, 1, tzinfo=UTC)
_NOW = int((_START + timedelta(days=330)).timestamp()) * 1_000_000
_CHUNK = 1_000
#: (type, day, field -> value)
Step = tuple[str, float, dict[str, object]]


def life(number: int) -> Iterator[tuple[str, bytes]]:
    """Yield one customer's events: 5 orders, shipped and delivered, and a ticket, answered and solved."""
    for index, (kind, day, fields) in enumerate(_steps(number)):
        event = {
            "id": f"event-{number:011}-{index:02}", "type": kind, "time": _START + timedelta(days=day),
            "customer_id": f"customer-{number:011}", "channel": "web", **fields,
        }  # fmt: skip
        yield KINDS[kind], msgspec.json.encode(event)


def _steps(number: int) -> Iterator[Step]:
    for order in range(5):
        about: dict[str, object] = {"order_id": f"order-{number:011}-{order:02}"}
        day = 60 * order + number / 1000 % 20
        yield "order.placed", day, {"amount": 4_990, "currency": "USD", **about}
        yield "order.shipped", day + 1, about
        yield "order.delivered", day + 3, about
    about = {"ticket_id": f"ticket-{number:013}"}
    yield "ticket.opened", 70.0, about
    yield "ticket.replied", 70.01, {"author": "bot", **about}
    yield "ticket.replied", 70.2, {"author": "agent", **about}
    yield "ticket.status_changed", 70.3, {"status": "solved", **about}


def measure(few: int, many: int) -> dict[str, float]:
    """Return KB of a customer's row with its key, and KB of memory for each customer."""
    rows: dict[bytes, bytes] = {}
    partition = Partition(Definitions(), rows)
    before = 0.0
    for number in range(many):
        if number == few:
            before = _memory_kb()
        for kind, value in life(number):
            for customer, fact in facts_of(decode(kind, value), Definitions()):
                partition.process_one(customer, fact)
        if number % _CHUNK == 0:
            partition.take_changes()
            partition.evaluate(_NOW)
    partition.take_changes()
    partition.evaluate(_NOW)
    size = sum(len(key) + len(row) for key, row in rows.items() if key != METADATA_KEY)
    return {"row": size / many / 1024, "memory": (_memory_kb() - before) / (many - few)}


def _memory_kb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * getpagesize() / 1024


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
