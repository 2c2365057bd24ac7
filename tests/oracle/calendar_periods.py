"""Numbers of calendar periods, computed naively."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.oracle.customer import Customer, Order
from tests.oracle.feedback import answers
from tests.oracle.segments import nps
from tests.oracle.support import sla_kinds
from tests.oracle.targets import decisions
from tests.oracle.tickets import all_tickets
from tests.oracle.values import Event, Expected, Paragraph, hour, ratio
from tests.oracle.world import World

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
#: Kind -> number of exported periods, "the running one included".
EXPORTED = {"month": 13, "week": 6, "quarter": 5, "year": 2}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Period(NamedTuple):
    """A calendar period: the local dates from `first` on and before `after`."""

    kind: str
    first: date
    after: date

    @property
    def name(self) -> str:
        """Return the label: "a week by its first date, `2026-10`, `2026-Q4`, `2026`"."""
        names = {
            "week": self.first.isoformat(),
            "month": f"{self.first:%Y-%m}",
            "quarter": f"{self.first.year:04}-Q{(self.first.month + 2) // 3}",
            "year": f"{self.first.year:04}",
        }
        return names[self.kind]


class Calendar:
    """The calendar of a zone."""

    def __init__(self, definitions: Any) -> None:
        self.zone = ZoneInfo(definitions.zone)
        self.week_starts = WEEKDAYS.index(definitions.week_starts)

    def day(self, time: int) -> date:
        """Return the local date of an instant: "its exact time in the zone"."""
        return local_date(self.zone, time)

    def begin(self, period: Period) -> int:
        """Return the first instant of a period, microseconds: the first whose local date is not before it."""
        return first_instant(self.zone, period.first)

    def holds(self, period: Period, time: int) -> bool:
        """Return whether the local date of an instant is in the period."""
        return period.first <= self.day(time) < period.after

    def holding(self, kind: str, day: date) -> Period:
        """Return the period of a kind that has a date."""
        if kind == "week":
            first = day - timedelta(days=(day.weekday() - self.week_starts) % 7)
            return Period(kind, first, first + timedelta(days=7))
        if kind == "year":
            return Period(kind, date(day.year, 1, 1), date(day.year + 1, 1, 1))
        months = {"month": 1, "quarter": 3}[kind]
        first = date(day.year, (day.month - 1) // months * months + 1, 1)
        return Period(kind, first, later(first, months))

    def previous(self, period: Period) -> Period:
        """Return the period before."""
        return self.holding(period.kind, period.first - timedelta(days=1))


@cache
def local_date(zone: ZoneInfo, time: int) -> date:
    """Return the date that the clocks of a zone show at an instant, microseconds since the epoch."""
    return (EPOCH + timedelta(microseconds=time)).astimezone(zone).date()


@cache
def first_instant(zone: ZoneInfo, day: date) -> int:
    """Return the first instant whose local date is not before a day, microseconds since the epoch."""
    early = (datetime(*day.timetuple()[:3], tzinfo=UTC) - EPOCH) // MICROSECOND - 86_400_000_000
    late = early + 2 * 86_400_000_000
    while late - early > 1:
        middle = (early + late) // 2
        if local_date(zone, middle) >= day:
            late = middle
        else:
            early = middle
    return late


def later(first: date, months: int) -> date:
    """Return the first day of the month that is `months` later."""
    index = 12 * first.year + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def periods(world: World) -> Paragraph:
    """Yield the series of the exported periods.

    "`basis="running"`: while P runs. `basis="as_now"`: by what is known now, once P is over. Both exist while
    P' begins inside the horizon." "For the last 13 months, 6 weeks, 5 quarters and 2 years, the running one
    included." Those `as_closed` are not a function of events and clock.

    Decided: a period is over at the first instant after it. P' begins inside the horizon if the hour in
    which it begins counts.
    """
    definitions = world.definitions.periods
    for kind in definitions.kinds:
        calendar = Calendar(definitions)
        period = running = calendar.holding(kind, calendar.day(world.now))
        for _ in range(EXPORTED[kind]):
            before = calendar.previous(period)
            if hour(calendar.begin(before)) > world.hour - 24 * world.definitions.horizon_days:
                basis = "running" if period == running else "as_now"
                labels = {"kind": kind, "period": period.name, "basis": basis}
                yield from whole(world, calendar, before, period, labels)
            period = before


def whole(
    world: World, calendar: Calendar, before: Period, period: Period, labels: dict[str, str]
) -> Paragraph:
    """Yield the series of one period."""
    yield from customers(world, calendar, before, period, labels)
    yield from orders(world, calendar, period, labels)
    yield from service(world, calendar, period, labels)


def placed(customer: Customer, calendar: Calendar, period: Period) -> list[Order]:
    """Return the qualifying orders of a customer in a period."""
    return [order for order in customer.qualifying if calendar.holds(period, order.at)]


def customers(
    world: World, calendar: Calendar, before: Period, period: Period, labels: dict[str, str]
) -> Paragraph:
    """Yield sets and rates.

    "start = customers with a qualifying order in P', end = in P; retained, lost, new (the first order is in
    P), reactivated, the rates."
    """
    start = {customer for customer in world.customers if placed(customer, calendar, before)}
    end = {customer for customer in world.customers if placed(customer, calendar, period)}
    firsts = {c: c.first_order["at"] for c in world.customers if c.first_order}
    new = {customer for customer, at in firsts.items() if calendar.holds(period, at)}
    sets = {
        "start": start,
        "end": end,
        "new": new,
        "retained": start & end,
        "lost": start - end,
        "reactivated": end - start - new,
    }
    for name, members in sets.items():
        yield "retention_period_customers", labels | {"set": name}, Expected(len(members))
    cohort, textbook = ratio(len(start & end), len(start)), ratio(len(end) - len(new), len(start))
    yield "retention_period_rate_ratio", labels | {"method": "cohort"}, cohort
    yield "retention_period_rate_ratio", labels | {"method": "textbook"}, textbook
    yield "retention_period_churn_ratio", labels, ratio(len(start - end), len(start))


def orders(world: World, calendar: Calendar, period: Period, labels: dict[str, str]) -> Paragraph:
    """Yield orders, money and refunds (`orders`) of the orders placed in a period."""
    every = [o for c in world.customers for o in c.orders if calendar.holds(period, o.at)]
    qualifying = [order for order in every if order.qualifies]
    net = world.net(qualifying)
    money = labels | {"currency": world.definitions.base_currency}
    yield "retention_period_orders", labels, Expected(len(qualifying))
    yield "retention_period_net_revenue", money, Expected(float(net))
    average = Expected(ratio(net, len(qualifying)).value)
    yield "retention_period_average_order_value", money, average
    uncancelled = [order for order in every if not order.cancelled]
    refunded = [order for order in uncancelled if order.refunds]
    yield "retention_period_refund_ratio", labels, ratio(len(refunded), len(uncancelled))


def service(world: World, calendar: Calendar, period: Period, labels: dict[str, str]) -> Paragraph:
    """Yield breaches, CSAT, and "NPS over each customer's latest answer in P"."""
    decided = [decision for ticket in all_tickets(world) for decision in decisions(world, ticket)]
    for kind in sla_kinds(world):
        outcomes = [
            breached for which, at, breached in decided if which == kind and calendar.holds(period, at)
        ]
        yield "retention_period_sla_breach_ratio", labels | {"sla": kind}, ratio(sum(outcomes), len(outcomes))
    given = [one["score"] for every in answered(world, calendar, period, "csat") for one in every]
    yield "retention_period_csat_ratio", labels, ratio(sum(score >= 4 for score in given), len(given))
    latest = [within[-1] for within in answered(world, calendar, period, "nps")]
    yield "retention_period_nps", labels, nps([answer["score"] for answer in latest])


def answered(world: World, calendar: Calendar, period: Period, survey: str) -> Iterator[list[Event]]:
    """Yield each customer's answers to a survey in a period, earliest first, of customers who have any."""
    for customer in world.customers:
        within = [a for a in answers(customer, survey) if calendar.holds(period, a["at"])]
        if within:
            yield within
