"""The contents of profiles, and the changes that emit one."""

from tests.support.outputs import NOW, Scenario
from tests.support.strategies import DAY


def test_profile_contains_orders_and_net_value():
    scenario = Scenario()
    scenario.order(NOW - DAY, "o", amount=1000)
    [profile] = scenario.profiles()
    assert (profile.customer_id, profile.lifecycle, profile.tier) == ("ann", "new", "member")
    assert (profile.orders, profile.net_value, profile.open_tickets) == (1, 10.0, 0)


def test_unchanged_profile_is_not_emitted_again():
    scenario = Scenario()
    scenario.order(NOW - DAY, "o")
    assert len(scenario.profiles()) == 1
    assert scenario.profiles() == []


def test_opened_ticket_changes_the_profile():
    scenario = Scenario()
    scenario.order(NOW - DAY, "o")
    scenario.profiles()
    scenario.open(NOW)
    assert [profile.open_tickets for profile in scenario.profiles()] == [1]


def test_contacted_customer_without_events_has_no_profile():
    scenario = Scenario()
    scenario.record("customer.contacted", NOW, action_id="newsletter")
    assert scenario.profiles() == []
