"""Check what records become as a worker checks it, without a worker."""

from models.contract.decoding import EventError, check_time, to_us
from models.contract.events import Event
from models.definitions.definitions import Definitions
from models.facts.from_events import facts_of
from streams.mapping.program import MappingResult


class OutcomeCheck:
    """Checks the events of one record after another as a worker checks them.

    Args:
        definitions: definitions with the rates and the horizon.
        wall_us: wall clock, microseconds since the epoch.
        event_clock: whether the horizon counts from the latest valid event so far, as in `event` mode and for
            files, and not from the wall clock.
    """

    def __init__(self, definitions: Definitions, wall_us: int, *, event_clock: bool) -> None:
        self._definitions = definitions
        self._wall = wall_us
        self._event_clock = event_clock
        self._now = 0 if event_clock else wall_us

    def __call__(self, outcome: MappingResult) -> MappingResult:
        """Move events that a worker would reject from a result's events to its errors, and return it."""
        good: list[Event] = []
        for event in outcome.events:
            try:
                self._check(event)
            except EventError as error:
                outcome.errors.append(error)
            else:
                good.append(event)
        outcome.events = good
        return outcome

    def _check(self, event: Event) -> None:
        time, now = to_us(event.time), self._now
        if self._event_clock and event.advances_clock:
            now = max(now, time)
        check_time(type(event), time, wall_us=self._wall, now_us=now, definitions=self._definitions)
        facts_of(event, self._definitions)
        self._now = now  # only a valid event moves the clock
