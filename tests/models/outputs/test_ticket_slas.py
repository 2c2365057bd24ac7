"""SLA states of tickets, by hand."""

import pytest

from models.contract.decoding import to_us
from tests.support.outputs import NOW, Scenario
from tests.support.strategies import DAY, HOUR, MINUTE, rfc3339


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
