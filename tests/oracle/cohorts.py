"""Cohorts by the month of the first order, computed naively."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.customer import Customer, Order
from tests.oracle.values import Expected, Paragraph, hour, ratio
from tests.oracle.world import World, hours_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = 13


def cohorts(world: World) -> Paragraph:
    """Yield the curves over all cohorts, the customers of each, and its cells if they are exported.

    "Over cohorts: sum of hits / sum of eligible, cohorts without hits included." "The last 13 months, the
    current one included, and `before`."
    """
    if world.definitions.cohorts is None:
        return
    members = {c: month_of(world, c.first_order["at"]) for c in world.customers if c.events and c.first_order}
    first = first_month(world, set(members.values()))
    compared = {c: month for c, month in members.items() if month >= first}
    present = month_of(world, world.now)
    last = [month for month in (before(present, n) for n in range(MONTHS)) if month >= first]
    sizes = {name(month): sum(m == month for m in members.values()) for month in last}
    sizes["before"] = len(members) - len(compared)
    for cohort, customers in sizes.items():
        yield "retention_cohort_customers", {"cohort": cohort}, Expected(customers)
    yield from cells(world, set(compared), "retention_cohort_age", {}, always=True)
    if world.definitions.cohorts.export == "grid":
        for month in last:
            mine = {c for c, m in members.items() if m == month}
            yield from cells(world, mine, "retention_cohort", {"cohort": name(month)}, always=False)


def cells(
    world: World, cohort: set[Customer], metric: str, labels: dict[str, str], *, always: bool
) -> Paragraph:
    """Yield the cells of a cohort. "So no cell sags because its period still runs."

    Decided: a cell of one cohort exists once it has an eligible customer.
    """
    for k, (begin, end) in enumerate(periods(world.definitions.cohorts)):
        eligible = {c for c in cohort if hour(c.first_order["at"]) + end <= world.hour}
        if not eligible and not always:
            continue
        for kind, since, until in (("nth", begin, end), ("by", 0, end), ("unbounded", begin, None)):
            hits = [c for c in eligible if any(is_at_age(c, o, since, until) for o in c.repeats)]
            yield f"{metric}_ratio", {**labels, "age": str(k), "kind": kind}, ratio(len(hits), len(eligible))
        placed = [o for c in eligible for o in c.qualifying if is_at_age(c, o, 0, end)]
        of_value = {**labels, "age": str(k), "currency": world.definitions.base_currency}
        yield f"{metric}_value", of_value, ratio(world.net(placed), len(eligible))


def is_at_age(customer: Customer, order: Order, since: int, until: int | None) -> bool:
    """Return whether the age of an order, hour(order) - hour(first order), is in [since, until)."""
    age = hour(order.at) - hour(customer.first_order["at"])
    return age >= since and (until is None or age < until)


def periods(definitions: Any) -> list[tuple[int, int]]:
    """Return the start and the end of each period, hours of age."""
    unit = hours_of(definitions.unit)
    ends = [hours_of(each) for each in definitions.brackets] or [
        unit * (k + 1) for k in range(definitions.periods)
    ]
    return list(zip([0, *ends], ends, strict=False))


def month_of(world: World, time: int) -> tuple[int, int]:
    """Return "the calendar month, by the exact instant in the zone"."""
    zone = ZoneInfo(world.definitions.periods.zone)
    local = (EPOCH + timedelta(microseconds=time)).astimezone(zone)
    return local.year, local.month


def first_month(world: World, members: set[tuple[int, int]]) -> tuple[int, int]:
    """Return the first month that is not in `before`.

    "It holds the months that begin before the horizon, and those that begin before `complete_from`; without
    that key, the earliest month that has a customer and the two after it."
    """
    horizon = (world.hour - 24 * world.definitions.horizon_days + 1) * 3_600_000_000
    first = after(month_of(world, horizon - 1))
    complete_from = world.definitions.cohorts.complete_from
    if complete_from is not None:
        day = (complete_from.year, complete_from.month)
        return max(first, day if complete_from.day == 1 else after(day))
    return max(first, after(after(after(min(members)))) if members else first)


def after(month: tuple[int, int]) -> tuple[int, int]:
    """Return the next month."""
    return (month[0] + month[1] // 12, month[1] % 12 + 1)


def before(month: tuple[int, int], number: int) -> tuple[int, int]:
    """Return the month `number` months earlier."""
    index = 12 * month[0] + month[1] - 1 - number
    return (index // 12, index % 12 + 1)


def name(month: tuple[int, int]) -> str:
    """Return a month as text, such as `2026-05`."""
    return f"{month[0]:04}-{month[1]:02}"
