"""Why a ratio moved between two instants, computed naively."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import sqrt
from typing import Any

from tests.oracle.customer import Customer, Order
from tests.oracle.relations import exposures_of
from tests.oracle.segments import label, value_at, value_of_order
from tests.oracle.shop import active, in_window
from tests.oracle.targets import decisions
from tests.oracle.teams import counted_as
from tests.oracle.tickets import all_tickets
from tests.oracle.values import HOUR, hour
from tests.oracle.world import World, hours_of

#: Stratum -> part and whole.
Strata = dict[str, tuple[Fraction, Fraction]]

#: Quantile of the normal distribution at 0.975.
Z = 1.959963984540054


def world_at(events: Iterable[Mapping[str, Any]], now: int, definitions: Any, at: int) -> World:
    """Return the world at an earlier instant, "as known now": by the events that count now."""
    then = World([], at, definitions)
    then.customers = [
        Customer(c.name, [e for e in c.events if e["at"] <= at], c.kept, c.old_updates)
        for c in World(events, now, definitions).customers
    ]
    return then


def customer_strata(world: World, window: str, segment: Any, *, lost: bool) -> Strata:
    """Return the strata of *start*, of churn or of the rate.

    "A segment's values, or without one the customers' tenure (1, 2-3, 4 or more qualifying orders up to
    H-W)."
    """
    hours = hours_of(window)
    end, start = active(world, world.hour, hours), active(world, world.hour - hours, hours)
    since = world.hour - hours

    def stratum(customer: Customer) -> str:
        if segment is not None:
            return label(segment, value_at(world, segment, customer, (since + 1) * HOUR - 1))
        return tenure(sum(hour(order.at) <= since for order in customer.qualifying))

    return counted((stratum(customer), (customer not in end) == lost) for customer in start)


def tenure(orders: int) -> str:
    """Return the stratum of a number of orders."""
    return "1" if orders == 1 else "2-3" if orders <= 3 else "4+"


def target_strata(world: World, window: str, kind: str, by: str) -> Strata:
    """Return the strata of decided targets of a kind, by `priority`, `channel` or `team`."""
    found = []
    for ticket in all_tickets(world):
        for which, at, breached in decisions(world, ticket):
            named = {
                "priority": ticket.priority_at(at),
                "channel": world.channel(ticket.opened),
                "team": counted_as(world.definitions.teams, ticket.team),
            }
            if which == kind and world.within(at, hours_of(window)):
                found.append((named[by], breached))
    return counted(found)


def refund_strata(world: World, window: str, basis: str, segment: Any) -> Strata:
    """Return the strata of the orders that were placed in a window and are not cancelled."""
    found: Strata = {}
    for customer in world.customers:
        for order in in_window(world, customer.orders, hours_of(window)):
            if order.cancelled:
                continue
            name = world.channel(order.placed)
            if segment is not None:
                name = label(segment, value_of_order(world, segment, order, customer, order.at))
            part, whole = refunded(world, order, basis)
            known = found.get(name, (Fraction(), Fraction()))
            found[name] = known[0] + part, known[1] + whole
    return found


def refunded(world: World, order: Order, basis: str) -> tuple[Fraction, Fraction]:
    """Return what an order adds to the numerator and to the denominator of the refund ratio."""
    if basis == "value":
        back = world.money([(order.currency, min(order.refunded, order.amount))])
        return back, world.money([(order.currency, order.amount)])
    return Fraction(bool(order.refunds) if basis == "orders" else order.fully_refunded), Fraction(1)


def counted(outcomes: Iterable[tuple[str, bool]]) -> Strata:
    """Return how many of each stratum have an outcome, and its size."""
    found: Strata = {}
    for name, outcome in outcomes:
        part, whole = found.get(name, (Fraction(), Fraction()))
        found[name] = part + outcome, whole + 1
    return found


def whole_of(strata: Strata) -> tuple[Fraction, Fraction]:
    """Return the sums over all strata."""
    parts = [part for part, _ in strata.values()]
    return sum(parts, Fraction()), sum((whole for _, whole in strata.values()), Fraction())


def ratio_of(strata: Strata) -> Fraction | None:
    """Return the ratio over all strata; None if they are empty."""
    part, whole = whole_of(strata)
    return part / whole if whole else None


def effects(before: Strata, after: Strata) -> dict[str, tuple[Fraction, Fraction]] | None:
    """Return stratum -> rate effect and mix effect; None if all strata together are empty at one instant.

    "Rate effect of s = 1/2 (w0 + w1)(c1 - c0), mix effect of s = 1/2 (w1 - w0)((c0 + c1) - (C0 + C1)). A
    stratum that is empty at one instant takes the other's c."
    """
    (part0, whole0), (part1, whole1) = whole_of(before), whole_of(after)
    if not whole0 or not whole1:
        return None
    middle = part0 / whole0 + part1 / whole1
    found = {}
    for name in before.keys() | after.keys():
        (p0, n0), (p1, n1) = (each.get(name, (Fraction(), Fraction())) for each in (before, after))
        if not n0 and not n1:
            continue
        c0, c1 = p0 / n0 if n0 else p1 / n1, p1 / n1 if n1 else p0 / n0
        w0, w1 = n0 / whole0, n1 / whole1
        found[name] = (w0 + w1) * (c1 - c0) / 2, (w1 - w0) * (c0 + c1 - middle) / 2
    return found


def exposure_strata(world: World, window: str, *, lost: bool) -> Strata:
    """Return the customers of *start* by what they met in the window before, and `none`."""
    hours = hours_of(window)
    end, start = active(world, world.hour, hours), active(world, world.hour - hours, hours)
    outcomes = []
    for customer in start:
        times = exposures_of(world, customer)
        exposed = [
            name
            for name, moments in times.items()
            if any(world.within(moment, hours, world.hour - hours) for moment in moments)
        ]
        outcomes += [(name, (customer not in end) == lost) for name in exposed or ["none"]]
    return counted(outcomes)


def most(exposed: tuple[Fraction, Fraction], none: tuple[Fraction, Fraction], size: Fraction) -> Fraction:
    """Return the most that an exposure can explain: "n_e (c_e - c_none) / n"."""
    return exposed[1] * (exposed[0] / exposed[1] - none[0] / none[1]) / size


def wilson(part: Fraction, whole: Fraction) -> tuple[float, float]:
    """Return Wilson's bounds: the roots of (p - x)^2 = z^2 x (1 - x) / n (Newcombe 1998, method 3)."""
    p, n = float(part / whole), float(whole)
    middle, half = 2 * n * p + Z**2, Z * sqrt(Z**2 + 4 * n * p * (1 - p))
    return (middle - half) / (2 * (n + Z**2)), (middle + half) / (2 * (n + Z**2))


def newcombe(before: tuple[Fraction, Fraction], after: tuple[Fraction, Fraction]) -> tuple[float, float]:
    """Return Newcombe's bounds of after - before (1998, method 10)."""
    (low0, high0), (low1, high1) = wilson(*before), wilson(*after)
    p0, p1 = float(before[0] / before[1]), float(after[0] / after[1])
    below = sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2)
    above = sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)
    return p1 - p0 - below, p1 - p0 + above
