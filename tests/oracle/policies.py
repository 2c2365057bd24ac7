"""The targets of a ticket by its priority and by the tier of its customer, and the clocks of durations."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.oracle.schedules import WEEKDAYS, Always, Schedule
from tests.oracle.tickets import Ticket
from tests.oracle.values import YEAR, elapsed, hour
from tests.oracle.world import World

SECOND = 1_000_000


@dataclass(frozen=True)
class Policy:
    """What `[sla]` requires of tickets of one priority and tier. Durations are in microseconds.

    Attributes:
        next_response: None without such a target.
        schedule: when the clock runs.
        pause: statuses in which the clock of the resolution does not run.
    """

    first_response: int
    resolution: int
    next_response: int | None
    schedule: Schedule | Always
    pause: frozenset[str]


def policy(world: World, ticket: Ticket, priority: str) -> Policy:
    """Return the policy of a ticket, "as if the priority had been its priority from the opening"."""
    if priority not in ticket.policies:
        ticket.policies[priority] = configured(world.definitions, priority, tier(world, ticket))
    return ticket.policies[priority]


def configured(definitions: Any, priority: str, tier: str) -> Policy:
    """Return the policy of a priority and tier, as the definitions have it."""
    rules = definitions.sla_policies[priority]
    targets = (*definitions.sla[priority], rules.next_response)
    targets = rules.tiers.get(tier, targets)
    limits = [None if seconds is None else seconds * SECOND for seconds in targets]
    schedule = Always() if rules.schedule is None else schedules(definitions)[rules.schedule]
    return Policy(*limits, schedule, frozenset(rules.pause))


def tier(world: World, ticket: Ticket) -> str:
    """Return the tier by which the targets of a ticket are chosen.

    "The tier is by the net, as known now, of the qualifying orders of the 8,760 hours up to that of the
    opening that were placed not later than it."
    """
    orders = [
        order
        for order in ticket.customer.qualifying
        if order.at <= ticket.at and world.within(order.at, YEAR, hour(ticket.at))
    ]
    spent = world.net(orders)
    reached = [name for name, least in world.definitions.tiers.items() if spent >= least]
    return max(reached, key=world.definitions.tiers.__getitem__, default="member")


def schedules(definitions: Any) -> dict[str, Schedule]:
    """Return the schedules of a configuration by name."""
    return {name: hours_of(each) for name, each in definitions.schedules.items()}


@cache
def hours_of(schedule: Any) -> Schedule:
    """Return the hours of a schedule of the definitions."""
    return Schedule(table_of(schedule))


def table_of(schedule: Any) -> dict[str, Any]:
    """Return a schedule of the definitions as the table of a configuration file."""
    first, *later = (
        {
            "from": str(version.begins),
            "holidays": [str(day) for day in version.holidays],
            **{day: list(map(interval, hours)) for day, hours in zip(WEEKDAYS, version.week, strict=True)},
        }
        for version in schedule.versions
    )
    del first["from"]
    return {"zone": schedule.zone, **first, "versions": later}


def interval(minutes: tuple[int, int]) -> str:
    """Return an interval in minutes of the day as text, such as `09:00-12:30`."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in minutes)


def has_next_response(definitions: Any) -> bool:
    """Return whether any priority or tier has a target of the next response."""
    rules = definitions.sla_policies.values()
    targets = [
        each.next_response for each in [*rules, *(one for rule in rules for one in rule.tiers.values())]
    ]
    return any(limit is not None for limit in targets)


def clocks(world: World) -> list[dict[str, str]]:
    """Return the labels of each clock: "calendar and, if any schedule is configured, business"."""
    names = ["calendar", "business"] if world.definitions.schedules else ["calendar"]
    return [{"clock": name} for name in names]


def duration(world: World, clock: dict[str, str], ticket: Ticket, begin: int, end: int) -> int:
    """Return a duration by one clock, microseconds.

    "B, by the schedule of the priority in force when it ended; pauses are not subtracted."
    """
    if clock.get("clock") != "business":
        return elapsed(begin, end)
    return policy(world, ticket, ticket.priority_at(end)).schedule.elapsed(begin, end)
