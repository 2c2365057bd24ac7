"""Events relative to one instant, and the oracle's numbers for them."""

from collections.abc import Iterable
from itertools import count
from typing import Any, Final

from models.definitions.definitions import Definitions
from tests.oracle import oracle
from tests.support.strategies import ANCHOR, DEFINITIONS, MINUTE, rfc3339

Event = dict[str, Any]

NOW: Final = ANCHOR + 30 * MINUTE  # half past ten
_numbers = count()


def event(kind: str, age: int, customer: str = "ada", **fields: object) -> Event:
    """Return an event `age` microseconds before now."""
    time = rfc3339(NOW - age)
    return {"id": f"e{next(_numbers):05}", "type": kind, "time": time, "customer_id": customer, **fields}


def order(
    age: int,
    customer: str = "ada",
    order_id: str | None = None,
    amount: int = 10_000,
    currency: str = "USD",
    **fields: object,
) -> Event:
    """Return an `order.placed` event `age` microseconds before now."""
    order_id = order_id or f"o{next(_numbers)}"
    return event("order.placed", age, customer, order_id=order_id, amount=amount, currency=currency, **fields)


def ticket(age: int, name: str = "t", **fields: object) -> Event:
    """Return a `ticket.opened` event `age` microseconds before now."""
    return event("ticket.opened", age, ticket_id=name, **fields)


def reply(age: int, author: str, name: str = "t", **fields: object) -> Event:
    """Return a `ticket.replied` event `age` microseconds before now."""
    return event("ticket.replied", age, ticket_id=name, author=author, **fields)


def value(
    events: Iterable[Event],
    metric: str,
    now: int = NOW,
    definitions: Definitions = DEFINITIONS,
    **labels: str,
) -> float:
    """Return the oracle's value of a series."""
    return oracle(events, now, definitions)[metric, frozenset(labels.items())].value


def parts(
    events: Iterable[Event], metric: str, now: int = NOW, **labels: str
) -> tuple[float | None, float | None]:
    """Return the oracle's numerator and denominator of a series."""
    expected = oracle(events, now, DEFINITIONS)[metric, frozenset(labels.items())]
    return expected.numerator, expected.denominator
