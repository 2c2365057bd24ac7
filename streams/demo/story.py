"""The scenario that the demo plays: what changes when, and what the numbers were before."""

from collections.abc import Iterator
from datetime import timedelta

from msgspec import Struct

from streams.monitoring.scrape import Scrape
from streams.simulator.live import Plan
from streams.simulator.scenarios import SCENARIOS

AS_OF = "retention_as_of_timestamp_seconds"


class Event(Struct, frozen=True):
    """What happened to the shop, and when (seconds since the epoch)."""

    at: float
    what: str


class Story:
    """Follows a plan's scenario in the numbers.

    Args:
        plan: its `since` says when the scenario begins; without one there is no story to tell.
    """

    def __init__(self, plan: Plan) -> None:
        began = plan.since
        turns = SCENARIOS[plan.scenario].turns if began is not None and plan.scenario != "steady" else ()
        self.events = [
            Event((began + timedelta(days=turn.after_days)).timestamp(), turn.what)
            for turn in turns
            if began is not None
        ]
        #: From when on the plan takes its time, seconds since the epoch.
        self.opens = (plan.paced_from or plan.start).timestamp()
        #: The last numbers from before it began.
        self.before: Scrape | None = None

    def take(self, scrape: Scrape) -> None:
        """Take numbers, which may be the last ones from before."""
        if self.events and scrape.value(AS_OF) <= self.events[0].at:
            self.before = scrape

    def so_far(self, scrape: Scrape) -> Iterator[Event]:
        """What has happened by the instant of these numbers."""
        as_of = scrape.value(AS_OF)
        return (event for event in self.events if event.at <= as_of)
