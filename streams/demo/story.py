"""The scenario of the demo: its plan, its changes with their times, and the metrics before it began."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from models.definitions.definitions import Definitions
from streams.demo.configuration import support_hours
from streams.monitoring.scrape import Scrape
from streams.simulator.live import Plan
from streams.simulator.scenarios import SCENARIOS

AS_OF = "retention_as_of_timestamp_seconds"
HISTORY: Final = timedelta(days=548)
#: Time since the start of the scenario (churn takes weeks), and slow days before it.
_SCENARIO: Final = timedelta(days=60)
_BEFORE_SCENARIO: Final = timedelta(days=4)


class Event(Struct, frozen=True):
    """A change in the shop.

    Attributes:
        at: time of the change, seconds since the epoch.
        description: the change in words.
    """

    at: float
    description: str


class Story:
    """The changes of a plan's scenario, and the metrics before the first one.

    Args:
        plan: plan of the simulation; without `since` the story has no events.

    Attributes:
        events: the changes, in the order of their times.
        opens: begin of the slow part of the plan, seconds since the epoch.
        before: the last metrics before the first change; None until there are any.
    """

    def __init__(self, plan: Plan) -> None:
        began = plan.since
        changes = SCENARIOS[plan.scenario].changes if began is not None and plan.scenario != "steady" else ()
        self.events = [
            Event((began + timedelta(days=change.after_days)).timestamp(), change.description)
            for change in changes
            if began is not None
        ]
        self.opens = (plan.paced_from or plan.start).timestamp()
        self.before: Scrape | None = None

    def update(self, scrape: Scrape) -> None:
        """Store the metrics if they are from before the first change."""
        if self.events and scrape.value(AS_OF) <= self.events[0].at:
            self.before = scrape

    def so_far(self, scrape: Scrape) -> Iterator[Event]:
        """Yield the changes up to the instant of these metrics."""
        as_of = scrape.value(AS_OF)
        return (event for event in self.events if event.at <= as_of)


def plan(
    definitions: Definitions,
    *,
    customers: int,
    seed: int,
    scenario: str,
    rate: float,
    story_seconds: float,
) -> Plan:
    """Return the plan of the demo's shop: 18 months of history, the last weeks slowly, then live events.

    Args:
        definitions: the shop's hours of support.
        customers: customers who come within 18 months.
        seed: seed of the random generator.
        scenario: key of `SCENARIOS`.
        rate: live events a second.
        story_seconds: seconds in which the last weeks pass.
    """
    now = datetime.now(UTC)
    scenario_start = now - _SCENARIO
    return Plan(
        seed=seed,
        start=now - HISTORY,
        customers=customers,
        scenario=scenario,
        since=scenario_start,
        paced_from=scenario_start - _BEFORE_SCENARIO,
        speed=(_SCENARIO + _BEFORE_SCENARIO).total_seconds() / story_seconds,
        rate=rate,
        hours=support_hours(definitions),
    )
