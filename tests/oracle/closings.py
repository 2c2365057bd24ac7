"""Values of calendar periods as they were closed, and why they changed since, computed naively.

Everything follows from the evaluations and from what had arrived at each of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from tests.oracle.calendar_periods import Calendar, Period, whole
from tests.oracle.customer import Customer
from tests.oracle.values import HOUR, Event, Expected, hour, parse
from tests.oracle.world import World, hours_of

#: Metric and labels, without those that name the period -> value.
Values = dict[tuple[str, frozenset[tuple[str, str]]], Expected]
#: Kind and label of a period.
Name = tuple[str, str]

#: The causes of changes by what changed: "late, amended, refunded, merged, erased".
CAUSE_NAMES = {
    "late": [
        "order.placed",
        "order.line_placed",
        "ticket.opened",
        "ticket.replied",
        "ticket.status_changed",
        "survey.answered",
    ],
    "amended": [
        "order.amended",
        "order.cancelled",
        "order.restored",
        "ticket.updated",
        "ticket.withdrawn",
        "ticket.restored",
        "survey.withdrawn",
    ],
    "refunded": ["refund.completed", "refund.reversed"],
    "merged": ["customer.merged"],
    "erased": ["customer.erased"],
}
#: The types of events that can change a period.
TOUCHING = [*chain(*CAUSE_NAMES.values())]


class Arrival(NamedTuple):
    """An event, the clock when it arrived, and the definitions of that time."""

    event: Mapping[str, Any]
    now: int
    definitions: Any


@dataclass
class Evaluation:
    """A complete and caught-up evaluation.

    Attributes:
        now: its instant, microseconds since the epoch.
        arrived: number of the events that had arrived.
        definitions: the definitions of that time.
        reopened: the periods that were reopened since the evaluation before.
        is_first: whether the state was empty before: the first start, or a reset.
    """

    now: int
    arrived: int
    definitions: Any
    reopened: list[Name] = field(default_factory=list)
    is_first: bool = False


class Version(NamedTuple):
    """The frozen values of a period, and the evaluation that they are of.

    Attributes:
        first_start: whether no evaluation before the close is known.
    """

    evaluation: Evaluation
    first_start: bool
    values: Values


def existing(world: World) -> Iterator[tuple[Calendar, Period, Period]]:
    """Yield the calendar, the period and the one before, of each period that is over and exists.

    "Both exist while P' begins inside the horizon."
    """
    for kind in world.definitions.periods.kinds:
        calendar = Calendar(world.definitions.periods)
        period = calendar.previous(calendar.holding(kind, calendar.day(world.now)))
        before = calendar.previous(period)
        while hour(calendar.begin(before)) > world.hour - 24 * world.definitions.horizon_days:
            yield calendar, before, period
            period, before = before, calendar.previous(before)


def as_now(world: World) -> dict[Name, Values]:
    """Return the values of all periods that are over, by what is known now."""
    return {
        (period.kind, period.name): values(world, calendar, before, period)
        for calendar, before, period in existing(world)
    }


def values(world: World, calendar: Calendar, before: Period, period: Period) -> Values:
    """Return the values of one period."""
    found = whole(world, calendar, before, period, {})
    return {(metric, frozenset(labels.items())): expected for metric, labels, expected in found}


def close_of(calendar: Calendar, period: Period, definitions: Any) -> int:
    """Return "the end of P + `close_after`", microseconds since the epoch."""
    return calendar.begin(following(calendar, period)) + hours_of(definitions.periods.close_after) * HOUR


def following(calendar: Calendar, period: Period) -> Period:
    """Return the period after."""
    return calendar.holding(period.kind, period.after)


def freeze(
    found: dict[Name, list[Version]], evaluation: Evaluation, before: Evaluation | None, world: World
) -> None:
    """Add the versions that an evaluation freezes to those of the evaluations before it.

    "`as_closed`: what `as_now` was at the first complete and caught-up evaluation at or after the end of P +
    `close_after`, and never again." A reopening "writes a second version beside the first". "The first start
    on a history freezes what is over, marked with its instant."

    Decided: the second version has the values of the first evaluation after the request. The mark says that
    no evaluation before the close is known.

    Args:
        found: the versions of each period, which are added to.
        evaluation: the evaluation.
        before: the evaluation before. None if the state was empty.
        world: the world at the evaluation.
    """
    for calendar, previous, period in existing(world):
        name, close = (period.kind, period.name), close_of(calendar, period, evaluation.definitions)
        is_new = name not in found and close <= evaluation.now
        if is_new or name in evaluation.reopened:
            first_start = is_new and (before is None or before.now >= close)
            frozen = Version(evaluation, first_start, values(world, calendar, previous, period))
            found.setdefault(name, []).append(frozen)


def world_of(evaluation: Evaluation, arrivals: Sequence[Arrival]) -> World:
    """Return the world at an evaluation, by what had arrived."""
    known = [arrival.event for arrival in arrivals[: evaluation.arrived]]
    return World(known, evaluation.now, evaluation.definitions)


def changed_by(arrival: Arrival, earlier: Sequence[Mapping[str, Any]]) -> set[Name]:
    """Return the periods P of which an event changes P or P'.

    Decided: an event changes a period if it changes what some customer adds to it. An event ahead of the
    clock is a fact when it arrives.

    Args:
        arrival: the event.
        earlier: the events that had arrived before.
    """
    if arrival.event in earlier or arrival.event["type"] not in TOUCHING:
        return set()
    before, after = (Foreseen(known, arrival) for known in (earlier, [*earlier, arrival.event]))
    calendar = Calendar(arrival.definitions.periods)

    @cache
    def is_changed(period: Period) -> bool:
        pair = calendar.previous(period), period
        return added(before, calendar, *pair) != added(after, calendar, *pair)

    return {
        (period.kind, period.name)
        for _, previous, period in existing(World([], arrival.now, arrival.definitions))
        if is_changed(period) or is_changed(previous)
    }


class Foreseen(World):
    """The world when an event arrives, with the event, which may be ahead of the clock."""

    def __init__(self, events: Sequence[Mapping[str, Any]], arrival: Arrival) -> None:
        self._arrival_hour = hour(arrival.now)
        super().__init__(events, max(arrival.now, parse(arrival.event)["at"]), arrival.definitions)

    def is_beyond_horizon(self, event: Event) -> bool:
        return hour(event["at"]) <= self._arrival_hour - 24 * self.definitions.horizon_days


def cause_of(arrival: Arrival) -> str:
    """Return the cause of the changes by an event, unless a merge has brought it to another customer."""
    [cause] = [cause for cause, types in CAUSE_NAMES.items() if arrival.event["type"] in types]
    return cause


def added(world: World, calendar: Calendar, before: Period, period: Period) -> dict[str, str]:
    """Return customer -> contribution to a period, of the customers who have one.

    `start` and `lost` follow from the customers of the period before. A merge that changes the name of a
    customer makes another customer.
    """
    without_customers = repr(own(of_customers(world, []), calendar, before, period))
    found = {
        each.name: repr(own(of_customers(world, [each]), calendar, before, period))
        for each in world.customers
    }
    return {name: one for name, one in found.items() if one != without_customers}


def own(world: World, calendar: Calendar, before: Period, period: Period) -> list[Any]:
    """Return the values of a period without those that are about the customers of the period before."""
    found = values(world, calendar, before, period)
    of_start = ("retention_period_rate_ratio", "retention_period_churn_ratio")
    sets = [frozenset({("set", name)}) for name in ("start", "lost")]
    kept = {key: one for key, one in found.items() if key[0] not in of_start and key[1] not in sets}
    return sorted(kept.items(), key=repr)


def of_customers(world: World, customers: list[Customer]) -> World:
    """Return a world with some of the customers."""
    found = World([], world.now, world.definitions)
    found.customers = customers
    return found
