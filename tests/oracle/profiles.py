"""What is to be said of each customer, read naively: their profile, and their last transitions."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

from tests.oracle.relations import named_by_others, state, universe, year_of
from tests.oracle.support import answers, tickets_of
from tests.oracle.world import HOUR, RESOLVED, YEAR, Customer, World, hour, last, microseconds


def tier(world: World, customer: Customer) -> str:
    """The highest tier whose threshold the year's net reaches."""
    spent = world.net(year_of(world, customer))
    reached = [name for name, least in world.definitions.tiers.items() if spent >= least]
    return max(reached, key=world.definitions.tiers.__getitem__, default="member")


def profiles(events: Iterable[Mapping[str, Any]], now: int, definitions: Any) -> dict[str, dict[str, Any]]:
    """Each customer's profile at `now`, but for its risk and `as_of`; times in microseconds."""
    world = World(events, now, definitions)
    named = named_by_others(world)
    return {customer.name: profile(world, customer, named) for customer in universe(world)}


def profile(world: World, customer: Customer, named: set[str]) -> dict[str, Any]:
    """One customer's; `named` by others' orders."""
    orders, nps = customer.qualifying, last(answers(customer, "nps"))
    shared = any(world.within(event["at"], YEAR) for event in customer.of("experience.shared"))
    promoter = nps is not None and nps["score"] >= 9 and world.within(nps["at"], YEAR)
    return {
        "customer_id": customer.name,
        "lifecycle": state(world, customer),
        "tier": tier(world, customer),
        "spender": bool(year_of(world, customer)),
        "sender": shared or promoter or customer.name in named,
        "first_order": orders[0].at if orders else None,
        "last_order": orders[-1].at if orders else None,
        "orders": len(orders),
        "net_value": float(world.net(orders)),
        "currency": world.definitions.base_currency,
        "nps": nps["score"] if nps else None,
        "open_tickets": sum(ticket.status not in RESOLVED for ticket in tickets_of(customer)),
    }


def transitions(
    events: Iterable[Mapping[str, Any]], now: int, definitions: Any
) -> dict[tuple[str, str], tuple[str | None, str, int]]:
    """The last transition of each customer's lifecycle and tier: from, to, and when.

    Of the events known at `now`, those up to an instant tell what the customer was then. It changes with an
    event, or in the hour in which an order becomes so old that it matters.
    """
    world = World(events, now, definitions)
    found = {}
    for customer in universe(world):
        times = {event["at"] for event in customer.events}
        limit = 24 * definitions.lifecycle_days
        ages = (limit // 2, limit, YEAR)
        times |= {(hour(event["at"]) + age) * HOUR for event in customer.of("order.placed") for age in ages}
        course = [(time, at(world, customer, time)) for time in sorted(times) if time <= now]
        for index, what in enumerate(("lifecycle", "tier")):
            before, step = None, None
            for time, standing in course:
                if standing is not None and standing[index] != before:
                    step = before, standing[index], time
                    before = standing[index]
            found[customer.name, what] = step
    return found


def at(world: World, customer: Customer, time: int) -> tuple[str, str] | None:
    """What the customer was at an instant, as of the events that are known now."""
    known = customer.events[: bisect_left(customer.events, time + 1, key=lambda event: event["at"])]
    then = World([], time, world.definitions)
    alone = Customer(customer.name, known)
    then.customers = [alone]
    return (state(then, alone), tier(then, alone)) if universe(then) else None


def decisions(
    events: Iterable[Mapping[str, Any]], now: int, definitions: Any
) -> dict[tuple[str, str, str], tuple[str, int]]:
    """What has become of each decided target: (customer, ticket, kind) -> state and instant."""
    world = World(events, now, definitions)
    return {
        (customer.name, ticket.opened["ticket_id"], kind): ("breached" if breached else "fulfilled", decided)
        for customer in world.customers
        for ticket in tickets_of(customer)
        for kind, decided, breached in ticket.decisions(world)
    }


__all__ = ["decisions", "microseconds", "profiles", "transitions"]
