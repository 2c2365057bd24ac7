"""Numbers by segment, computed naively."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

from tests.oracle.customer import Customer, Order
from tests.oracle.feedback import answers
from tests.oracle.shop import active
from tests.oracle.support import sla_kinds
from tests.oracle.targets import decisions
from tests.oracle.tickets import Ticket, tickets_of
from tests.oracle.values import HOUR, Event, Expected, Paragraph, elapsed, mean, ratio
from tests.oracle.world import World, hours_of

#: What a segment can be derived from -> what it is then a segment of.
OF = {
    "first_channel": "customer",
    "referred": "customer",
    "coupon": "order",
    "team": "ticket",
    "category": "ticket",
}
#: Label -> the things that count under it.
Grouped = dict[str, list[Any]]


def segments(world: World) -> Paragraph:
    """Yield the series of every segment, by value and window.

    "Each with `segment`, `value`, `window`." "Any other value is `other`, none `unknown`."

    Decided: a segment of orders has the series of orders only, and one of tickets those of tickets. Answers
    are of customers.
    """
    for segment in world.definitions.segments:
        for window in world.definitions.segment_windows:
            labels = {"segment": segment.name, "window": window}
            of = subject(segment)
            if of == "customer":
                yield from sets(world, segment, labels)
                yield from scores(world, segment, labels)
            if of in ("customer", "order"):
                yield from orders(world, segment, labels)
            if of in ("customer", "ticket"):
                yield from tickets(world, segment, labels)


def subject(segment: Any) -> str:
    """Return what has the value: the customer, the order or the ticket."""
    return segment.of or OF.get(segment.origin, "customer")


def labels_of(segment: Any) -> tuple[str, ...]:
    """Return the labels of a segment. Decided: those of `referred` are `yes`, `no` and `unknown`."""
    if segment.origin == "referred":
        return ("yes", "no", "unknown")
    return (*segment.values, "other", "unknown")


def label(segment: Any, value: str | None) -> str:
    """Return the label of a value: "any other value is `other`, none `unknown`"."""
    if value is None:
        return "unknown"
    if segment.origin == "referred":
        return value
    return value if value in segment.values else "other"


def by_value(segment: Any, things: Iterable[tuple[str | None, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Yield each label of a segment with its things, of pairs of a value and a thing."""
    grouped: Grouped = {name: [] for name in labels_of(segment)}
    for value, thing in things:
        grouped[label(segment, value)].append(thing)
    yield from grouped.items()


def value_at(world: World, segment: Any, customer: Customer, time: int) -> str | None:
    """Return a customer's value at a time, microseconds; None if there is none.

    Decided: the event of `first_channel` and `referred` is the first order. Before it there is no value.
    """
    if segment.field is not None:
        return customer.attribute(segment.field, time)
    if customer.first_order is None or customer.first_order["at"] > time:
        return None
    if segment.origin == "first_channel":
        channel = world.channel(customer.first_order)
        return None if channel == "unknown" else channel
    return "yes" if has_referrer(customer.first_order) else "no"


def has_referrer(event: Event) -> bool:
    """Return whether an order has a referrer: "a `referred_by` other than the event's own `customer_id`"."""
    return event.get("referred_by") not in (None, event["customer_id"])


def value_of_order(world: World, segment: Any, order: Order, customer: Customer, time: int) -> str | None:
    """Return the value of what happened to an order at a time, microseconds.

    "*Flows* take the order's or ticket's own value if the segment is of these, else the customer's at the
    event's time."
    """
    if subject(segment) == "customer":
        return value_at(world, segment, customer, time)
    if segment.field is None:
        return order.placed.get("coupon")
    return (order.placed.get("attributes") or {}).get(segment.field)


def value_of_ticket(world: World, segment: Any, ticket: Ticket, time: int) -> str | None:
    """Return the value of what happened to a ticket at a time, microseconds."""
    if subject(segment) == "customer":
        return value_at(world, segment, ticket.customer, time)
    if segment.field is None:
        return ticket.latest(segment.origin)
    return (ticket.opened.get("attributes") or {}).get(segment.field)


def enough(world: World, expected: Expected, number: int) -> Expected:
    """Return a ratio, mean or score. "Over fewer [than `min_cell`] are NaN: no cell points at a person." """
    few = number < world.definitions.min_cell
    return expected._replace(value=math.nan, numerator=None) if few else expected


def sets(world: World, segment: Any, labels: dict[str, str]) -> Paragraph:
    """Yield the sets and rates: they "take the value at the hour H-W, as experiments do"."""
    window = hours_of(labels["window"])
    end, start = active(world, world.hour, window), active(world, world.hour - window, window)
    since = (world.hour - window + 1) * HOUR - 1
    valued = ((value_at(world, segment, customer, since), customer) for customer in start)
    for value, members in by_value(segment, valued):
        mine = labels | {"value": value}
        kept = [customer for customer in members if customer in end]
        lost = len(members) - len(kept)
        for name, number in (("start", len(members)), ("retained", len(kept)), ("lost", lost)):
            yield "retention_segment_customers", mine | {"set": name}, Expected(number)
        rate, churn = ratio(len(kept), len(members)), ratio(lost, len(members))
        yield "retention_segment_rate_ratio", mine, enough(world, rate, len(members))
        yield "retention_segment_churn_ratio", mine, enough(world, churn, len(members))


def orders(world: World, segment: Any, labels: dict[str, str]) -> Paragraph:
    """Yield the numbers of orders, by the time of the order, and of deliveries, by theirs."""
    window = hours_of(labels["window"])
    every = [(customer, order) for customer in world.customers for order in customer.orders]
    placed = [
        (value_of_order(world, segment, order, customer, order.at), order)
        for customer, order in every
        if world.within(order.at, window)
    ]
    for value, mine in by_value(segment, placed):
        yield from sales(world, mine, labels | {"value": value})
    arrived = [
        (value_of_order(world, segment, order, customer, order.delivered_at), not order.was_late)
        for customer, order in every
        if order.promised_at is not None
        and order.delivered_at is not None
        and world.within(order.delivered_at, window)
    ]
    for value, punctual in by_value(segment, arrived):
        share = enough(world, ratio(sum(punctual), len(punctual)), len(punctual))
        yield "retention_segment_on_time_delivery_ratio", labels | {"value": value}, share


def sales(world: World, placed: list[Order], labels: dict[str, str]) -> Paragraph:
    """Yield the numbers of the orders that were placed in a window, with one value."""
    qualifying = [order for order in placed if order.qualifies]
    yield "retention_segment_orders", labels, Expected(len(qualifying))
    money = labels | {"currency": world.definitions.base_currency}
    net = world.net(qualifying)
    yield "retention_segment_net_revenue", money, Expected(float(net))
    average = Expected(ratio(net, len(qualifying)).value)
    yield "retention_segment_average_order_value", money, enough(world, average, len(qualifying))
    uncancelled = [order for order in placed if not order.cancelled]
    refunded = ratio(sum(bool(order.refunds) for order in uncancelled), len(uncancelled))
    yield "retention_segment_refund_ratio", labels, enough(world, refunded, len(uncancelled))


def tickets(world: World, segment: Any, labels: dict[str, str]) -> Paragraph:
    """Yield response times (human, calendar) and breaches (all priorities)."""
    window = hours_of(labels["window"])
    every = [ticket for customer in world.customers for ticket in tickets_of(customer)]
    answered = [
        (value_of_ticket(world, segment, ticket, at), elapsed(ticket.at, at))
        for ticket in every
        if (at := ticket.response("human")) is not None and world.within(at, window)
    ]
    for value, times in by_value(segment, answered):
        exact = Expected(mean(times).value / 1e6)
        name = "retention_segment_first_response_mean_seconds"
        yield name, labels | {"value": value}, enough(world, exact, len(times))
    decided = [
        (kind, value_of_ticket(world, segment, ticket, at), breached)
        for ticket in every
        for kind, at, breached in decisions(world, ticket)
        if world.within(at, window)
    ]
    for kind in sla_kinds(world):
        of_kind = [(value, breached) for which, value, breached in decided if which == kind]
        for value, outcomes in by_value(segment, of_kind):
            share = enough(world, ratio(sum(outcomes), len(outcomes)), len(outcomes))
            yield "retention_segment_sla_breach_ratio", labels | {"value": value, "sla": kind}, share


def scores(world: World, segment: Any, labels: dict[str, str]) -> Paragraph:
    """Yield CSAT, and NPS "over each customer's latest `nps` answer, if in the window"."""
    every = {survey: [(c, answers(c, survey)) for c in world.customers] for survey in ("csat", "nps")}
    csat = [(customer, answer) for customer, given in every["csat"] for answer in given]
    latest = [(customer, given[-1]) for customer, given in every["nps"] if given]
    for value, given in by_value(segment, answered(world, segment, csat, labels["window"])):
        share = ratio(sum(score >= 4 for score in given), len(given))
        yield "retention_segment_csat_ratio", labels | {"value": value}, enough(world, share, len(given))
    for value, given in by_value(segment, answered(world, segment, latest, labels["window"])):
        yield "retention_segment_nps", labels | {"value": value}, enough(world, nps(given), len(given))


def answered(
    world: World, segment: Any, given: list[tuple[Customer, Event]], window: str
) -> Iterator[tuple[str | None, int]]:
    """Yield value and score of each answer in a window."""
    for customer, answer in given:
        if world.within(answer["at"], hours_of(window)):
            yield value_at(world, segment, customer, answer["at"]), answer["score"]


def nps(given: list[int]) -> Expected:
    """Return "100 x (promoters - detractors) / answers"."""
    promoters, detractors = sum(score >= 9 for score in given), sum(score <= 6 for score in given)
    return Expected(ratio(100 * (promoters - detractors), len(given)).value)
