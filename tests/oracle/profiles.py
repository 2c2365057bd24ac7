"""The outputs per customer, read naively: profile, last transitions and SLA decisions."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.oracle import targets
from tests.oracle.customer import PLACING, Customer
from tests.oracle.feedback import answers
from tests.oracle.relations import named_by_others, state, universe, year_of
from tests.oracle.tickets import tickets_of
from tests.oracle.values import HOUR, RESOLVED, YEAR, Event, hour, last, microseconds
from tests.oracle.world import World


def tier(world: World, customer: Customer) -> str:
    """Return the highest tier whose threshold the net of the year reaches."""
    spent = world.net(year_of(world, customer))
    reached = [name for name, least in world.definitions.tiers.items() if spent >= least]
    return max(reached, key=world.definitions.tiers.__getitem__, default="member")


def profiles(events: Iterable[Mapping[str, Any]], now: int, definitions: Any) -> dict[str, dict[str, Any]]:
    """Return the profile of each customer at `now`, without risk and `as_of`. Times are in microseconds."""
    world = World(events, now, definitions)
    named = named_by_others(world)
    return {customer.name: profile(world, customer, named) for customer in universe(world)}


def profile(world: World, customer: Customer, named: set[str]) -> dict[str, Any]:
    """Return the profile of one customer; `named` are the customers that orders of others name."""
    orders, nps = customer.qualifying, last(answers(customer, "nps"))
    shared = any(world.within(event["at"], YEAR) for event in customer.of("experience.shared"))
    promoter = nps is not None and nps["score"] >= 9 and world.within(nps["at"], YEAR)
    return {
        "customer_id": customer.name,
        "lifecycle": state(world, customer),
        "tier": tier(world, customer),
        "spender": bool(year_of(world, customer)),
        "sender": shared or promoter or customer.name in named,
        "first_order": customer.first_order["at"] if customer.first_order else None,
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
    """Return the last transition of each customer's lifecycle and tier: from, to, and time.

    The events up to an instant, of those known at `now`, decide the status at that instant. It changes with
    an event, or in the hour in which an order becomes so old that it matters.

    Decided: the lines of an order whose `order.placed` is known by now "change no number" at any instant.
    """
    world = World(events, now, definitions)
    found = {}
    for whole in universe(world):
        customer = Customer(whole.name, without_idle_lines(whole), whole.kept)
        times = {event["at"] for event in customer.events}
        limit = 24 * definitions.lifecycle_days
        ages = (limit // 2, limit, YEAR)
        times |= {(hour(event["at"]) + age) * HOUR for event in customer.of(*PLACING) for age in ages}
        statuses = [(time, at(world, customer, time)) for time in sorted(times) if time <= now]
        for index, what in enumerate(("lifecycle", "tier")):
            before, step = None, None
            for time, status in statuses:
                if status is not None and status[index] != before:
                    step = before, status[index], time
                    before = status[index]
            found[customer.name, what] = step
    return found


def without_idle_lines(customer: Customer) -> list[Event]:
    """Return the events, with the lines of orders that have an `order.placed` as events that do nothing.

    They still make the customer a known one.
    """
    placed = customer.about("order_id", "order.placed")
    return [
        e | {"type": "order.item"} if e["type"] == "order.line_placed" and e["order_id"] in placed else e
        for e in customer.events
    ]


def at(world: World, customer: Customer, time: int) -> tuple[str, str] | None:
    """Return the lifecycle and tier of a customer at an instant, by the events that are known now."""
    known = customer.events[: bisect_left(customer.events, time + 1, key=lambda event: event["at"])]
    then = World([], time, world.definitions)
    only_customer = Customer(customer.name, known, customer.kept)
    then.customers = [only_customer]
    return (state(then, only_customer), tier(then, only_customer)) if universe(then) else None


def decisions(
    events: Iterable[Mapping[str, Any]], now: int, definitions: Any
) -> dict[tuple[str, str, str], tuple[str, int]]:
    """Return the decided targets but next responses: (customer, ticket, kind) -> state and instant."""
    every = _every_decision(World(events, now, definitions))
    return {key: decision for key, decision in every if key[2] != "next_response"}


def turn_decisions(
    events: Iterable[Mapping[str, Any]], now: int, definitions: Any
) -> list[tuple[tuple[str, str, str], tuple[str, int]]]:
    """Return the decided next responses, one for each turn, sorted."""
    every = _every_decision(World(events, now, definitions))
    return sorted(each for each in every if each[0][2] == "next_response")


def _every_decision(world: World) -> Iterator[tuple[tuple[str, str, str], tuple[str, int]]]:
    for customer in world.customers:
        for ticket in tickets_of(customer):
            for kind, decided, breached in targets.decisions(world, ticket):
                state = "breached" if breached else "fulfilled"
                yield (customer.name, ticket.opened["ticket_id"], kind), (state, decided)


__all__ = ["decisions", "microseconds", "profiles", "transitions", "turn_decisions"]
