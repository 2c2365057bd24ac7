"""Customers who come back with another ticket (docs/metrics.md, "Tickets")."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.facts.claims import SOLVED, STATUSES, Opened, StatusChanged, TicketWithdrawn
from tests.oracle import World, teams
from tests.support.partitions import DAY, HOUR, NOW, Shop
from tests.support.simulated_worker import SimulatedWorker
from tests.support.strategies import ANCHOR, DEFINITIONS, rfc3339

METRIC = "retention_repeat_contact_ratio"
WEEK = 7 * DAY


def open_ticket(shop, name, time, *, by_agent=False):
    shop.process(Opened, name, time, 1, by_agent, "chat")


def repeated(shop, now=NOW):
    sample = shop.samples(now)[METRIC, "30d"]
    return sample.numerator, sample.denominator


@pytest.fixture
def shop():
    """Return a shop with a ticket that was resolved eight days ago."""
    shop = Shop()
    open_ticket(shop, "first", NOW - 9 * DAY)
    shop.process(StatusChanged, "first", NOW - 8 * DAY, SOLVED)
    return shop


def test_ticket_without_another_is_not_repeated(shop):
    assert repeated(shop) == (0, 1)


@pytest.mark.parametrize(("late", "expected"), [(0, 0), (1, 1), (WEEK, 1), (WEEK + 1, 0)])
def test_another_ticket_counts_after_the_resolution_for_a_week(shop, late, expected):
    open_ticket(shop, "second", NOW - 8 * DAY + late)
    assert repeated(shop) == (expected, 1)


def test_ticket_of_an_agent_is_no_repeat_contact(shop):
    open_ticket(shop, "second", NOW - 7 * DAY, by_agent=True)
    assert repeated(shop) == (0, 1)


def test_withdrawn_ticket_is_no_repeat_contact(shop):
    open_ticket(shop, "second", NOW - 7 * DAY)
    shop.process(TicketWithdrawn, "second", NOW - 6 * DAY, 0)
    assert repeated(shop) == (0, 1)


def test_resolution_counts_when_its_week_is_over():
    shop = Shop()
    open_ticket(shop, "first", NOW - HOUR)
    shop.process(StatusChanged, "first", NOW, SOLVED)
    assert math.isnan(shop.value(METRIC, "30d", now=NOW + WEEK - HOUR))
    assert repeated(shop, NOW + WEEK) == (0, 1)


def test_reopened_ticket_does_not_count(shop):
    shop.process(StatusChanged, "first", NOW - DAY, STATUSES.index("open"))
    assert math.isnan(shop.value(METRIC, "30d"))


def event(kind, ticket, days, **fields):
    about = {"customer_id": "ada", "ticket_id": ticket, "time": rfc3339(ANCHOR - days * DAY)}
    return {"id": f"{kind}-{ticket}-{days}", "type": f"ticket.{kind}", **about, **fields}


TICKET, DAYS = st.sampled_from("abc"), st.sampled_from([7, 8, 10, 15, 16, 17])
EVENTS = st.one_of(
    st.builds(event, st.just("opened"), TICKET, DAYS),
    st.builds(event, st.just("opened"), TICKET, DAYS, opened_by=st.sampled_from(["agent", "customer"])),
    st.builds(event, st.just("status_changed"), TICKET, DAYS, status=st.sampled_from(["solved", "open"])),
    st.builds(event, st.just("withdrawn"), TICKET, DAYS),
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(EVENTS, min_size=6, max_size=14, unique_by=lambda event: event["id"]))
def test_tickets_in_any_order_equal_the_oracle(events):
    worker = SimulatedWorker(DEFINITIONS, 1)
    for each in events:
        worker.deliver(each)
    series = METRIC, frozenset({"window": "30d"}.items())
    world, found = World(events, ANCHOR, DEFINITIONS), worker.results(ANCHOR)[series]
    expected = next(value for _, labels, value in teams.repeat_contact(world) if labels["window"] == "30d")
    assert (found.numerator, found.denominator) == (expected.numerator, expected.denominator)
    worker.commit()
    worker.crash(ANCHOR)
    assert worker.results(ANCHOR)[series] == found
