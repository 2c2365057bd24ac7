"""The selection of tickets, by hand (docs/api.md, "Tickets")."""

import pytest

from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.sla_policy import SlaPolicy
from models.definitions.windows import US_PER_MINUTE, Window
from models.query.parameters import TicketQuery
from models.query.tickets import Tickets, contains
from tests.support.outputs import Scenario, customers_of
from tests.support.partitions import DAY, HOUR, NOW
from tests.support.schedules import weekdays
from tests.support.strategies import rfc3339

#: Support is open on weekdays from 9 to 17 in Berlin. `NOW` is a Thursday, 11:00 there.
SUPPORT = Definitions(
    schedules={"support": weekdays()},
    sla_policies=dict.fromkeys(PRIORITIES, SlaPolicy(schedule="support")),
)


def clock(scenario, now=NOW, definitions=SUPPORT):
    """The only ticket's clock: schedule, remaining hours, hours since the pause, hours until it is due."""
    customer = customers_of(scenario.events, now, definitions)["ann"]
    [ticket] = Tickets(definitions).find(customer, TicketQuery(), now)
    found = ticket.clock
    remaining = None if found.remaining_seconds is None else found.remaining_seconds / 3600
    paused = None if found.paused_since is None else now / HOUR - found.paused_since.timestamp() / 3600
    due = None if found.due is None else found.due.timestamp() / 3600 - now / HOUR
    return found.schedule, remaining, paused, due


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


def test_channel_that_is_no_longer_named_is_selected_as_other():
    scenario = Scenario()
    for channel in ("phone", "web"):
        scenario.open(NOW - HOUR, channel, channel=channel)
    ann = customers_of(scenario.events, NOW, Definitions(channels=("phone", "web")))["ann"]

    def listed(channel):
        found = Tickets(Definitions(channels=("web",))).find(ann, TicketQuery(channel=channel), NOW)
        return [ticket.ticket_id for ticket in found]

    assert [listed(channel) for channel in ("web", "other", "phone")] == [["web"], ["phone"], ["phone"]]


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


def test_latest_team_category_and_agent_select_tickets():
    scenario = Scenario()
    for name, team in (("a", "billing"), ("b", "logistics"), ("c", None)):
        scenario.open(NOW - HOUR, name, team=team, category="invoice")
    scenario.record("ticket.updated", NOW, ticket_id="b", team="billing", category="parcel")
    scenario.reply(NOW, "a", agent="kim")
    assert ids(scenario, team="billing") == ["a", "b"]
    assert ids(scenario, team="logistics") == []
    assert ids(scenario, team="billing", category="invoice") == ids(scenario, agent="kim") == ["a"]


def test_paused_ticket_waits_for_its_first_resolution():
    scenario = Scenario()
    for name in ("open", "pending", "reopened"):
        scenario.open(NOW - 3 * HOUR, name)
    scenario.record("ticket.status_changed", NOW - 2 * HOUR, ticket_id="reopened", status="solved")
    for name in ("pending", "reopened"):
        scenario.record("ticket.status_changed", NOW - HOUR, ticket_id=name, status="pending")
    assert ids(scenario, paused=True) == ["pending"]
    assert ids(scenario, status="pending") == ["pending", "reopened"]


def test_clock_shows_the_open_hours_until_a_target_is_due():
    """A first response within 24 open hours of 10:00 on Thursday is due at 10:00 on Tuesday."""
    scenario = Scenario()
    scenario.open(NOW - HOUR)
    assert clock(scenario) == ("support", 23, None, 5 * 24 - 1)
    assert clock(scenario, definitions=Definitions()) == (None, 23, None, 23)


def test_clock_of_a_paused_resolution_shows_what_is_left():
    scenario = Scenario()
    scenario.open(NOW - 3 * HOUR)
    scenario.reply(NOW - 2 * HOUR)
    scenario.record("ticket.status_changed", NOW - HOUR, ticket_id="t", status="pending")
    assert clock(scenario) == ("support", 71, 1, None)  # support opened two hours ago
    assert clock(scenario, definitions=Definitions()) == (None, 70, 1, None)
    scenario.record("ticket.status_changed", NOW, ticket_id="t", status="open")
    assert clock(scenario)[:3] == ("support", 71, None)


def test_pause_lasts_from_its_first_status_without_interruption():
    both = dict.fromkeys(PRIORITIES, SlaPolicy(pause=("pending", "on_hold")))
    scenario = Scenario()
    scenario.open(NOW - 9 * HOUR)
    scenario.reply(NOW - 8 * HOUR)
    for hours, status in ((7, "pending"), (6, "open"), (5, "on_hold"), (4, "pending")):
        scenario.record("ticket.status_changed", NOW - hours * HOUR, ticket_id="t", status=status)
    assert clock(scenario, definitions=Definitions(sla_policies=both)) == (None, 72 - 3, 5, None)
    opened = dict.fromkeys(PRIORITIES, SlaPolicy(pause=("open", "pending", "on_hold")))
    assert clock(scenario, definitions=Definitions(sla_policies=opened)) == (None, 72, 9, None)


def test_promised_deadline_is_on_no_support_clock():
    scenario = Scenario()
    scenario.open(NOW - HOUR)
    scenario.reply(NOW, promised_at=rfc3339(NOW + HOUR))
    scenario.record("ticket.status_changed", NOW, ticket_id="t", status="pending")
    assert clock(scenario) == ("support", 71, 0, None)


def test_ticket_without_an_open_target_has_an_empty_clock():
    scenario = Scenario()
    scenario.open(NOW - 90 * DAY)
    assert clock(scenario, definitions=Definitions()) == (None, None, None, None)
