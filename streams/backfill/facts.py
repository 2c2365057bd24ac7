"""Turn the lines of event files into facts, with the checks of a worker."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from models.contract.decoding import EventError, check_time, decode, to_us
from models.contract.events import KINDS, Event
from models.definitions.definitions import Definitions
from models.facts.fact import Fact
from models.facts.from_events import facts_of
from streams.backfill.files import EventCounter, Line
from streams.backfill.rejected_lines import RejectedLines
from streams.clock import wall_us


class _Head(msgspec.Struct):
    type: str


_HEAD = msgspec.json.Decoder(_Head)


class EventFacts(NamedTuple):
    """The facts of one valid event.

    Attributes:
        stream_time: maximum event time so far that moves the clock, microseconds since the epoch.
        facts: pairs of a customer id and a fact.
    """

    stream_time: int
    facts: list[tuple[str, Fact]]


def read_facts(
    lines: Iterable[Line],
    now: int | None,
    definitions: Definitions,
    rejected: RejectedLines,
    counter: EventCounter,
) -> Iterator[EventFacts]:
    """Yield the facts of every valid line, in order.

    Args:
        lines: lines of the files.
        now: instant from which the age of events is measured, microseconds since the epoch; None measures it
            from the maximum event time so far.
        definitions: the horizon, the exchange rates and the channels.
        rejected: collects the lines that are not valid events.
        counter: counts the valid events.
    """
    wall, stream_time = wall_us(), 0
    for line in lines:
        if line.rejection is not None:
            rejected.add(line, *line.rejection)
            continue
        try:
            event = decode_any(line.content)
            time = to_us(event.time)
            clock = max(time, stream_time) if event.advances_clock else stream_time
            at = clock if now is None else now
            check_time(type(event), time, wall_us=wall, now_us=at, definitions=definitions)
            facts = facts_of(event, definitions)
        except EventError as error:
            rejected.add(line, error.reason, error.message)
            continue
        stream_time = clock
        counter.events += 1
        yield EventFacts(stream_time, facts)


def decode_any(content: bytes) -> Event:
    """Decode an event of any input: its type determines the topic.

    Raises:
        EventError: the content is not a valid event.
    """
    try:
        kind = KINDS.get(_HEAD.decode(content).type, "orders")
    except (ValueError, RecursionError):
        kind = "orders"  # its decoder raises the error that names the problem
    return decode(kind, content)
