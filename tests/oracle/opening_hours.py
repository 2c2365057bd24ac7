"""Paused tickets, tickets opened outside hours, and whether support is open, computed naively."""

from tests.oracle.policies import policy, schedules
from tests.oracle.tickets import all_tickets
from tests.oracle.values import PRIORITIES, RESOLVED, Expected, Paragraph, ratio
from tests.oracle.world import World


def paused(world: World) -> Paragraph:
    """Yield the numbers of "open tickets without a first resolution whose resolution is paused"."""
    waiting = [
        ticket.priority
        for ticket in all_tickets(world)
        if ticket.status not in RESOLVED
        and ticket.first_resolution is None
        and ticket.status in policy(world, ticket, ticket.priority).pause
    ]
    for priority in PRIORITIES:
        yield "retention_tickets_paused", {"priority": priority}, Expected(waiting.count(priority))


def outside_hours(world: World) -> Paragraph:
    """Yield the shares of "tickets opened by a customer while closed / opened by a customer".

    Decided: each schedule is asked about all of these tickets, whatever their priority.
    """
    opened = [ticket.at for ticket in all_tickets(world) if ticket.by_customer]
    for schedule, hours in schedules(world.definitions).items():
        closed = [time for time in opened if not hours.is_open(time)]
        for name, within in world.spans(minutes=False):
            labels = {"window": name, "schedule": schedule}
            shares = [sum(map(within, times)) for times in (closed, opened)]
            yield "retention_opened_outside_hours_ratio", labels, ratio(*shares)


def support_open(world: World) -> Paragraph:
    """Yield 1 for each schedule that is open at `now`, else 0."""
    for schedule, hours in schedules(world.definitions).items():
        yield "retention_support_open", {"schedule": schedule}, Expected(int(hours.is_open(world.now)))
