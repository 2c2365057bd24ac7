"""The selection of tickets, by hand (docs/api.md, "Tickets")."""

import pytest

from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_MINUTE, Window
from models.query.parameters import TicketQuery
from models.query.tickets import Tickets, contains
from tests.support.outputs import Scenario, customers_of
from tests.support.partitions import DAY, HOUR, NOW


def ids(scenario, **query):
    customer = customers_of(scenario.events, NOW, Definitions())["ann"]
    return [ticket.ticket_id for ticket in Tickets(Definitions()).find(customer, TicketQuery(**query), NOW)]


def test_query_without_parameters_selects_unresolved_tickets():
    scenario = Scenario()
    scenario.open(NOW - HOUR, "b")
    scenario.open(NOW - HOUR, "a", priority="urgent")
    scenario.open(NOW - HOUR, "solved")
    scenario.record("ticket.status_changed", NOW, ticket_id="solved", status="solved")
    assert ids(scenario) == ["a", "b"]
    assert ids(scenario, priority="urgent") == ["a"]
    assert ids(scenario, status="solved") == ["solved"]


def test_answered_ticket_is_not_selected_as_unanswered():
    scenario = Scenario()
    scenario.open(NOW - HOUR, "bot")
    scenario.reply(NOW, "bot", author="bot")
    scenario.open(NOW - HOUR, "nobody")
    assert ids(scenario, unanswered="any") == ["nobody"]
    assert ids(scenario, unanswered="human") == ["bot", "nobody"]


@pytest.mark.parametrize(
    ("window", "first"),
    [("1h", NOW - 59 * US_PER_MINUTE), ("7d", NOW - 7 * DAY + HOUR)],
)
def test_short_window_slides_by_the_minute(window, first):
    now = NOW + US_PER_MINUTE // 2
    assert contains(Window.parse(window), first, now)
    assert not contains(Window.parse(window), first - 1, now)
    assert not contains(Window.parse(window), now + HOUR, now)


def test_withdrawn_ticket_is_in_no_list():
    scenario = Scenario()
    scenario.open(NOW - HOUR)
    scenario.record("ticket.withdrawn", NOW, ticket_id="t")
    assert ids(scenario) == ids(scenario, status="open") == ids(scenario, breached=True, window="7d") == []
    scenario.record("ticket.restored", NOW, ticket_id="t")
    assert ids(scenario) == ["t"]


def test_latest_team_category_and_agent_are_shown():
    scenario = Scenario()
    scenario.open(NOW - 3 * HOUR, team="billing", category="invoice")
    scenario.record("ticket.updated", NOW - 2 * HOUR, ticket_id="t", team="logistics", priority="high")
    scenario.reply(NOW - HOUR, agent="kim")
    customer = customers_of(scenario.events, NOW, Definitions())["ann"]
    [found] = Tickets(Definitions()).find(customer, TicketQuery(), NOW)
    assert (found.priority, found.team, found.category, found.agent) == (
        "high",
        "logistics",
        "invoice",
        "kim",
    )


def test_breach_is_listed_under_its_own_priority():
    scenario = Scenario()
    scenario.open(NOW - 5 * HOUR)
    scenario.record("ticket.updated", NOW - 2 * HOUR, ticket_id="t", priority="urgent")
    scenario.record("ticket.updated", NOW - HOUR, ticket_id="t", priority="low")
    assert ids(scenario, breached=True, window="7d", priority="urgent") == ["t"]
    assert ids(scenario, breached=True, window="7d", priority="low") == []
    assert ids(scenario, breached=True, window="1h") == []
    assert ids(scenario, breached=True, priority="low") == ["t"]
