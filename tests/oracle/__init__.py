"""Compute every series of a set of events by brute force, straight from the definitions in docs/metrics.md.

The oracle is written to be obviously right, not fast: sets and loops in the words of the definitions, one
function for each of their paragraphs. It shares no code with `models/`, so that each checks the other. Text
in double quotes is the definition that a function computes, in a shorter wording than that of
docs/metrics.md; a Q order is a qualifying order. "Decided" marks a reading where the definition leaves a
choice.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.oracle import (
    calendar_periods,
    cohorts,
    feedback,
    further,
    opening_hours,
    relations,
    segments,
    shop,
    support,
    teams,
)
from tests.oracle.values import Expected
from tests.oracle.world import World

Series = tuple[str, frozenset[tuple[str, str]]]


def oracle(events: Iterable[Mapping[str, Any]], now: int, definitions: Any) -> dict[Series, Expected]:
    """Compute every Prometheus series that is a function of the events and the clock.

    Args:
        events: parsed JSON objects of valid events, in any order, with or without duplicates.
        now: time of the evaluation, integer microseconds since the epoch.
        definitions: a `models.definitions.definitions.Definitions`, or an object with its fields.

    Returns:
        (metric name, labels) -> expected value. The value of a ratio is NaN if the denominator is 0.
    """
    world = World(events, now, definitions)
    paragraphs = (
        shop.retention,
        shop.orders,
        shop.lifetime_value,
        shop.refunds,
        shop.carts,
        shop.deliveries,
        shop.misfortunes,
        support.first_response,
        support.resolution,
        support.open_tickets,
        support.withdrawn,
        support.sla,
        teams.teams,
        teams.repeat_contact,
        support.next_response,
        opening_hours.paused,
        opening_hours.outside_hours,
        opening_hours.support_open,
        feedback.feedback,
        relations.experiments,
        relations.lifecycle,
        relations.loyalty,
        relations.spenders_and_senders,
        relations.exposure,
        relations.returns,
        cohorts.cohorts,
        segments.segments,
        calendar_periods.periods,
        further.further,
    )
    series: dict[Series, Expected] = {}
    for paragraph in paragraphs:
        for metric, labels, expected in paragraph(world):
            key = metric, frozenset(labels.items())
            assert key not in series, f"the oracle computes {key} twice"
            series[key] = expected
    return series


__all__ = ["Expected", "Series", "World", "oracle"]
