"""A simulated shop: what its customers, warehouse and support do, as events of the input topics.

Pure but for its own random generator: the same seed and parameters give the same bytes, and nothing here
reads a clock. `simulate` is the stream of events; `streams.simulator.live` plays it against the clock.
"""

from collections.abc import Iterator
from datetime import datetime
from zlib import crc32

from streams.simulator.engine import Event
from streams.simulator.scenarios import SCENARIOS
from streams.simulator.seasons import DAY
from streams.simulator.shop import Shop

__all__ = ["SCENARIOS", "Event", "Shop", "open_shop", "simulate", "topic_of"]

#: A scenario begins this long before the end: the whole `start` of the 90 d window has met it by then.
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
    """The input topic that an event belongs to (docs/metrics.md, events)."""
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
) -> Shop:
    """A shop that opens at `start`, run by `scenario` from `since` to `until`.

    `since` defaults to 200 days before `end`, or to half the time where that is shorter; `until` to never.
    The shop itself has no end: `end` only places the scenario. Raises `KeyError` for an unknown scenario.
    """
    opening, closing = start.timestamp(), end.timestamp()
    if since is None:
        began = closing - min(SCENARIO_DAYS * DAY, (closing - opening) / 2)
    else:
        began = since.timestamp()
    period = None if scenario == "steady" else (began, until.timestamp() if until else None)
    # Shops of different parameters in one Kafka are different customers.
    parameters = repr((seed, opening, customers, currencies, scenario, period))
    key = f"{crc32(parameters.encode()) & 0xFFFF:04x}"
    shop = Shop(seed=seed, start=opening, customers=customers, key=key, currencies=currencies)
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
) -> Iterator[Event]:
    """The events of a shop from `start` to `end`, in the order of their time.

    Each is a JSON object as docs/metrics.md defines; `topic_of` names its topic. Arguments as in `open_shop`.
    """
    shop = open_shop(seed, start, end, customers, scenario, since=since, until=until, currencies=currencies)
    return (event for _, event in shop.run(end.timestamp()))
