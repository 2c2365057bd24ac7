"""A simulated shop: the actions of its customers, warehouse and support, as events of the input topics.

Equal seeds and parameters give equal bytes: all randomness comes from one generator, and only `live` reads a
clock. Imports `models.schedules` (hours of support), and in `writers` alone `config`, `kafka` and `ingest`.
Start at `simulate`, which yields events; `live` plays them in real time, and `shop` has the departments.
"""

from collections.abc import Iterator
from datetime import datetime
from zlib import crc32

from models.definitions.schedules import Schedule
from streams.simulator.engine import Event
from streams.simulator.scenarios import SCENARIOS
from streams.simulator.seasons import DAY
from streams.simulator.shop import Shop

__all__ = ["SCENARIOS", "Event", "Shop", "open_shop", "simulate", "topic_of"]

#: Default days from the start of a scenario to the end: then it affects the whole 90 d window.
SCENARIO_DAYS = 200.0

_TOPICS = {
    "order": "orders",
    "checkout": "orders",
    "payment": "orders",
    "stock": "orders",
    "refund": "refunds",
    "ticket": "tickets",
    "review": "reviews",
    "survey": "reviews",
    "experience": "reviews",
    "customer": "customers",
}


def topic_of(event: Event) -> str:
    """Return the input topic of an event (docs/metrics.md, events)."""
    return _TOPICS[event["type"].partition(".")[0]]


def open_shop(
    seed: int,
    start: datetime,
    end: datetime,
    customers: int,
    scenario: str = "steady",
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    currencies: tuple[str, ...] = ("USD",),
    hours: Schedule | None = None,
) -> Shop:
    """Return a shop that opens at `start`.

    Args:
        seed: seed of the random generator.
        start: opening of the shop.
        end: end of the history; it only determines the default of `since`.
        customers: customers who come within 18 months.
        scenario: key of `SCENARIOS`.
        since: begin of the scenario; None is 200 days before `end`, or half of the time if that is shorter.
        until: end of the scenario; None is never.
        currencies: currencies; the first ones are the most frequent.
        hours: hours in which support agents work. None: at any hour.

    Raises:
        KeyError: the scenario is unknown.
    """
    opening, closing = start.timestamp(), end.timestamp()
    if since is None:
        began = closing - min(SCENARIO_DAYS * DAY, (closing - opening) / 2)
    else:
        began = since.timestamp()
    period = None if scenario == "steady" else (began, until.timestamp() if until else None)
    # Shops with different parameters have different customer ids, so that one Kafka can hold both.
    parameters = repr((seed, opening, customers, currencies, scenario, period, *([hours] if hours else ())))
    key = f"{crc32(parameters.encode()) & 0xFFFF:04x}"
    shop = Shop(seed=seed, start=opening, customers=customers, key=key, currencies=currencies, hours=hours)
    if period is not None:
        shop.plan(scenario, *period)
    return shop


def simulate(
    seed: int,
    start: datetime,
    end: datetime,
    customers: int,
    scenario: str = "steady",
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    currencies: tuple[str, ...] = ("USD",),
    hours: Schedule | None = None,
) -> Iterator[Event]:
    """Yield the events of a shop from `start` to `end`, in the order of their times.

    Each event is a JSON object as defined in docs/metrics.md; `topic_of` returns its topic. The arguments are
    those of `open_shop`.

    Example:
        >>> opened, closed = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
        >>> next(simulate(1, opened, closed, customers=100))["type"]
        'customer.updated'
    """
    shop = open_shop(
        seed, start, end, customers, scenario, since=since, until=until, currencies=currencies, hours=hours
    )
    return (event for _, event in shop.run(end.timestamp()))
