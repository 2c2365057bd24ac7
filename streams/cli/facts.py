"""The facts of event files, as a worker would take them: what it would refuse is reported and counted."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import click
import msgspec

from models.contract.decoding import EventError, check_time, decode, to_us
from models.contract.events import KINDS, Event, Time
from models.definitions.definitions import Definitions
from models.facts.fact import Fact
from models.facts.from_events import facts_of
from streams.cli.files import Counter, Line
from streams.cli.left_out import RejectedLines
from streams.clock import wall_us


class _Head(msgspec.Struct):
    type: str


_HEAD = msgspec.json.Decoder(_Head)


class Instant(click.ParamType):
    """An option's RFC 3339 time, as microseconds since the epoch."""

    name = "time"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it, or say what would be valid."""
        if isinstance(value, int):
            return value
        try:
            return to_us(msgspec.convert(value, Time))
        except msgspec.ValidationError:
            self.fail(f"{value!r} is not a time such as 2026-01-31T12:00:00Z", param, ctx)


class Taken(NamedTuple):
    """What a valid event says.

    Attributes:
        latest: the largest event time up to here, microseconds.
        facts: pairs of a customer id and a fact.
    """

    latest: int
    facts: list[tuple[str, Fact]]


def take(
    lines: Iterable[Line],
    now: int | None,
    definitions: Definitions,
    left_out: RejectedLines,
    progress: Counter,
) -> Iterator[Taken]:
    """Give what every valid line says, in order.

    Args:
        lines: of the files.
        now: what events' age is measured from, microseconds; None: the latest event so far.
        definitions: the horizon, the rates, the channels.
        left_out: takes the lines that are no valid event.
        progress: counts the others.
    """
    wall, latest = wall_us(), 0
    for line in lines:
        if line.refused is not None:
            left_out.add(line, *line.refused)
            continue
        try:
            event = _event(line.content)
            time = to_us(event.time)
            at = max(time, latest) if now is None else now
            check_time(time, wall_us=wall, now_us=at, definitions=definitions, expires=event.expires)
            facts = facts_of(event, definitions)
        except EventError as error:
            left_out.add(line, error.reason, error.message)
            continue
        latest = max(time, latest)
        progress.events += 1
        yield Taken(latest, facts)


def _event(content: bytes) -> Event:
    """Decode an event of whatever topic its type belongs on."""
    try:
        kind = KINDS.get(_HEAD.decode(content).type, "orders")
    except (ValueError, RecursionError):
        kind = "orders"  # whose decoder says what is wrong
    return decode(kind, content)
