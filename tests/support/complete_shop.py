"""A shop with every family of metrics: its configuration, and events with attributes, teams and coupons."""

import random
import tomllib
from collections.abc import Sequence
from functools import cache

from models.definitions.definitions import Definitions
from streams.config import toml_file
from tests.support.strategies import DAY, DEFINITIONS, Event, rfc3339

#: Windows of the shop; segments are computed over the first one.
WINDOWS = DEFINITIONS.windows
_TABLES = """
[cohorts]
brackets = ["1h", "1d", "30d", "90d", "365d"]
export = "grid"
complete_from = "2022-10-10"

[periods]
zone = "Asia/Kolkata"
kinds = ["week", "month", "quarter", "year"]

[schedules.support]
zone = "Europe/Berlin"
mon = ["09:00-12:30", "13:30-18:00"]
tue = ["09:00-18:00"]
wed = ["09:00-18:00"]
thu = ["09:00-18:00"]
fri = ["09:00-16:00"]
holidays = ["2024-03-29", "2024-04-01", "2024-05-01"]

[sla]
schedule = "support"
next_response = "8h"

[sla.urgent]
first_response = "30m"
resolution = "8h"

[sla.urgent.tier.vip]
first_response = "10m"

[[segments]]
name = "country"
field = "country"
values = ["DE", "AT"]

[[segments]]
name = "channel"
from = "first_channel"
values = ["web", "app"]

[[segments]]
name = "referral"
from = "referred"

[[segments]]
name = "code"
from = "coupon"
values = ["SPRING"]

[[segments]]
name = "basket"
of = "order"
field = "basket"
values = ["gift"]

[[segments]]
name = "reason"
from = "category"
values = ["late", "lost"]
"""
_COUNTRIES = ("DE", "AT", "CH", None)
#: Share of the customers' events beside which there is an update of their attributes.
_UPDATES = 0.08


def configuration(windows: Sequence[str] = WINDOWS) -> str:
    """Return the configuration file of the shop."""
    settings = [
        f"windows = {list(windows)}",
        f'segment_windows = ["{windows[0]}"]',
        "min_cell = 2",
        'teams = ["billing"]',
        'further_metrics = ["order_kinds", "second_order", "review_rate"]',
    ]
    rates = [f"{name} = {rate}" for name, rate in DEFINITIONS.rates.items()]
    return "\n".join([*settings, "[rates]", *rates, _TABLES])


@cache
def definitions(windows: tuple[str, ...] = WINDOWS) -> Definitions:
    """Return the definitions that a worker reads from `configuration`."""
    return toml_file.definitions(tomllib.loads(configuration(windows)), known=(), path=None)


def with_attributes(events: Sequence[Event]) -> list[Event]:
    """Return the events with coupons, categories and attributes, and with updates of customers' attributes.

    Some updates lie years before the other events. What is added depends on the event alone, so that
    duplicates stay duplicates.
    """
    found = []
    for event in events:
        rng = random.Random(event["id"])
        found.append(event | _details(rng, event["type"]))
        if rng.random() < _UPDATES:
            found.append(_update(rng, event))
    return found


def _details(rng: random.Random, kind: str) -> Event:
    def maybe(share: float, **fields: object) -> Event:
        return fields if rng.random() < share else {}

    if kind == "order.placed":
        basket = {"basket": rng.choice(["gift", "big"])}
        return maybe(0.3, coupon=rng.choice(["SPRING", "FALL"])) | maybe(0.4, attributes=basket)
    if kind == "ticket.opened":
        return maybe(0.6, category=rng.choice(["late", "lost", "broken"]))
    if kind == "review.submitted":
        return maybe(0.7, order_id=f"o{rng.randrange(60)}")
    return {}


def _update(rng: random.Random, event: Event) -> Event:
    time = rng.choice([event["time"], event["time"], rfc3339(rng.randrange(1500) * DAY + 17_000 * DAY)])
    return {
        "id": f"{event['id']}-u",
        "type": "customer.updated",
        "time": time,
        "customer_id": event["customer_id"],
        "attributes": {"country": rng.choice(_COUNTRIES)},
    }
