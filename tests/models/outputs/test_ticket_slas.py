"""What is said of tickets' targets, by hand."""

import pytest

from models.contract.decoding import to_us
from tests.models.outputs.test_action_selection import NOW, Street
from tests.support.strategies import DAY, HOUR, MINUTE, rfc3339


class Desk(Street):
    """Somebody's tickets."""

    def open(self, time, ticket="t", **fields):
        return self.say("ticket.opened", time, ticket_id=ticket, **fields)

    def reply(self, time, ticket="t", **fields):
        return self.say("ticket.replied", time, ticket_id=ticket, **({"author": "agent"} | fields))

    def targets(self, now, sla="first_response"):
        outputs = self.town.look(self.events, now)
        values = [output.value for output in outputs if output.type == "retention.ticket-sla"]
        return [value for value in values if value.sla == sla]

    def states(self, now, sla="first_response"):
        return [value.state for value in self.targets(now, sla)]


@pytest.fixture
def desk():
    return Desk()


def test_a_target_counts_then_is_met(desk):
    desk.open(NOW, priority="high")
    [activated] = desk.targets(NOW)
    assert (activated.state, to_us(activated.due), activated.decided) == ("activated", NOW + 4 * HOUR, None)
    desk.reply(NOW + HOUR)
    [fulfilled] = desk.targets(NOW + 2 * HOUR)
    assert (fulfilled.state, to_us(fulfilled.decided)) == ("fulfilled", NOW + HOUR)
    assert desk.targets(NOW + 9 * HOUR) == []


def test_it_is_missed_at_the_instant_and_an_answer_later_changes_nothing(desk):
    desk.open(NOW, priority="high")
    assert desk.states(NOW + 4 * HOUR - 1) == ["activated"]
    [breached] = desk.targets(NOW + 4 * HOUR)
    assert (breached.state, breached.decided) == ("breached", breached.due)
    desk.reply(NOW + 5 * HOUR)
    assert desk.targets(NOW + 5 * HOUR) == []


def test_a_late_event_shows_that_it_was_not_missed(desk):
    desk.open(NOW, priority="high")
    [breached] = desk.targets(NOW + 4 * HOUR)
    desk.reply(NOW + HOUR)
    withdrawn, fulfilled = desk.targets(NOW + 5 * HOUR)
    assert (withdrawn.state, withdrawn.withdraws) == ("withdrawn", breached.id)
    assert (fulfilled.state, to_us(fulfilled.decided)) == ("fulfilled", NOW + HOUR)


def test_a_promise_that_moves_is_withdrawn_and_said_anew_and_back_again_under_another_id(desk):
    desk.open(NOW)
    ids = set()
    for number, days in enumerate((2, 3, 2)):
        desk.reply(NOW + number + 1, promised_at=rfc3339(NOW + days * DAY))
        said = desk.targets(NOW + MINUTE + number, "promise")
        assert [value.state for value in said] == ["withdrawn", "activated"][-1 - bool(number) :]
        assert to_us(said[-1].due) == NOW + days * DAY
        ids |= {value.id for value in said}
    assert len(ids) == 5


def test_a_ticket_that_turns_out_to_be_an_agents_has_no_first_response(desk):
    desk.open(NOW)
    assert desk.states(NOW) == ["activated"]
    desk.open(NOW - 1, opened_by="agent")
    assert desk.states(NOW + 1) == ["withdrawn"]
    desk.open(NOW - 2)
    assert desk.states(NOW + 2) == ["activated"]


def test_of_a_ticket_that_is_nobodys_any_more_what_was_decided_remains_so(desk):
    desk.open(NOW, priority="high")
    desk.reply(NOW + HOUR)
    [activated] = desk.targets(NOW + HOUR, "resolution")
    desk.events.clear()
    [withdrawn] = [said.value for said in desk.town.look([], NOW + 2 * HOUR) if said.key == "t"]
    assert (withdrawn.state, withdrawn.withdraws) == ("withdrawn", activated.id)


def test_what_was_decided_long_ago_is_known_as_said_and_mended_without_being_withdrawn(desk):
    desk.open(NOW, priority="high")
    assert desk.states(NOW + 4 * HOUR) == ["breached"]
    assert desk.targets(NOW + 40 * DAY) == []
    assert desk.town.said["ann"].count(b"t") == 0  # the ticket is only marked
    assert desk.targets(NOW + 41 * DAY) == []
    desk.reply(NOW + HOUR)
    assert desk.states(NOW + 42 * DAY) == ["fulfilled"]
    assert desk.targets(NOW + 43 * DAY) == []


def test_a_promise_beyond_the_calendar_is_said_to_be_at_its_end(desk):
    desk.open(NOW)
    desk.reply(NOW + 1, promised_at="9999-12-31T23:59:59-12:00")
    [said] = desk.targets(NOW + 1, "promise")
    assert said.due.year == 9999
