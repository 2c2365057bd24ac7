"""Random histories: sets of events, and ways in which the events reach the workers."""

from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import strategies as st

from models.definitions.definitions import Definitions
from tests.support.strategies import (
    AMOUNTS,
    ANCHOR,
    DEFINITIONS,
    IDENTITY,
    JITTERS,
    TIGHT,
    Event,
    edges,
    event_sets,
    ids,
    moments,
    rfc3339,
)


@dataclass
class Step:
    """The events that arrive at `now`, and the number of events before a crash; None without one."""

    events: list[Event]
    now: int
    crash: int | None = None


@dataclass
class History:
    """All deliveries in their order, including duplicates, and the number of partitions."""

    definitions: Definitions
    partitions: int
    seed: int = 0  #: of what is left to chance on the way
    steps: list[Step] = field(default_factory=list)

    @property
    def events(self) -> list[Event]:
        """Return all delivered events."""
        return [event for step in self.steps for event in step.events]


def clocks(definitions: Definitions, instants: list[int]) -> st.SearchStrategy[list[int]]:
    """Draw times of evaluations, ascending: an event at one of `instants` begins or ceases to count there."""
    since = st.sampled_from([ANCHOR, *instants])
    one = st.builds(int.__add__, since, st.sampled_from(edges(definitions)))
    one = st.one_of(one, st.builds(int.__add__, one, st.sampled_from(JITTERS)))
    return st.lists(one, min_size=1, max_size=4).map(sorted)


@st.composite
def conflicting(draw: st.DrawFn, events: list[Event], instants: list[int]) -> list[Event]:
    """Draw other contents for the ids of some events: at another time, or another amount, score or entity."""
    usable = [event for event in events if event["type"] not in IDENTITY]
    rivals = []
    for event in draw(st.lists(st.sampled_from(usable), max_size=6)) if usable else []:
        other = draw(st.sampled_from(usable))
        if draw(st.booleans()):
            moment = {"time": rfc3339(draw(st.sampled_from(instants)))}
            rival = other | {"id": event["id"], "customer_id": event["customer_id"]} | moment
        else:
            rival = event | draw(_changed(event))
        # Contents of equal times that differ in fields which facts do not keep would compare otherwise.
        same_time = [each for each in (*events, *rivals) if _same_event_and_time(each, rival)]
        if all(each["type"] == rival["type"] for each in same_time):
            rivals.append(rival)
    return rivals


def _same_event_and_time(one: Event, other: Event) -> bool:
    return (one["customer_id"], one["id"]) == (other["customer_id"], other["id"]) and (
        datetime.fromisoformat(one["time"]) == datetime.fromisoformat(other["time"])
    )


def _changed(event: Event) -> st.SearchStrategy[Event]:
    changes = {
        "amount": AMOUNTS,
        "rating": st.integers(1, 5),
        "order_id": ids("o", 3),
        "ticket_id": ids("t", 2),
        "cart_id": ids("k", 2),
        "status": st.sampled_from(["open", "pending", "solved"]),
    }
    return st.fixed_dictionaries({}, optional={name: one for name, one in changes.items() if name in event})


@st.composite
def histories(
    draw: st.DrawFn, *, identities: bool = False, conflicts: bool = False, largest: int = 25
) -> History:
    """Draw a set of events, and one way in which the events may reach the workers."""
    definitions = draw(st.sampled_from([TIGHT, TIGHT, DEFINITIONS]))
    instants = draw(moments(definitions))
    events = draw(event_sets(definitions, instants=instants, identities=identities, largest=largest))
    events += draw(conflicting(events, instants)) if conflicts else []
    again = draw(st.lists(st.sampled_from(events), max_size=5)) if events else []
    deliveries = draw(st.permutations([*events, *again]))
    nows = draw(clocks(definitions, instants))
    cuts = sorted(
        draw(st.lists(st.integers(0, len(deliveries)), min_size=len(nows) - 1, max_size=len(nows) - 1))
    )
    history = History(definitions, draw(st.integers(1, 3)), draw(st.integers(0, 1000)))
    for now, start, end in zip(nows, [0, *cuts], [*cuts, len(deliveries)], strict=True):
        crash = draw(st.one_of(st.none(), st.integers(0, end - start)))
        history.steps.append(Step(deliveries[start:end], now, crash))
    return history
