"""Random histories for closed periods: events that arrive late, and evaluations beside each close."""

import random
from typing import NamedTuple

from msgspec.structs import replace

from models.definitions.definitions import Definitions
from models.schedules.periods import calendars
from tests.oracle.values import microseconds
from tests.support.grouped_histories import JITTERS, grouped_definitions, grouped_events
from tests.support.strategies import DAY, HOUR, MINUTE, Event, rfc3339

#: Time from an event to its arrival. Some events are ahead of the clock.
_DELAYS = (0, 0, MINUTE, HOUR, DAY, 3 * DAY, 5 * DAY, 9 * DAY, 20 * DAY, -HOUR, -3 * DAY)
#: Spans between evaluations whose published values are compared.
_WEEKS = (7 * DAY, 28 * DAY, 35 * DAY)


class ClosingHistory(NamedTuple):
    """A history of events and evaluations.

    Attributes:
        arrivals: instants and events, ascending. Those up to the first evaluation are its history.
        nows: instants of the evaluations, ascending.
        is_simple: whether the cause of each change is known: no event has several contents, no customers are
            erased, and those who are merged are merged from the first evaluation on.
    """

    definitions: Definitions
    partitions: int
    arrivals: list[tuple[int, Event]]
    nows: list[int]
    is_simple: bool


def closing_history(seed: int) -> ClosingHistory:
    """Return the history of a few customers over two or six weeks."""
    rng = random.Random(seed)
    definitions, around = grouped_definitions(rng)
    while definitions.horizon_days > 120:  # years and quarters take long
        definitions, around = grouped_definitions(rng)
    periods = replace(definitions.periods, close_after=rng.choice(["1h", "24h", "72h"]))
    definitions = replace(definitions, periods=periods, segments=(), further_metrics=())
    nows = _nows(rng, definitions, around - rng.randrange(12) * DAY)
    names = rng.choice([["ada"], ["ada", "bob"], ["ada", "bob", "cyd", "dan"]])
    is_simple = rng.random() < 0.5
    beyond = nows[0] - (definitions.horizon_days + rng.randrange(100)) * DAY
    events = grouped_events(rng, names, _times(rng, definitions, nows), beyond)
    events = _simple(rng, events, definitions) if is_simple else events + _erasures(rng, names, nows)
    found = _late(rng, [(_arrival(rng, event, nows), event) for event in events], nows)
    if is_simple:
        found = [(nows[0] if event["type"] == "customer.merged" else at, event) for at, event in found]
    found += [(rng.choice(nows[1:]), event) for _, event in rng.sample(found, len(found) // 6)]
    rng.shuffle(found)
    return ClosingHistory(
        definitions, rng.randint(1, 3), sorted(found, key=lambda each: each[0]), nows, is_simple
    )


def _nows(rng: random.Random, definitions: Definitions, begin: int) -> list[int]:
    """Return the instants of evaluations: beside closes, beside midnights in UTC, and others.

    Some are on the UTC day that is one, four or five weeks after that of another one.
    """
    end = begin + rng.choice([15, 15, 45]) * DAY
    found = [begin + rng.randrange(end - begin) for _ in range(6)]
    found += [rng.randrange(begin // DAY, end // DAY) * DAY + rng.choice(JITTERS) for _ in range(3)]
    closes = _closes(definitions, begin, end)
    found += [close + rng.choice(JITTERS) for close in rng.sample(closes, min(4, len(closes)))]
    days = [now // DAY * DAY + span for now in found for span in _WEEKS if now + span + DAY < end]
    later = [day + rng.randrange(DAY) for day in rng.sample(days, min(5, len(days)))]
    return sorted({begin, *(now for now in found + later if now > begin)})


def _closes(definitions: Definitions, begin: int, end: int) -> list[int]:
    """Return the instants at which a period closes."""
    after = definitions.periods.close_after_us
    found: list[int] = []
    for calendar in calendars(definitions):
        numbers = range(calendar.number(begin - after), calendar.number(end - after) + 1)
        found += [calendar.begins[number + 1] + after for number in numbers]
    return [close for close in found if begin < close < end]


def _times(rng: random.Random, definitions: Definitions, nows: list[int]) -> list[int]:
    """Return a few times of events: beside the begin of periods, and before evaluations."""
    begins = [
        calendar.begins[number]
        for calendar in calendars(definitions)
        for number in range(calendar.number(nows[0]) - 3, calendar.number(nows[-1]) + 1)
    ]
    found = [rng.choice(begins) + rng.choice(JITTERS) for _ in range(rng.randint(3, 8))]
    found += [rng.choice(nows) - rng.choice([0, 1, HOUR, DAY, 7 * DAY, 8 * DAY]) for _ in range(6)]
    return found + [nows[-1] - rng.randrange(30 * DAY) for _ in range(4)]


def _arrival(rng: random.Random, event: Event, nows: list[int]) -> int:
    """Return when an event arrives: about its time, or later."""
    late = rng.choice(_DELAYS) + rng.randrange(HOUR)
    return min(max(microseconds(event["time"]) + late, nows[0]), nows[-1])


def _late(rng: random.Random, arrivals: list[tuple[int, Event]], nows: list[int]) -> list[tuple[int, Event]]:
    """Return arrivals, some of which are between two evaluations whose published values are compared."""
    pairs = [(a, b) for a in nows for b in nows if (b // DAY - a // DAY) * DAY in _WEEKS]
    for then, now in rng.sample(pairs, min(3, len(pairs))):
        for at in rng.sample(range(len(arrivals)), min(12, len(arrivals))):
            event = arrivals[at][1]
            if then - 15 * DAY < microseconds(event["time"]) <= then:
                arrivals[at] = rng.randrange(then + 1, now), event
    return arrivals


def _simple(rng: random.Random, events: list[Event], definitions: Definitions) -> list[Event]:
    """Return the events with one content each, without erasures, and in most cases without merges."""
    without = rng.choice([{"customer.erased"}, {"customer.merged", "customer.erased"}])
    # A fact that is forwarded to another customer may be processed after an older fact has left the horizon.
    if definitions.horizon_days < 100:
        without = {"customer.merged", "customer.erased"}
    ids: set[str] = set()
    found = []
    for event in events:
        if event["id"] not in ids and event["type"] not in without:
            ids.add(event["id"])
            found.append(event)
    return found


def _erasures(rng: random.Random, names: list[str], nows: list[int]) -> list[Event]:
    if rng.random() < 0.7:
        return []
    return [
        {
            "id": "erased",
            "type": "customer.erased",
            "time": rfc3339(rng.choice(nows)),
            "customer_id": names[-1],
        }
    ]
