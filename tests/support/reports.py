"""A small shop whose week and windows can be reported."""

from datetime import UTC, datetime
from functools import cache

from models.definitions.definitions import Definitions
from models.definitions.periods import PeriodDefinitions
from models.facts import claims
from models.metrics.catalogue import compute
from streams.report import content
from streams.report.content import Material
from streams.report.numbers import Numbers
from streams.report.sections import Source
from tests.support.partitions import DAY, HOUR, NOW, Shop

#: The instant of `NOW`, a Thursday: the week before it is over.
WEEK = "2026-02-23"
PERIODS = Definitions(
    periods=PeriodDefinitions(kinds=("week", "month")),
    further_metrics=("order_kinds", "second_order", "review_rate"),
)


def filled(shop):
    """Return a shop of 20 customers: some stay, some leave, and one complains."""
    for number in range(20):
        name = f"customer {number}"
        shop.order("o1", NOW - 15 * DAY, customer=name, amount=2000)
        if number < 12:
            shop.order("o2", NOW - 6 * DAY, customer=name, amount=3000)
        shop.process(claims.Opened, "t1", NOW - 8 * DAY, 3, False, "web", customer=name)
        if number % 2:
            shop.process(claims.Replied, "t1", NOW - 8 * DAY + HOUR // 2, 0, True, None, customer=name)
    return shop


def numbers_of(shop, now=NOW):
    """Return the numbers of a shop."""
    partial = shop.partition.evaluate(now)
    return Numbers.of_samples(compute([partial], shop.definitions, now), now)


@cache
def filled_numbers():
    """Return the numbers of the filled shop with all its periods, which every caller shares."""
    return numbers_of(filled(Shop(PERIODS)))


def report_of(definitions=PERIODS, period="week", **material):
    """Return the report of the filled shop."""
    source = material.pop("source", None)
    if source is None:
        now = filled_numbers() if definitions is PERIODS else numbers_of(filled(Shop(definitions)))
        source = Source(now=now, before=Numbers(()))
    return content.make(Material(source=source, **material), content.subject_of(source.now, period))


def time_of(text):
    """Return a time in microseconds since the epoch."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000
