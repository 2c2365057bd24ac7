"""The rules that propose actions, by hand (docs/outputs.md, "Actions")."""

from models.customers.ticket_rules import TicketRules
from models.definitions.action_policy import ACTIONS, ActionPolicy
from models.definitions.definitions import Definitions
from models.outputs.action_candidates import ActionRules
from models.outputs.lifecycle_history import LifecycleReplay
from models.outputs.snapshot import snapshot_of
from tests.support.outputs import NOW, Scenario, customers_of
from tests.support.partitions import HOUR


def proposal_of(scenario, now=NOW, policy=None):
    definitions = Definitions(actions=policy or ActionPolicy())
    customer = customers_of(scenario.events, now, definitions)["ann"]
    replay = LifecycleReplay(definitions)
    history = replay.history(customer, now)
    return ActionRules(definitions).evaluate(
        snapshot_of(customer, history, replay.net_value(history), now, TicketRules(definitions))
    )


def proposed(proposal):
    return [(ACTIONS[each.action], each.subject, each.since) for each in proposal.candidates]


def test_cart_is_recovered_from_an_hour_after_its_last_activity():
    scenario = Scenario()
    scenario.record("checkout.started", NOW - HOUR, cart_id="c")
    before = proposal_of(scenario, NOW - 1)
    assert (proposed(before), before.next_check) == ([], NOW)
    assert proposed(proposal_of(scenario)) == [("recover_cart", "c", NOW)]


def test_order_after_the_cart_withdraws_the_proposal():
    scenario = Scenario()
    scenario.record("checkout.started", NOW - 2 * HOUR, cart_id="c")
    scenario.order(NOW - HOUR, "o")
    assert proposed(proposal_of(scenario)) == []


def test_apology_begins_at_the_missed_promise():
    scenario = Scenario()
    scenario.order(NOW - 9 * HOUR, "o", promised_at="2026-03-05T08:00:00Z")
    assert proposed(proposal_of(scenario)) == [("apologise_late_delivery", "o", NOW - 2 * HOUR)]


def test_late_delivery_of_an_order_of_lines_is_a_candidate():
    scenario = Scenario()
    line = {"order_id": "o", "line_id": "1", "amount": 1, "currency": "USD"}
    scenario.record("order.line_placed", NOW - 9 * HOUR, promised_at="2026-03-05T08:00:00Z", **line)
    assert proposed(proposal_of(scenario)) == [("apologise_late_delivery", "o", NOW - 2 * HOUR)]


def test_disabled_action_is_not_proposed():
    scenario = Scenario()
    scenario.record("survey.answered", NOW, survey="nps", score=6)
    assert [action for action, *_ in proposed(proposal_of(scenario))] == ["recover_service"]
    assert proposed(proposal_of(scenario, policy=ActionPolicy(off=("recover_service",)))) == []


def test_breach_by_a_raise_is_escalated_once_from_its_instant():
    scenario = Scenario()
    scenario.open(NOW - 10 * HOUR)
    scenario.record("ticket.updated", NOW - HOUR, ticket_id="t", priority="urgent")
    assert proposed(proposal_of(scenario)) == [("escalate", "t", NOW - HOUR)]


def test_lowered_priority_keeps_the_escalation():
    scenario = Scenario()
    scenario.open(NOW - 3 * HOUR, priority="urgent")
    scenario.record("ticket.updated", NOW - HOUR, ticket_id="t", priority="low")
    assert proposed(proposal_of(scenario)) == [("escalate", "t", NOW - 2 * HOUR)]


def test_withdrawn_ticket_withdraws_its_actions():
    scenario = Scenario()
    scenario.open(NOW - 3 * HOUR, priority="urgent")
    assert scenario.action_states() == [("issued", "escalate")]
    scenario.record("ticket.withdrawn", NOW, ticket_id="t")
    assert scenario.action_states(NOW + 1) == [("withdrawn", "escalate")]


def test_withdrawn_ticket_is_not_open_in_the_profile():
    scenario = Scenario()
    scenario.open(NOW - HOUR)
    assert [profile.open_tickets for profile in scenario.profiles()] == [1]
    scenario.record("ticket.withdrawn", NOW, ticket_id="t")
    assert [profile.open_tickets for profile in scenario.profiles(NOW + 1)] == [0]
