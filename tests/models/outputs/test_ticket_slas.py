"""SLA states of tickets, by hand."""

import pytest

from models.contract.decoding import to_us
from models.definitions.definitions import PRIORITIES
from models.definitions.sla_policy import SlaPolicy
from tests.support.outputs import NOW, Scenario
from tests.support.strategies import DAY, HOUR, MINUTE, rfc3339

#: An agent's reply is due an hour after a customer's.
WITH_NEXT_RESPONSE = dict.fromkeys(PRIORITIES, SlaPolicy(next_response=3600))


@pytest.fixture
def scenario():
    return Scenario()


def test_target_answered_in_time_is_fulfilled(scenario):
    scenario.open(NOW, priority="high")
    [activated] = scenario.targets(NOW)
    assert (activated.state, to_us(activated.due), activated.decided) == ("activated", NOW + 4 * HOUR, None)
    scenario.reply(NOW + HOUR)
    [fulfilled] = scenario.targets(NOW + 2 * HOUR)
    assert (fulfilled.state, to_us(fulfilled.decided)) == ("fulfilled", NOW + HOUR)
    assert scenario.targets(NOW + 9 * HOUR) == []


def test_target_is_breached_at_its_due_time_for_good(scenario):
    scenario.open(NOW, priority="high")
    assert scenario.target_states(NOW + 4 * HOUR - 1) == ["activated"]
    [breached] = scenario.targets(NOW + 4 * HOUR)
    assert (breached.state, breached.decided) == ("breached", breached.due)
    scenario.reply(NOW + 5 * HOUR)
    assert scenario.targets(NOW + 5 * HOUR) == []


def test_late_reply_withdraws_the_breach(scenario):
    scenario.open(NOW, priority="high")
    [breached] = scenario.targets(NOW + 4 * HOUR)
    scenario.reply(NOW + HOUR)
    withdrawn, fulfilled = scenario.targets(NOW + 5 * HOUR)
    assert (withdrawn.state, withdrawn.withdraws) == ("withdrawn", breached.id)
    assert (fulfilled.state, to_us(fulfilled.decided)) == ("fulfilled", NOW + HOUR)


def test_moved_promise_is_withdrawn_and_emitted_with_new_ids(scenario):
    scenario.open(NOW)
    ids = set()
    for number, days in enumerate((2, 3, 2)):
        scenario.reply(NOW + number + 1, promised_at=rfc3339(NOW + days * DAY))
        emitted = scenario.targets(NOW + MINUTE + number, "promise")
        assert [value.state for value in emitted] == ["withdrawn", "activated"][-1 - bool(number) :]
        assert to_us(emitted[-1].due) == NOW + days * DAY
        ids |= {value.id for value in emitted}
    assert len(ids) == 5


def test_ticket_opened_by_agent_has_no_first_response(scenario):
    scenario.open(NOW)
    assert scenario.target_states(NOW) == ["activated"]
    scenario.open(NOW - 1, opened_by="agent")
    assert scenario.target_states(NOW + 1) == ["withdrawn"]
    scenario.open(NOW - 2)
    assert scenario.target_states(NOW + 2) == ["activated"]


def test_lost_ticket_withdraws_only_its_open_targets(scenario):
    scenario.open(NOW, priority="high")
    scenario.reply(NOW + HOUR)
    [activated] = scenario.targets(NOW + HOUR, "resolution")
    scenario.events.clear()
    [withdrawn] = [output.value for output in scenario.harness.emit([], NOW + 2 * HOUR) if output.key == "t"]
    assert (withdrawn.state, withdrawn.withdraws) == ("withdrawn", activated.id)


def test_archived_target_is_corrected_without_withdrawal(scenario):
    scenario.open(NOW, priority="high")
    assert scenario.target_states(NOW + 4 * HOUR) == ["breached"]
    assert scenario.targets(NOW + 40 * DAY) == []
    assert scenario.harness.states["ann"].count(b"t") == 0  # only fingerprints are stored
    assert scenario.targets(NOW + 41 * DAY) == []
    scenario.reply(NOW + HOUR)
    assert scenario.target_states(NOW + 42 * DAY) == ["fulfilled"]
    assert scenario.targets(NOW + 43 * DAY) == []


def test_promise_beyond_the_calendar_is_clipped_to_its_end(scenario):
    scenario.open(NOW)
    scenario.reply(NOW + 1, promised_at="9999-12-31T23:59:59-12:00")
    [emitted] = scenario.targets(NOW + 1, "promise")
    assert emitted.due.year == 9999


def test_withdrawn_ticket_withdraws_every_emitted_target(scenario):
    scenario.open(NOW, priority="high")
    scenario.reply(NOW + HOUR)
    emitted = scenario.messages("retention.ticket-sla", NOW + 25 * HOUR)
    assert {target.state for target in emitted} == {"fulfilled", "breached"}
    scenario.record("ticket.withdrawn", NOW + 26 * HOUR, ticket_id="t", reason="spam")
    withdrawn = scenario.messages("retention.ticket-sla", NOW + 26 * HOUR)
    assert {target.withdraws for target in withdrawn} == {target.id for target in emitted}
    assert {target.state for target in withdrawn} == {"withdrawn"}
    assert {target.priority for target in withdrawn} == {"high"}
    assert scenario.messages("retention.ticket-sla", NOW + 27 * HOUR) == []


def test_ticket_withdrawn_before_the_first_look_emits_nothing(scenario):
    scenario.open(NOW)
    scenario.record("ticket.withdrawn", NOW, ticket_id="t")
    assert scenario.messages("retention.ticket-sla", NOW) == []


@pytest.mark.parametrize("step", [HOUR, 6 * DAY])
def test_restored_ticket_emits_its_targets_with_new_ids(scenario, step):
    scenario.open(NOW, priority="high")
    emitted = scenario.targets(NOW + 4 * HOUR)
    for number in (1, 3):
        withdrawn_at, restored_at = NOW + 4 * HOUR + number * step, NOW + 4 * HOUR + (number + 1) * step
        scenario.record("ticket.withdrawn", withdrawn_at, ticket_id="t")
        assert [target.withdraws for target in scenario.targets(withdrawn_at)] == [emitted[-1].id]
        scenario.record("ticket.restored", restored_at, ticket_id="t")
        emitted += scenario.targets(restored_at)
        assert emitted[-1].state == "breached"
    assert len({target.id for target in emitted}) == 3


def test_ticket_restored_after_months_emits_with_new_ids(scenario):
    scenario.open(NOW, priority="high")
    emitted = scenario.targets(NOW + 4 * HOUR)
    scenario.record("ticket.withdrawn", NOW + DAY, ticket_id="t")
    assert scenario.target_states(NOW + DAY) == ["withdrawn"]
    for days in (31, 32, 33):
        assert scenario.targets(NOW + days * DAY) == []
    scenario.record("ticket.restored", NOW + 60 * DAY, ticket_id="t")
    emitted += scenario.targets(NOW + 60 * DAY)
    assert [target.state for target in emitted] == ["breached", "breached"]
    assert emitted[0].id != emitted[1].id
    assert scenario.targets(NOW + 61 * DAY) == []


def test_archived_ticket_withdrawn_and_restored_emits_nothing(scenario):
    scenario.open(NOW, priority="high")
    scenario.messages("retention.ticket-sla", NOW + 30 * HOUR)
    assert scenario.messages("retention.ticket-sla", NOW + 40 * DAY) == []
    scenario.record("ticket.withdrawn", NOW + 40 * DAY, ticket_id="t")
    assert scenario.messages("retention.ticket-sla", NOW + 41 * DAY) == []
    assert scenario.messages("retention.ticket-sla", NOW + 42 * DAY) == []
    scenario.record("ticket.restored", NOW + 42 * DAY, ticket_id="t")
    assert scenario.messages("retention.ticket-sla", NOW + 43 * DAY) == []


def test_raised_priority_makes_a_target_due_earlier(scenario):
    scenario.open(NOW)
    [activated] = scenario.targets(NOW)
    scenario.record("ticket.updated", NOW + MINUTE, ticket_id="t", priority="urgent")
    withdrawn, moved = scenario.targets(NOW + MINUTE)
    assert (withdrawn.withdraws, moved.state, moved.priority) == (activated.id, "activated", "urgent")
    assert to_us(moved.due) == NOW + HOUR
    assert scenario.target_states(NOW + HOUR) == ["breached"]


def test_raise_after_the_due_time_breaches_at_once(scenario):
    scenario.open(NOW)
    scenario.targets(NOW)
    scenario.record("ticket.updated", NOW + 2 * HOUR, ticket_id="t", priority="urgent")
    [breached] = scenario.targets(NOW + 3 * HOUR)
    assert (breached.state, breached.priority) == ("breached", "urgent")
    assert (to_us(breached.due), to_us(breached.decided)) == (NOW + HOUR, NOW + 2 * HOUR)
    scenario.record("ticket.updated", NOW + 4 * HOUR, ticket_id="t", priority="low")
    assert scenario.targets(NOW + 5 * HOUR) == []


def test_pause_withdraws_the_due_time_until_the_resumption(scenario):
    scenario.open(NOW, priority="high")
    [activated] = scenario.targets(NOW, "resolution")
    scenario.status(NOW + HOUR, "pending")
    [withdrawn] = scenario.targets(NOW + HOUR, "resolution")
    assert (withdrawn.state, withdrawn.withdraws) == ("withdrawn", activated.id)
    assert scenario.targets(NOW + 100 * HOUR, "resolution") == []
    scenario.status(NOW + 100 * HOUR, "open")
    [resumed] = scenario.targets(NOW + 100 * HOUR, "resolution")
    assert (resumed.state, to_us(resumed.due)) == ("activated", NOW + 123 * HOUR)
    assert resumed.id != activated.id


def conversation(scenario, *steps):
    for author, time in steps:
        scenario.reply(time, author=author)


def test_each_turn_of_a_conversation_has_states_of_its_own():
    scenario = Scenario(sla_policies=WITH_NEXT_RESPONSE)
    scenario.open(NOW)
    conversation(scenario, ("agent", NOW + 1), ("customer", NOW + 2), ("agent", NOW + 3))
    [answered] = scenario.targets(NOW + MINUTE, "next_response")
    assert (answered.state, to_us(answered.decided)) == ("fulfilled", NOW + 3)
    conversation(scenario, ("customer", NOW + 4))
    [waiting] = scenario.targets(NOW + 2 * MINUTE, "next_response")
    assert (waiting.state, to_us(waiting.due)) == ("activated", NOW + 4 + HOUR)
    assert [each.state for each in scenario.targets(NOW + 2 * HOUR, "next_response")] == ["breached"]


def test_late_turn_leaves_the_states_of_other_turns():
    scenario = Scenario(sla_policies=WITH_NEXT_RESPONSE)
    scenario.open(NOW)
    conversation(scenario, ("agent", NOW + 1), ("customer", NOW + 9), ("agent", NOW + 10))
    assert len(scenario.targets(NOW + MINUTE, "next_response")) == 1
    conversation(scenario, ("customer", NOW + 2), ("agent", NOW + 3))
    [late] = scenario.targets(NOW + 2 * MINUTE, "next_response")
    assert (late.state, to_us(late.decided)) == ("fulfilled", NOW + 3)


def test_resolution_withdraws_the_open_turn():
    scenario = Scenario(sla_policies=WITH_NEXT_RESPONSE)
    scenario.open(NOW)
    conversation(scenario, ("agent", NOW + 1), ("customer", NOW + 2))
    [waiting] = scenario.targets(NOW + MINUTE, "next_response")
    scenario.status(NOW + 2 * MINUTE, "solved")
    [withdrawn] = scenario.targets(NOW + 2 * MINUTE, "next_response")
    assert (withdrawn.state, withdrawn.withdraws) == ("withdrawn", waiting.id)
