"""Customers, orders and tickets by the value of a segment (docs/api.md, "Segments")."""

import pytest

from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from models.query.customers import Customers
from models.query.orders import Orders
from models.query.parameters import CustomerQuery, OrderQuery, TicketQuery
from models.query.tickets import Tickets
from tests.support.outputs import Scenario, customers_of
from tests.support.partitions import DAY, HOUR, NOW

DEFINITIONS = Definitions(
    segment_windows=("30d",),
    segments=(
        Segment(name="country", field="country", values=("DE", "AT")),
        Segment(name="coupon", origin="coupon", values=("SPRING",)),
        Segment(name="team", origin="team", values=("billing",)),
    ),
)
PROMISED = "2026-03-04T10:00:00Z"


def customer_of(scenario):
    return customers_of(scenario.events, NOW, DEFINITIONS)["ann"]


@pytest.fixture
def mover():
    """Return the scenario of a customer who moves from DE to AT twenty days ago."""
    scenario = Scenario()
    for days, country in ((60, "DE"), (20, "AT")):
        scenario.record("customer.updated", NOW - days * DAY, attributes={"country": country})
    return scenario


def listed(scenario, **parameters):
    """Return the values of the country for which the customer is in a list of customers."""
    customer, customers = customer_of(scenario), Customers(DEFINITIONS)
    return [
        value
        for value in ("DE", "AT", "other", "unknown")
        if customers.find(customer, CustomerQuery(segment=f"country:{value}", **parameters), NOW)
    ]


def test_customer_has_the_present_value(mover):
    mover.order(NOW - 40 * DAY, "o")
    assert listed(mover) == ["AT"]
    assert listed(mover, lifecycle="new") == ["AT"]


def test_lost_customer_has_the_value_at_the_begin_of_the_window(mover):
    mover.order(NOW - 40 * DAY, "o")
    assert listed(mover, set="lost", window="30d") == ["DE"]
    assert listed(mover, set="start", window="30d") == ["DE"]


@pytest.mark.parametrize(("after", "value"), [(HOUR - 1, "AT"), (HOUR, "DE")])
def test_value_holds_from_the_last_hour_before_the_window(after, value):
    scenario = Scenario()
    for at, country in ((NOW - 60 * DAY, "DE"), (NOW - 30 * DAY + after, "AT")):
        scenario.record("customer.updated", at, attributes={"country": country})
    scenario.order(NOW - 40 * DAY, "o")
    assert listed(scenario, set="lost", window="30d") == [value]


def test_new_customer_has_the_present_value(mover):
    mover.order(NOW - 25 * DAY, "o")
    assert listed(mover, set="new", window="30d") == ["AT"]


def test_customer_without_an_attribute_is_unknown():
    scenario = Scenario()
    scenario.order(NOW - DAY, "o")
    assert listed(scenario) == ["unknown"]


def orders(scenario, segment):
    found = Orders(DEFINITIONS).find(customer_of(scenario), OrderQuery(overdue=True, segment=segment), NOW)
    return [order.order_id for order in found]


def test_order_has_its_own_value_or_that_of_the_customer_then(mover):
    mover.order(NOW - 30 * DAY, "in DE", promised_at=PROMISED, coupon="SPRING")
    mover.order(NOW - 10 * DAY, "in AT", promised_at=PROMISED)
    assert orders(mover, "country:DE") == ["in DE"]
    assert orders(mover, "country:AT") == ["in AT"]
    assert orders(mover, "coupon:SPRING") == ["in DE"]
    assert orders(mover, "coupon:unknown") == ["in AT"]
    assert orders(mover, None) == ["in AT", "in DE"]


def tickets(scenario, **parameters):
    found = Tickets(DEFINITIONS).find(customer_of(scenario), TicketQuery(**parameters), NOW)
    return [ticket.ticket_id for ticket in found]


def test_ticket_has_its_own_value_or_that_of_the_customer_then(mover):
    mover.record("ticket.opened", NOW - 25 * DAY, ticket_id="in DE", team="billing")
    mover.record("ticket.opened", NOW - HOUR, ticket_id="in AT")
    assert tickets(mover, segment="country:DE") == ["in DE"]
    assert tickets(mover, segment="country:AT") == ["in AT"]
    assert tickets(mover, segment="team:billing") == ["in DE"]
    assert tickets(mover, segment="team:unknown") == ["in AT"]


def test_missed_target_has_the_value_at_its_due_time(mover):
    mover.record("ticket.opened", NOW - 20 * DAY - HOUR, ticket_id="t", priority="low")
    missed = {"breached": True, "window": "30d", "sla": "resolution"}
    assert tickets(mover, segment="country:AT", **missed) == ["t"]
    assert tickets(mover, segment="country:DE", **missed) == []
    assert tickets(mover, segment="country:DE") == ["t"]
