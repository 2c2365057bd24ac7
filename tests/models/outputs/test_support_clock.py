"""Outputs by the support clock, by hand: pauses, opening hours, turns and tiers."""

import pytest

from models.contract.decoding import to_us
from models.definitions.action_policy import ActionPolicy
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.sla_policy import SlaPolicy, SlaTargets
from models.entities.exposures import SLOW_RESPONSE
from models.entities.sla import SlaOutcome, decide
from models.entities.sla_limits import time_limits
from models.entities.tickets import derive
from models.facts.claims import Opened
from tests.support.outputs import NO_CONTROL_GROUP, NOW, Scenario
from tests.support.schedules import at, weekdays
from tests.support.strategies import DAY, HOUR, MINUTE

#: Support is open on weekdays from 9 to 17 in Berlin. `NOW` is a Thursday, 11:00 there.
HOURS = {"support": weekdays()}


def shop(policy=NO_CONTROL_GROUP, **sla):
    """A scenario of a shop with one policy for all priorities: high is due after 4 and 24 hours."""
    return Scenario(policy, schedules=HOURS, sla_policies=dict.fromkeys(PRIORITIES, SlaPolicy(**sla)))


def status(scenario, time, name):
    scenario.record("ticket.status_changed", time, ticket_id="t", status=name)


def seen(scenario, now, sla):
    """New states of a target: state, and hours from `NOW` to the due time."""
    return [(each.state, (to_us(each.due) - NOW) / HOUR) for each in scenario.targets(now, sla)]


def test_pause_withdraws_the_due_time_and_a_resumption_sets_one():
    scenario = shop()
    scenario.open(NOW, priority="high")
    assert seen(scenario, NOW, "resolution") == [("activated", 24)]
    status(scenario, NOW + 2 * HOUR, "pending")
    assert seen(scenario, NOW + 3 * HOUR, "resolution") == [("withdrawn", 24)]
    assert seen(scenario, NOW + 30 * HOUR, "resolution") == []
    status(scenario, NOW + 50 * HOUR, "open")
    assert seen(scenario, NOW + 50 * HOUR, "resolution") == [("activated", 72)]
    assert seen(scenario, NOW + 72 * HOUR, "resolution") == [("breached", 72)]


def test_late_pause_withdraws_a_breach_and_what_holds_follows():
    scenario = shop()
    scenario.open(NOW, priority="high")
    assert seen(scenario, NOW + 24 * HOUR, "resolution") == [("breached", 24)]
    status(scenario, NOW + 20 * HOUR, "pending")
    status(scenario, NOW + 23 * HOUR, "open")
    assert seen(scenario, NOW + 25 * HOUR, "resolution") == [("withdrawn", 24), ("activated", 27)]
    status(scenario, NOW + 26 * HOUR, "solved")
    assert seen(scenario, NOW + 26 * HOUR, "resolution") == [("fulfilled", 27)]


def test_late_pause_that_lasts_withdraws_a_breach_for_nothing():
    scenario = shop()
    scenario.open(NOW, priority="high")
    [breached] = scenario.targets(NOW + 24 * HOUR, "resolution")
    status(scenario, NOW + 20 * HOUR, "pending")
    [withdrawn] = scenario.targets(NOW + 25 * HOUR, "resolution")
    assert (withdrawn.state, withdrawn.withdraws) == ("withdrawn", breached.id)


def test_ids_of_repeated_pauses_differ():
    scenario = shop()
    scenario.open(NOW, priority="high")
    found = scenario.targets(NOW, "resolution")
    for number in range(1, 4):
        for minutes, name in ((0, "pending"), (1, "open")):
            status(scenario, NOW + number * HOUR + minutes * MINUTE, name)
            found += scenario.targets(NOW + number * HOUR + minutes * MINUTE, "resolution")
    assert [each.state for each in found] == ["activated", *["withdrawn", "activated"] * 3]
    assert len({each.id for each in found}) == 7


def test_targets_of_a_schedule_are_due_in_its_hours():
    """24 open hours from 11:00 on Thursday end at 11:00 on Tuesday; 4 hours end at 15:00."""
    scenario = shop(schedule="support")
    scenario.open(NOW, priority="high")
    assert seen(scenario, NOW, "resolution") == [("activated", 5 * 24)]
    scenario.open(NOW + 8 * HOUR, "evening", priority="high")  # 19:00; due at 13:00 on Friday
    assert seen(scenario, NOW + 8 * HOUR, "first_response") == [("breached", 4), ("activated", 26)]


def test_tier_that_changes_later_withdraws_the_due_time():
    limits = SlaTargets(3600, 24 * 3600)
    scenario = Scenario(
        sla_policies=Definitions().sla_policies | {"high": SlaPolicy(tiers={"silver": limits})}
    )
    scenario.open(NOW, priority="high")
    assert seen(scenario, NOW, "first_response") == [("activated", 4)]
    scenario.order(NOW - DAY, "o", amount=30_000)
    assert seen(scenario, NOW + MINUTE, "first_response") == [("withdrawn", 4), ("activated", 1)]
    scenario.record("order.cancelled", NOW + MINUTE, order_id="o")
    assert seen(scenario, NOW + 2 * MINUTE, "first_response") == [("withdrawn", 1), ("activated", 4)]


def test_each_turn_is_a_target_and_a_solved_one_is_withdrawn():
    scenario = shop(next_response=2 * 3600)
    scenario.open(NOW)
    scenario.reply(NOW + HOUR)
    scenario.reply(NOW + 2 * HOUR, author="customer")
    assert seen(scenario, NOW + 2 * HOUR, "next_response") == [("activated", 4)]
    scenario.reply(NOW + 3 * HOUR)
    scenario.reply(NOW + 3 * HOUR + MINUTE, author="customer")
    [answered, second] = scenario.targets(NOW + 4 * HOUR, "next_response")
    assert (answered.state, second.state) == ("fulfilled", "activated")
    status(scenario, NOW + 4 * HOUR, "solved")
    [withdrawn] = scenario.targets(NOW + 5 * HOUR, "next_response")
    assert (withdrawn.state, withdrawn.withdraws) == ("withdrawn", second.id)


def test_late_agent_reply_withdraws_the_breach_of_a_turn():
    scenario = shop(next_response=2 * 3600)
    scenario.open(NOW)
    scenario.reply(NOW + HOUR)
    scenario.reply(NOW + 2 * HOUR, author="customer")
    assert seen(scenario, NOW + 5 * HOUR, "next_response") == [("breached", 4)]
    scenario.reply(NOW + 3 * HOUR)
    assert seen(scenario, NOW + 6 * HOUR, "next_response") == [("withdrawn", 4), ("fulfilled", 4)]


@pytest.mark.parametrize(
    ("opened", "acknowledged", "expires"), [("15:00", "16:00", 19), ("17:30", "+1 10:00", 3)]
)
def test_acknowledgement_waits_for_a_quarter_of_the_open_time(opened, acknowledged, expires):
    """A ticket with high priority is due after four open hours. Times are those of Berlin in winter."""
    scenario = shop(schedule="support")
    begin, first = local(opened), local(acknowledged)
    scenario.open(begin, priority="high")
    assert scenario.action_states(first - 1) == []
    [action] = scenario.actions(first)
    assert (action.action, to_us(action.since)) == ("acknowledge", begin)
    assert (hours_to(action.due, first), hours_to(action.expires, first)) == (1, expires)


def test_escalation_begins_when_the_open_time_is_over():
    scenario = shop(schedule="support")
    scenario.open(NOW + 4 * HOUR, priority="high")  # Thursday, 15:00: due at 11:00 on Friday
    assert "escalate" not in [action for _, action in scenario.action_states(NOW + DAY - 1)]
    escalated = [action for action in scenario.actions(NOW + DAY) if action.action == "escalate"]
    assert [(to_us(each.since), each.sla) for each in escalated] == [(NOW + DAY, "first_response")]


def test_pause_withdraws_an_escalation_that_no_longer_holds():
    scenario = shop(policy=ActionPolicy(held_out=0.0, off=("acknowledge",)))
    scenario.open(NOW, priority="high")
    scenario.reply(NOW + HOUR)
    assert scenario.action_states(NOW + 24 * HOUR) == [("issued", "escalate")]
    status(scenario, NOW + 2 * HOUR, "pending")
    assert scenario.action_states(NOW + 25 * HOUR) == [("withdrawn", "escalate")]


def test_missed_turn_is_escalated_until_it_is_answered():
    scenario = shop(next_response=2 * 3600)
    scenario.open(NOW)
    scenario.reply(NOW + HOUR)
    scenario.reply(NOW + 2 * HOUR, author="customer")
    [action] = scenario.actions(NOW + 4 * HOUR)
    assert (action.action, action.sla, to_us(action.since)) == ("escalate", "next_response", NOW + 4 * HOUR)
    scenario.reply(NOW + 5 * HOUR)
    assert scenario.action_states(NOW + 5 * HOUR) == [("withdrawn", "escalate")]


def test_exposure_is_had_when_the_open_time_is_over():
    limits = time_limits(shop(schedule="support").harness.definitions)
    ticket = derive([Opened(NOW + 4 * HOUR, "o", PRIORITIES.index("high"), False, "web")])
    before, after = (SlaOutcome(decide(ticket, limits, NOW + DAY + late)) for late in (-1, 0))
    assert (before.exposures(), after.exposures()) == ((), ((SLOW_RESPONSE, (NOW + DAY) // HOUR),))


def local(text):
    """Return a time in Berlin on the Thursday of `NOW`, or with `+1 ` on the day after it."""
    day, _, clock = text.rpartition(" ")
    return at(f"2026-03-05T{clock}") + (DAY if day else 0) - HOUR


def hours_to(moment, begin):
    return (to_us(moment) - begin) / HOUR
