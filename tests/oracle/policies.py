"""The targets of a ticket by its priority and by the tier of its customer, and the clocks of durations."""

from dataclasses import dataclass
from typing import Any

from tests.oracle.schedules import WEEKDAYS, Always, Schedule, schedule
from tests.oracle.tickets import Ticket
from tests.oracle.values import PRIORITIES, YEAR, elapsed, hour
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
    own = definitions.sla_policies[priority]
    targets = own.tiers.get(tier) or (*definitions.sla[priority], own.next_response)
    first_response, resolution, next_response = (seconds and seconds * SECOND for seconds in targets)
    hours = schedules(definitions)[own.schedule] if own.schedule else Always()
    return Policy(first_response, resolution, next_response, hours, frozenset(own.pause))


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
    return {name: schedule(repr(table_of(each))) for name, each in definitions.schedules.items()}


def table_of(configured: Any) -> dict[str, Any]:
    """Return a schedule of the definitions in the form of its table in the configuration file."""
    first, *later = [
        {
            day: [span(*hours) for hours in intervals]
            for day, intervals in zip(WEEKDAYS, version.week, strict=True)
        }
        | {"holidays": [str(day) for day in version.holidays], "from": str(version.begins)}
        for version in configured.versions
    ]
    return {**first, "zone": configured.zone, "versions": later}


def span(begin: int, end: int) -> str:
    """Return an interval of minutes of the day as text, such as `09:00-12:30`."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (begin, end))


def has_next_response(definitions: Any) -> bool:
    """Return whether any priority or tier has a target of the next response."""
    tiers = ["member", *definitions.tiers]
    policies = [configured(definitions, priority, tier) for priority in PRIORITIES for tier in tiers]
    return any(each.next_response is not None for each in policies)


def clocks(_world: World) -> list[dict[str, str]]:
    """Return the labels of each clock: "calendar and, if any schedule is configured, business"."""
    return [{}]


def duration(world: World, clock: dict[str, str], ticket: Ticket, begin: int, end: int) -> int:
    """Return a duration by one clock, microseconds.

    "B, by the schedule of the priority in force when it ended; pauses are not subtracted."
    """
    if clock.get("clock") != "business":
        return elapsed(begin, end)
    return policy(world, ticket, ticket.priority_at(end)).schedule.elapsed(begin, end)
